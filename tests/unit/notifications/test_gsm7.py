"""The GSM alphabet: lengths as 3GPP TS 23.038 counts them, and French that survives it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.gsm7 import BASIC, EXTENSION, segments, septets, transliterate


def test_the_alphabet_has_its_size() -> None:
    assert len(BASIC) == 127, "128 with the escape"
    assert len(EXTENSION) == 10
    assert not BASIC & EXTENSION


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("a" * 152 + "€" + "a" * 151, 2),
    ],
)
def test_segments(text: str, count: int) -> None:
    assert segments(text) == count


def test_french_is_written_as_on_a_telephone() -> None:
    assert transliterate(
        "Façonnage à façon : « Été », œuvre… l’île – 3 €"
    ) == 'Faconnage à facon : "Eté", oeuvre... l\'ile - 3 €'.replace("Eté", "Été")
    assert transliterate("ÀÂÊÎÔÛŸ çÇ") == "AAEIOUY cÇ"
    assert transliterate("«\xa0Opérateur\u202f»") == '"Opérateur"'
    assert transliterate("日本 🙂") == " "


def test_what_is_not_in_the_alphabet_has_no_length() -> None:
    with pytest.raises(ValueError, match="ç"):
        septets("ça")


@given(st.text())
def test_every_text_fits_the_alphabet(text: str) -> None:
    written = transliterate(text)
    assert septets(written) >= len(written)
    assert transliterate(written) == written
