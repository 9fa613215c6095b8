"""Identifiers that are made again the same, certificates that compare, payloads that refuse what is loose."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.epochs import DayStarted
from schemas.vocabulary import CertificateCode, MonthlyPay, certificate_code, event_id, proposal_id

texts = st.text(min_size=1, max_size=60)


@given(texts)
def test_a_certificate_travels_as_a_code_that_the_contract_accepts(text: str) -> None:
    assert TypeAdapter(CertificateCode).validate_python(certificate_code(text))


@given(texts, st.integers(0, 60), st.sampled_from([" ", "\t", "\n", "\u00a0", "\u202f"]))
def test_spaces_never_tell_two_certificates_apart(text: str, place: int, space: str) -> None:
    assert certificate_code(text[:place] + space + text[place:]) == certificate_code(text)


@given(st.text(alphabet=st.characters(codec="latin-1"), min_size=1, max_size=60))
def test_case_never_tells_two_certificates_apart(text: str) -> None:
    assert certificate_code(text.upper()) == certificate_code(text.lower())


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("CACES R489 catégorie 3", "caces r489 CATEGORIE 3"),
        ("Habilitation électrique B1V", "habilitation electrique b1v"),
        ("ﬁche n° 3", "FICHE N° 3"),
    ],
)
def test_one_certificate_written_twice(left: str, right: str) -> None:
    assert certificate_code(left) == certificate_code(right)


def test_two_certificates_differ() -> None:
    assert certificate_code("CACES R489 3") != certificate_code("CACES R489 5")


def test_nobody_reads_the_text_in_the_code() -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", certificate_code("Mme Exemple, soudeuse"))


@given(st.uuids(), st.uuids())
def test_a_pair_has_one_identifier_and_the_two_sides_are_not_alike(need: UUID, availability: UUID) -> None:
    assert proposal_id(need, availability) == proposal_id(need, availability)
    assert proposal_id(need, availability).version == 5
    assert need == availability or proposal_id(need, availability) != proposal_id(availability, need)


@given(st.uuids(), st.integers(0, 2**60), st.integers(0, 2**60), st.sampled_from(["proposal.made", "need.recorded"]))
def test_an_event_made_again_has_the_same_identifier(subject: UUID, one: int, other: int, type_: str) -> None:
    assert (event_id(str(subject), one, type_) == event_id(str(subject), other, type_)) == (one == other)


@pytest.mark.parametrize("euros", [0, -50, 1999, 100_050])
def test_pay_travels_in_steps(euros: int) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(MonthlyPay).validate_python(euros)


def test_a_payload_is_strict_frozen_and_tolerant_of_later_fields() -> None:
    read = DayStarted.model_validate_json('{"territory": "46", "day": "2026-11-23", "later": 1}')
    assert read.model_dump(mode="json") == {"territory": "46", "day": "2026-11-23"}
    with pytest.raises(ValidationError):
        DayStarted.model_validate_json('{"territory": 46, "day": "2026-11-23"}')
    with pytest.raises(ValidationError):
        read.day = read.day  # type: ignore[misc]
