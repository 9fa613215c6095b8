"""The GSM 7-bit alphabet: how many segments a text message takes, and how French is written in it.

Source: 3GPP TS 23.038 (default alphabet and extension table) and 3GPP TS 23.040 (concatenation).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = frozenset("\f^{}\\[~]|€")
"""These take two septets: the escape, then themselves."""

SINGLE_SEGMENT: Final = 160
CONCATENATED_SEGMENT: Final = 153
"""A segment of several gives 7 septets to the header that joins them."""

_SPELLED: Final = {
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "–": "-",
    "—": "-",
    "‑": "-",
    "•": "-",
    "×": "x",
    "…": "...",
    "œ": "oe",
    "Œ": "OE",
    "ç": "c",
    "°": "o",
    "→": "->",
    "−": "-",
    "\t": " ",
}


def septets(text: str) -> int:
    """The length of a text in the GSM alphabet, in septets.

    Raises:
        ValueError: a character is not in the alphabet.
    """
    return sum(_septets_of(char) for char in text)


def segments(text: str) -> int:
    """How many segments carry the text; an escape and its character are never parted.

    Raises:
        ValueError: a character is not in the alphabet.
    """
    if septets(text) <= SINGLE_SEGMENT:
        return 1
    count, room = 1, CONCATENATED_SEGMENT
    for char in text:
        size = _septets_of(char)
        if size > room:
            count, room = count + 1, CONCATENATED_SEGMENT
        room -= size
    return count


def transliterate(text: str) -> str:
    """The text in the GSM alphabet, as a French reader would write it on a telephone: `ç` as `c`, `ê` as `e`, « as ".

    The lower-case ç is not in the alphabet, its capital is. Guillemets lose the spaces inside them. What nothing stands
    for is left out, control characters included.
    """
    text = re.sub(r"«\s*|\s*»", '"', text)
    return "".join(_spell(char) for char in unicodedata.normalize("NFC", text))


def _septets_of(char: str) -> int:
    if char in BASIC:
        return 1
    if char in EXTENSION:
        return 2
    raise ValueError(f"not in the GSM alphabet: {char!r}")


def _spell(char: str) -> str:
    if char in _SPELLED:
        return _SPELLED[char]
    if char in "\r\f":
        return ""
    if char in BASIC or char in EXTENSION:
        return char
    if char.isspace():
        return " "
    bare = "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
    return "".join(_SPELLED.get(part, part if part in BASIC else "") for part in bare)
