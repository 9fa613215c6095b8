"""How many segments a text message takes: in the GSM alphabet if it can be, else in UCS-2.

Source: 3GPP TS 23.038, section 6.2.3, and 3GPP TS 23.040, section 9.2.3.24.1 (concatenation).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from services.notifications import gsm7

UCS2_SINGLE: Final = 70
UCS2_CONCATENATED: Final = 67
"""Code units of 16 bits; the header that joins several segments takes three."""

_BEYOND: Final = 0xFFFF


class Alphabet(StrEnum):
    """In which a text travels."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


def measure(text: str) -> tuple[Alphabet, int]:
    """The alphabet and the number of segments; one letter outside of the GSM alphabet puts all of it in UCS-2."""
    if all(char in gsm7.BASIC or char in gsm7.EXTENSION for char in text):
        return Alphabet.GSM7, gsm7.segments(text)
    return Alphabet.UCS2, _ucs2_segments(text)


def _ucs2_segments(text: str) -> int:
    """A letter that takes two units is never parted."""
    sizes = [2 if ord(char) > _BEYOND else 1 for char in text]
    if sum(sizes) <= UCS2_SINGLE:
        return 1
    count, room = 1, UCS2_CONCATENATED
    for size in sizes:
        if size > room:
            count, room = count + 1, UCS2_CONCATENATED
        room -= size
    return count
