"""Codes that were mistyped: which text was meant as a code, and which codes are the nearest to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

_LONGEST: Final = 10
_COMPARED: Final = 100
"""What follows in a longer text only costs time."""
_DIGITS: Final = str.maketrans("OQDILSBZ", "00011582")
"""Letters that are taken for digits, by people and by scanners."""


def meant_as_code(text: str) -> bool:
    """Whether a text was meant as a code, right or wrong: short, of digits and a few letters."""
    bare = _bare(text)
    return (
        len(bare) <= _LONGEST
        and re.search("[0-9]", bare) is not None
        and not re.search("[A-Z]{3}", bare.translate(_DIGITS))
    )


def nearest_codes(
    text: str, codes: Sequence[str], limit: int, *, letters: int = 0, slips: int | None = None
) -> list[str]:
    """At most so many codes, those with the fewest slips of the finger first, then in their order; none for no text.

    Args:
        text: what was written.
        codes: those that exist.
        limit: how many are wanted.
        letters: how many letters a code begins with; what follows are digits, `O` meant for `0`.
        slips: the most differences; none for the nearest however far.
    """
    bare = _bare(text)[:_COMPARED]
    if not bare:
        return []
    meant = bare[:letters] + bare[letters:].translate(_DIGITS)
    return [code for code, *_ in process.extract(meant, codes, scorer=OSA.distance, limit=limit, score_cutoff=slips)]


def _bare(text: str) -> str:
    return re.sub("[^A-Za-z0-9]", "", text).upper()
