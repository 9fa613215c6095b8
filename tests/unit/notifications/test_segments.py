"""Segments: as an oracle that packs letter by letter counts them, in both alphabets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.gsm7 import BASIC, EXTENSION, transliterate
from services.notifications.segments import Alphabet, measure

BASICS, EXTENSIONS = sorted(BASIC), sorted(EXTENSION)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (Alphabet.GSM7, 1)),
        ("a" * 160, (Alphabet.GSM7, 1)),
        ("^{}\\[~]|€\f" * 8, (Alphabet.GSM7, 1)),
        ("^{}\\[~]|€\f" * 8 + "a", (Alphabet.GSM7, 2)),
        ("ç", (Alphabet.UCS2, 1)),
        ("ç" * 70, (Alphabet.UCS2, 1)),
        ("ç" * 71, (Alphabet.UCS2, 2)),
        ("ç" * 134, (Alphabet.UCS2, 2)),
        ("ç" * 135, (Alphabet.UCS2, 3)),
        ("🙂" * 35, (Alphabet.UCS2, 1)),
        ("🙂" * 36, (Alphabet.UCS2, 2)),
        ("🙂" * 66, (Alphabet.UCS2, 2)),
        ("🙂" * 67, (Alphabet.UCS2, 3)),
        ("a" * 69 + "ç" + "a", (Alphabet.UCS2, 2)),
    ],
)
def test_counted_by_hand(text: str, expected: tuple[Alphabet, int]) -> None:
    assert measure(text) == expected


def packed(sizes: list[int], single: int, joined: int) -> int:
    """Fill segments one letter after the other."""
    if sum(sizes) <= single:
        return 1
    segments: list[int] = [0]
    for size in sizes:
        if segments[-1] + size > joined:
            segments.append(0)
        segments[-1] += size
    return len(segments)


@given(st.lists(st.sampled_from(BASICS) | st.sampled_from(EXTENSIONS), max_size=500).map("".join))
def test_the_gsm_alphabet(text: str) -> None:
    sizes = [2 if char in EXTENSION else 1 for char in text]
    assert measure(text) == (Alphabet.GSM7, packed(sizes, 160, 153))


@given(st.text(min_size=1, max_size=300))
def test_any_other_letter_makes_it_ucs2(text: str) -> None:
    text += "ç"
    sizes = [len(char.encode("utf-16-be", "surrogatepass")) // 2 for char in text]
    assert measure(text) == (Alphabet.UCS2, packed(sizes, 70, 67))


@given(st.text(max_size=400))
def test_what_was_transliterated_is_never_ucs2(text: str) -> None:
    alphabet, count = measure(transliterate(text))
    assert alphabet is Alphabet.GSM7
    assert count >= 1
