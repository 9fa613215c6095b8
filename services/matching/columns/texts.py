"""Numbers, days and identifiers in a text, compiled: where what is read ends, or that it is none."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.matching.columns.compiled import part
from services.matching.columns.layout import Longs

Bytes = NDArray[np.uint8]

CORSE: Final = 100_000
"""Added to a commune's number from 2A on; from 2B on, twice."""
_MOST_DIGITS: Final = 9
ZERO, NINE, _A, _B = 48, 57, 65, 66
_LEAP, _CENTURY, _GREGORIAN = 4, 100, 400
_DECEMBER, _FEBRUARY = 12, 2
_DAYS_BEFORE: Final = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365], dtype=np.int64)
_DASH: Final = 45
_4: Final = np.uint64(4)
_SIGN: Final = np.uint64(1 << 63)


@part
def number_at(text: Bytes, at: int, digits: int) -> int:
    """The number that so many digits make; -1 when they are none."""
    value = 0
    for place in range(at, at + digits):
        digit = np.int64(text[place]) - ZERO
        if digit < 0 or digit > 9:  # noqa: PLR2004 (a digit)
            return -1
        value = 10 * value + digit
    return value


@part
def hex_value(char: int) -> int:
    """The value of a hexadecimal digit in lower case; -1 when it is none."""
    if ZERO <= char <= NINE:
        return char - ZERO
    return char - 87 if 97 <= char <= 102 else -1  # noqa: PLR2004 (a to f)


@part
def identifier_at(text: Bytes, at: int, values: Longs, column: int) -> int:
    """Where a canonical identifier of 36 characters ends, its two words kept; -1 when there is none."""
    high, low, nibbles = np.uint64(0), np.uint64(0), 0
    for place in range(36):
        char = np.int64(text[at + place])
        if place in (8, 13, 18, 23):
            if char != _DASH:
                return -1
            continue
        nibble = hex_value(char)
        if nibble < 0:
            return -1
        if nibbles < 16:  # noqa: PLR2004 (of a word)
            high = (high << _4) | np.uint64(nibble)
        else:
            low = (low << _4) | np.uint64(nibble)
        nibbles += 1
    values[column] = np.int64(high ^ _SIGN)
    values[column + 1] = np.int64(low ^ _SIGN)
    return at + 36


@part
def day_at(text: Bytes, at: int) -> int:
    """The ordinal of the day written `2026-01-31` there; 0 when it is none."""
    year, month, day = number_at(text, at, 4), number_at(text, at + 5, 2), number_at(text, at + 8, 2)
    if text[at + 4] != _DASH or text[at + 7] != _DASH or year < 1 or not 1 <= month <= _DECEMBER or day < 1:
        return 0
    leap = year % _LEAP == 0 and (year % _CENTURY != 0 or year % _GREGORIAN == 0)
    length = _DAYS_BEFORE[month + 1] - _DAYS_BEFORE[month] + (1 if leap and month == _FEBRUARY else 0)
    if day > length:
        return 0
    past = year - 1
    before = _DAYS_BEFORE[month] + (1 if leap and month > _FEBRUARY else 0)
    return past * 365 + past // _LEAP - past // _CENTURY + past // _GREGORIAN + before + day


@part
def ends(text: Bytes, at: int, char: int) -> int:
    """Where the text goes on after this character; -1 when it is another."""
    return at + 1 if text[at] == char else -1


@part
def is_null(text: Bytes, at: int) -> bool:
    """Whether `null` stands there."""
    return text[at] == 110 and text[at + 1] == 117 and text[at + 2] == 108 and text[at + 3] == 108  # noqa: PLR2004


@part
def natural(text: Bytes, at: int, values: Longs, column: int, least: int, most: int) -> int:
    """Where a number as JSON writes it, of nine digits at most, ends, kept; -1 when it is none or out of bounds."""
    digits = 0
    while digits <= _MOST_DIGITS and ZERO <= text[at + digits] <= NINE:
        digits += 1
    if digits == 0 or digits > _MOST_DIGITS or (digits > 1 and text[at] == ZERO):
        return -1
    value = number_at(text, at, digits)
    values[column] = value
    return at + digits if least <= value <= most else -1


@part
def commune_at(text: Bytes, at: int) -> int:
    """The number of an INSEE code: its digits, shifted for Corsica; -1 when it is none."""
    number = number_at(text, at, 5)
    if number < 0 and text[at] == ZERO + 2 and text[at + 1] in (_A, _B):
        rest = number_at(text, at + 2, 3)
        number = -1 if rest < 0 else 20_000 + rest + CORSE * (np.int64(text[at + 1]) - _A + 1)
    return number


@part
def territory_end(text: Bytes, at: int) -> int:
    """Where the name of a territory ends; -1 when it is none."""
    if number_at(text, at, 2) < 0 and not (text[at] == ZERO + 2 and text[at + 1] in (_A, _B)):
        return -1
    at += 2
    if text[at] != _DASH:
        return at
    if number_at(text, at + 1, 1) < 0:
        return -1
    return at + 2 if number_at(text, at + 2, 1) < 0 else at + 3
