"""How texts typed by people are compared with those of the reference: without case, accents, or punctuation."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SPELT: Final = {"œ": "oe", "æ": "ae", **dict.fromkeys("’‘ʼ«»“”–—·•°", " ")}
_UNDECOMPOSED: Final = re.compile(f"[{''.join(_SPELT)}]")
"""What Unicode does not take apart into letters and accents."""

_SEPARATORS: Final = re.compile(r"[^0-9a-z/]+")
_SLASH: Final = re.compile(r" ?/ ?")
_ALIKE_LETTERS: Final = 2
"""Masculine and feminine of a French trade share at least their first letters: `Maître / Maîtresse`, `Vendeur / …`."""


def fold(text: str) -> str:
    """The text in the form that is compared: lower case, bare letters and digits, single spaces, ` / ` kept.

    `Chargé(e)  d’Études` gives `charge e d etudes`.
    """
    text = text.lower()
    if not text.isascii():
        text = _UNDECOMPOSED.sub(lambda found: _SPELT[found[0]], text)
        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    text = _SEPARATORS.sub(" ", text)
    if "/" in text:
        text = _SLASH.sub(" / ", text)
    return text.strip()


def contains_words(folded: str, beginnings: list[str]) -> bool:
    """Whether each of these is the beginning of a word of a folded text."""
    padded = f" {folded}"
    return all(f" {beginning}" in padded for beginning in beginnings)


def genders(folded: str) -> tuple[str, ...]:
    """The masculine and the feminine of a folded job title that is written with both; nothing when it is not.

    `conducteur / conductrice de machines` gives `conducteur de machines` and `conductrice de machines`;
    `garde national / nationale de la chasse` gives `garde national de la chasse` and `garde nationale de la chasse`.
    """
    left_text, slash, right_text = folded.partition(" / ")
    if not slash or " / " in right_text:
        return ()
    left, right = left_text.split(), right_text.split()
    for count in range(min(len(left), len(right)), 0, -1):
        if all(_alike(a, b) for a, b in zip(left[-count:], right[:count], strict=True)):
            return " ".join([*left, *right[count:]]), " ".join([*left[:-count], *right])
    return ()


def _alike(masculine: str, feminine: str) -> bool:
    return masculine == feminine or (
        masculine[:_ALIKE_LETTERS] == feminine[:_ALIKE_LETTERS] and len(masculine) > _ALIKE_LETTERS
    )
