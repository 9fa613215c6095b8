"""What compiled functions compute again is what the one implementation gives, and arrays grow without losing a row."""

from __future__ import annotations

from random import Random
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelles.reference.communes import COMMUNES, commune, distance_metres
from passerelles.reference.rulebook import rulebook
from schemas.vocabulary import proposal_id
from services.matching.columns.buckets import bucket_of
from services.matching.columns.layout import GONE, LIMIT, number_of, words
from services.matching.columns.proposals import proposal_words
from services.matching.distances import Distances
from services.matching.facts import Facts
from services.matching.odd import Oddities
from services.matching.rules import Rules
from tests.unit.matching.scenery import staff

IDS = st.uuids() | st.integers(0, 3).map(lambda number: UUID(int=number)) | st.just(UUID(int=2**128 - 1))


@given(IDS, IDS)
def test_words_compare_as_identifiers_do(one: UUID, other: UUID) -> None:
    assert number_of(*words(one)) == one.int
    assert (words(one) < words(other)) == (one.int < other.int)


@given(IDS, IDS)
def test_the_compiled_identifier_of_a_pair_is_that_of_the_contract(need_id: UUID, availability_id: UUID) -> None:
    compiled = proposal_words(np.empty(208, dtype=np.int64), *words(need_id), *words(availability_id))
    assert UUID(int=number_of(*compiled)) == proposal_id(need_id, availability_id)


@pytest.mark.parametrize("seed", range(3))
def test_a_row_of_distances_has_the_integers_of_the_one_implementation(seed: int) -> None:
    distances = Distances()
    for code in Random(seed).sample(sorted(COMMUNES), 8):
        row = distances.row(distances.number[code]).tolist()
        assert row == [distance_metres(commune(code), each) for each in COMMUNES.values()]


def test_a_value_near_a_half_metre_is_asked_of_the_one_implementation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.matching.distances._DOUBT", 1.0)
    monkeypatch.setattr("services.matching.distances.distance_metres", lambda *_: 7)
    assert set(Distances().row(0).tolist()) == {7}


def test_rows_move_between_buckets_and_are_found_as_arrays_grow() -> None:
    chance, facts = Random(5), Facts("46", Rules(rulebook(1)), Oddities())
    known: dict[int, tuple[str | None, int]] = {}
    for version in range(1, 6000):
        number = chance.randint(1, 2500)
        occupation = chance.choice(("H2903", "H2906", "A1201", "A9999", None))
        km = chance.randint(1, 200)
        skills = tuple(str(skill) for skill in chance.sample(range(50), chance.randint(0, 6)))
        left = 0 if occupation is None else 1
        fact = staff(
            number, version, occupation=occupation or "H2903", headcount_left=left, mobility_km=km, skills=skills
        )
        assert facts.record_staff(fact)
        known[number] = (occupation, km)
    table = facts.staff.table
    for number, (occupation, km) in known.items():
        position = facts.staff.find(UUID(int=number))
        bucket = bucket_of(table, position)
        assert bucket == (GONE if occupation is None else facts.occupations.number(occupation))
        assert occupation is None or table.rows[position, LIMIT] == 1000 * km
    assert len(facts.staff) == len(known)
    assert len(facts.staff.live()) == sum(occupation is not None for occupation, _ in known.values())
    assert facts.staff.find(UUID(int=9999)) == -1
