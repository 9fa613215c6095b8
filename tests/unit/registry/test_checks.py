"""What is refused at entry, and how: the field is named, what was expected is said in French."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelles.errors import InvalidInputError
from services.registry.domain import checks
from tests.unit.registry.world import siret


@pytest.mark.parametrize("text", ["73282932000074", "732 829 320 00074", "35600000000048", "35600000049837"])
def test_real_sirets_pass(text: str) -> None:
    assert checks.siret(text) == text.replace(" ", "")


@pytest.mark.parametrize(
    "text", ["73282932000075", "7328293200007", "7328293200007A", "00000000000000", "35600000049838", "٧٣٢٨٢٩٣٢٠٠٠٠٧٤"]
)
def test_wrong_sirets_do_not(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        checks.siret(text)
    assert refused.value.field == "siret"
    assert "14 chiffres" in refused.value.detail


@given(st.integers(1, 999_999_999), st.integers(0, 13), st.integers(1, 9))
def test_one_digit_copied_wrong_is_always_found(number: int, place: int, shift: int) -> None:
    right = siret(number)
    wrong = right[:place] + str((int(right[place]) + shift) % 10) + right[place + 1 :]
    if right.startswith("356000000") or wrong.startswith("356000000"):
        return
    with pytest.raises(InvalidInputError):
        checks.siret(wrong)


@pytest.mark.parametrize("text", ["rh@exemple.fr", "claire.delmas+alertes@rh.usine-46.fr", "a@b.co"])
def test_addresses_pass(text: str) -> None:
    assert checks.email(f" {text} ", "email") == text


@pytest.mark.parametrize(
    "text",
    [
        "rh",
        "rh@exemple",
        "rh@@exemple.fr",
        ".rh@exemple.fr",
        "r..h@exemple.fr",
        "rh@exemple.fr\nBcc: a@b.fr",
        "rh@-exemple.fr",
        "Claire <rh@exemple.fr>",
        f"{'a' * 65}@exemple.fr",
        f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 60}.fr",
        "rh@exemple.123",
    ],
)
def test_what_is_no_address_does_not(text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"nom@exemple\.fr"):
        checks.email(text, "contacts.0.email")


def test_phones_become_e164_and_sms_need_a_mobile() -> None:
    assert checks.phone("06 12 34 56 78", "phone", mobile=True) == "+33612345678"
    assert checks.phone("05 65 34 06 25", "phone", mobile=False) == "+33565340625"
    with pytest.raises(InvalidInputError, match="mobile"):
        checks.phone("05 65 34 06 25", "phone", mobile=True)
    for text in ("12", "numéro", "+33 1", "06 12 34 56 78 90"):
        with pytest.raises(InvalidInputError, match="téléphone"):
            checks.phone(text, "phone", mobile=False)


@pytest.mark.parametrize(
    ("euros", "rounded"), [(2324.99, 2300), (2325, 2350), (2374, 2350), (25, 50), (100_000, 100_000)]
)
def test_pay_is_rounded_half_up_to_fifty(euros: float, rounded: int) -> None:
    assert checks.pay(euros, "monthly_gross") == rounded


def test_pay_that_rounds_to_nothing_is_refused() -> None:
    with pytest.raises(InvalidInputError) as refused:
        checks.pay(24, "monthly_gross")
    assert refused.value.field == "monthly_gross"


def test_occupations_are_resolved_or_suggested() -> None:
    assert checks.occupation("h2903") == "H2903"
    with pytest.raises(InvalidInputError) as refused:
        checks.occupation("H2999")
    assert refused.value.field == "occupation"
    assert refused.value.figures["suggestions"][0]["code"].startswith("H29")


def test_communes_are_suggested_by_name() -> None:
    assert checks.commune("46102") == "46102"
    with pytest.raises(InvalidInputError) as refused:
        checks.commune("Figeac")
    assert {"code": "46102", "label": "Figeac (46)"} in refused.value.figures["suggestions"]


def test_a_skill_is_named_by_its_place() -> None:
    with pytest.raises(InvalidInputError) as refused:
        checks.skills(["soudage"], "H2913")
    assert refused.value.field == "skills.0"
    assert refused.value.figures["suggestions"]


def test_branches_are_listed() -> None:
    with pytest.raises(InvalidInputError) as refused:
        checks.branch("peche")
    assert len(refused.value.figures["suggestions"]) == 10


@pytest.mark.parametrize("text", ["Chef\r\nBcc: x", "a\x00b", "a\u2028b"])
def test_text_has_no_control_characters(text: str) -> None:
    with pytest.raises(InvalidInputError, match="contrôle"):
        checks.words(text, "title")


def test_text_is_trimmed_and_not_blank() -> None:
    assert checks.words("  Conducteur de ligne ", "title") == "Conducteur de ligne"
    with pytest.raises(InvalidInputError, match="vide"):
        checks.words("   ", "title")


def test_a_period_ends_after_it_starts_and_not_in_the_past() -> None:
    today = date(2026, 11, 23)
    assert checks.period(today, today, today) == (today, today)
    assert checks.period(date(2026, 1, 1), None, today) == (date(2026, 1, 1), None)
    for start, end in ((date(2026, 12, 2), date(2026, 12, 1)), (date(2026, 1, 1), date(2026, 11, 22))):
        with pytest.raises(InvalidInputError) as refused:
            checks.period(start, end, today)
        assert refused.value.field == "end"
