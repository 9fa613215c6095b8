"""A need or an availability read from its JSON, compiled: only in the one form that the registry writes today.

Whatever is written otherwise, or names what is not known yet, is left to the models of the contract: what is read here
is read as they read it (`tests/unit/matching/test_batches.py`).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from services.matching.columns.compiled import part
from services.matching.columns.finding import slot_of
from services.matching.columns.layout import HIRE, LOAN, NO_END, Ints, Longs
from services.matching.columns.texts import (
    NINE,
    ZERO,
    Bytes,
    commune_at,
    day_at,
    ends,
    hex_value,
    identifier_at,
    is_null,
    natural,
    number_at,
    territory_end,
)

# What is read of a posting, by its column in `values`; an identifier takes two.
ID: Final = 0
VERSION: Final = 2
COMPANY: Final = 3
SIREN: Final = 5
STATUS: Final = 6
"""1 when it is withdrawn."""
HERE: Final = 7
"""1 when it is live in the territory that reads it."""
OCCUPATION: Final = 8
HEADCOUNT: Final = 9
LEFT: Final = 10
START: Final = 11
END: Final = 12
COMMUNE: Final = 13
SKILLS: Final = 14
CERTIFICATES: Final = 15
"""How many of each, once each."""
PROPOSAL: Final = 16
MODES: Final = 17
MOBILITY: Final = 18
PAY: Final = 19
VALUES: Final = 20

# How a field is read.
IDENTIFIER: Final = 0
NATURAL: Final = 1
PAYMENT: Final = 2
DAY: Final = 3
DAY_OR_NONE: Final = 4
DIGITS: Final = 5
WORD: Final = 6
TERRITORIES: Final = 7
ROME_CODE: Final = 8
INSEE_CODE: Final = 9
SKILL_CODES: Final = 10
CERTIFICATE_CODES: Final = 11
MODE: Final = 12
MODE_LIST: Final = 13
NOTHING: Final = 14

MOST_TAGS: Final = 64
CERTIFICATE_DIGITS: Final = 16
_PAY_STEP: Final = 50
_SKILL_DIGITS: Final = 7
_QUOTE, _COMMA, _CLOSE, _END, _A = 34, 44, 93, 125, 65
_SIGN: Final = np.uint64(1 << 63)
_4: Final = np.uint64(4)
_OPEN_WORD: Final = np.frombuffer(b"open", dtype=np.uint8)
_WITHDRAWN_WORD: Final = np.frombuffer(b"withdrawn", dtype=np.uint8)


class Form(NamedTuple):
    """How a posting is written: what stands before each field, and how it is read.

    `starts` are where the label of each field begins in `labels`, and where the last ends. `fields` are rows of how to
    read, column of `values`, least and most. The need's fields come first, up to `needs`.
    """

    labels: Bytes
    starts: Ints
    fields: Ints
    needs: Ints


class Known(NamedTuple):
    """The numbers of names, -1 where there is none: of tags and companies by two words, of others by their code."""

    tags: Longs
    tag_slots: Ints
    companies: Longs
    company_slots: Ints
    occupations: Ints
    communes: Ints


@part
def _territories(text: Bytes, at: int, own: Bytes, values: Longs) -> int:
    """Where a list of territories ends, from after its bracket; whether the own one is among them is kept."""
    values[HERE] = 0
    if text[at] == _CLOSE:
        return at + 1
    while True:
        if text[at] != _QUOTE:
            return -1
        begin = at + 1
        at = territory_end(text, begin)
        if at < 0 or text[at] != _QUOTE:
            return -1
        same = at - begin == own.size
        for place in range(own.size):
            same = same and text[begin + place] == own[place]
        if same:
            values[HERE] = 1
        if text[at + 1] == _CLOSE:
            return at + 2
        if text[at + 1] != _COMMA:
            return -1
        at += 2


@part
def _code(text: Bytes, at: int, is_skill: bool, words: Longs) -> int:
    """Where the code of a skill or a certificate ends, its two words kept; -1 when there is none."""
    if is_skill:
        digits = 0
        while digits <= _SKILL_DIGITS and ZERO <= text[at + digits] <= NINE:
            digits += 1
        if digits == 0 or digits > _SKILL_DIGITS:
            return -1
        words[0], words[1] = digits, number_at(text, at, digits)
        return at + digits
    value = np.uint64(0)
    for place in range(at, at + CERTIFICATE_DIGITS):
        nibble = hex_value(np.int64(text[place]))
        if nibble < 0:
            return -1
        value = (value << _4) | np.uint64(nibble)
    words[0], words[1] = CERTIFICATE_DIGITS, np.int64(value ^ _SIGN)
    return at + CERTIFICATE_DIGITS


@part
def _codes(
    text: Bytes, at: int, is_skill: bool, once: bool, known: Known, tags: Ints, count: int, words: Longs
) -> tuple[int, int]:
    """Where a list of codes ends, from after its bracket, and how many tags there are then; -1 when one is unknown."""
    first = count
    if text[at] == _CLOSE:
        return at + 1, count
    while True:
        if text[at] != _QUOTE:
            return -1, 0
        at = _code(text, at + 1, is_skill, words)
        if at < 0 or text[at] != _QUOTE or count == MOST_TAGS:
            return -1, 0
        number = known.tag_slots[slot_of(known.tag_slots, known.tags, 0, words[0], words[1])] - 1
        if number < 0:
            return -1, 0
        is_new = True
        if once:
            for place in range(first, count):
                is_new = is_new and tags[place] != number
        if is_new:
            tags[count] = number
            count += 1
        if text[at + 1] == _CLOSE:
            return at + 2, count
        if text[at + 1] != _COMMA:
            return -1, 0
        at += 2


@part
def _mode(text: Bytes, at: int, values: Longs) -> int:
    """Where "loan" or "hire", in quotes, ends, with its bit added; -1 when it is neither."""
    if text[at] != _QUOTE or text[at + 5] != _QUOTE:
        return -1
    first, second, third, fourth = text[at + 1], text[at + 2], text[at + 3], text[at + 4]
    if first == 108 and second == 111 and third == 97 and fourth == 110:  # noqa: PLR2004 (loan)
        values[MODES] |= LOAN
    elif first == 104 and second == 105 and third == 114 and fourth == 101:  # noqa: PLR2004 (hire)
        values[MODES] |= HIRE
    else:
        return -1
    return at + 6


@part
def _modes(text: Bytes, at: int, values: Longs) -> int:
    if text[at] == _CLOSE:
        return at + 1
    while True:
        at = _mode(text, at, values)
        if at < 0 or text[at] == _CLOSE:
            return at if at < 0 else at + 1
        if text[at] != _COMMA:
            return -1
        at += 1


@part
def _status(text: Bytes, at: int, values: Longs) -> int:
    """Where "open" or "withdrawn", in quotes, ends; -1 when it is neither. The models refuse what is only similar."""
    if text[at] != _QUOTE:
        return -1
    is_open = text[at + 1] == 111  # noqa: PLR2004 (o)
    word = _OPEN_WORD if is_open else _WITHDRAWN_WORD
    for place in range(word.size):
        if text[at + 1 + place] != word[place]:
            return -1
    values[STATUS] = 0 if is_open else 1
    return ends(text, at + 1 + word.size, _QUOTE)


@part
def posting_at(  # noqa: PLR0911 (one branch a kind of field: calls would be inlined into the same)
    text: Bytes,
    at: int,
    end: int,
    form: Form,
    is_need: bool,
    known: Known,
    own: Bytes,
    values: Longs,
    tags: Ints,
    words: Longs,
) -> bool:
    """Read the posting that the text from `at` to `end` is; false when it is to be read by others.

    Args:
        text: zeros stand after the end of the last posting.
        own: the name of the territory that reads it.
        values, tags: what is read, by the columns above, and the numbers of its skills, then its certificates.
        words: two to work with.
    """
    first, last = (0, form.needs[0]) if is_need else (form.needs[0], form.fields.shape[0])
    values[MODES] = values[SKILLS] = values[CERTIFICATES] = 0
    for field in range(first, last):
        for place in range(form.starts[field], form.starts[field + 1]):
            if text[at] != form.labels[place]:
                return False
            at += 1
        reader, column = form.fields[field, 0], form.fields[field, 1]
        if reader == IDENTIFIER:
            at = ends(text, identifier_at(text, at, values, column), _QUOTE)
        elif reader == NATURAL:
            at = natural(text, at, values, column, form.fields[field, 2], form.fields[field, 3])
        elif reader == PAYMENT:
            if is_null(text, at):
                at, values[column] = at + 4, 0
            else:
                at = natural(text, at, values, column, form.fields[field, 2], form.fields[field, 3])
                if values[column] % _PAY_STEP:
                    return False
        elif reader in (DAY, DAY_OR_NONE):
            if reader == DAY_OR_NONE and is_null(text, at):
                at, values[column] = at + 4, NO_END
            else:
                values[column] = day_at(text, at + 1)
                if text[at] != _QUOTE or values[column] == 0:
                    return False
                at = ends(text, at + 11, _QUOTE)
        elif reader == DIGITS:
            values[column] = number_at(text, at, 9)
            if values[column] < 0:
                return False
            at = ends(text, at + 9, _QUOTE)
        elif reader == WORD:
            at = _status(text, at, values)
        elif reader == TERRITORIES:
            at = _territories(text, at, own, values)
        elif reader == ROME_CODE:
            group, number = np.int64(text[at]) - _A, number_at(text, at + 1, 4)
            if number < 0 or group < 0 or 10_000 * group + number >= known.occupations.size:
                return False
            values[column] = known.occupations[10_000 * group + number]
            if values[column] < 0:
                return False
            at = ends(text, at + 5, _QUOTE)
        elif reader == INSEE_CODE:
            number = commune_at(text, at)
            if number < 0 or known.communes[number] < 0:
                return False
            values[column] = known.communes[number]
            at = ends(text, at + 5, _QUOTE)
        elif reader == SKILL_CODES:
            at, values[SKILLS] = _codes(text, at, True, True, known, tags, 0, words)
        elif reader == CERTIFICATE_CODES:
            count = values[SKILLS]
            at, total = _codes(text, at, False, not is_need, known, tags, count, words)
            values[CERTIFICATES] = total - count
        elif reader == MODE:
            at = _mode(text, at, values)
        elif reader == MODE_LIST:
            at = _modes(text, at, values)
        elif is_null(text, at):
            at += 4
        else:
            return False
        if at < 0:
            return False
    return text[at] == _END and at + 1 == end
