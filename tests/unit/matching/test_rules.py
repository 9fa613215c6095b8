"""Each rule at its boundaries, with figures worked out by hand from the design."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelles.reference.communes import commune, distance_metres
from passerelles.reference.rulebook import rulebook
from schemas.proposals import Link
from schemas.vocabulary import Mode
from services.matching.columns import reading
from services.matching.columns.appraising import portion
from services.matching.facts import Facts
from services.matching.pairs import compare
from services.matching.places import Place
from services.matching.rules import Rules
from tests.unit.matching import oracle
from tests.unit.matching.scenery import (
    ASSEMBLY,
    BORROWER,
    CAPDENAC,
    FIGEAC,
    FOOD,
    MACHINING,
    MONDAY,
    TUNING,
    need,
    staff,
)
from tests.unit.matching.spoken_slowly import reasons_read

RULES = Rules(rulebook(1))
WELDER, FORKLIFT = "0123456789abcdef", "fedcba9876543210"


def pair(wanted: dict[str, Any] | None = None, person: dict[str, Any] | None = None) -> Place | None:
    return compare(RULES, need(**wanted or {}), staff(**person or {}), "46")


def points(place: Place | None) -> dict[str, int]:
    assert place is not None
    return {reason.rule: reason.points for reason in reasons_read(place.need, place.staff, place.appraisal)}


def test_all_that_fits_scores_a_hundred() -> None:
    place = pair()
    assert points(place) == {
        "occupation": 40,
        "skills": 20,
        "distance": 20,
        "period": 15,
        "pay": 5,
        "mode": 0,
        "certificates": 0,
        "capacity": 0,
    }
    assert place is not None
    assert place.appraisal.score == 100


@given(st.integers(0, 40), st.integers(0, 100_000_000), st.integers(1, 100_000_000))
def test_points_are_rounded_half_up_exactly(most: int, part: int, whole: int) -> None:
    assert portion(most, part, whole) == oracle.half_up(oracle.Fraction(most * part, whole))


def test_a_half_point_is_rounded_up() -> None:
    assert [portion(15, n, 30) for n in (1, 3, 5)] == [1, 2, 3]
    assert portion(20, 1, 8) == 3
    assert portion(15, 7, 30) == 4
    assert portion(15, 6, 30) == 3


def test_the_same_company_is_never_proposed_to_itself() -> None:
    assert pair({"siren": BORROWER}, {"siren": BORROWER}) is None


@pytest.mark.parametrize(
    ("mode", "modes", "fits"),
    [
        (Mode.LOAN, (Mode.LOAN,), True),
        (Mode.HIRE, (Mode.LOAN,), False),
        (Mode.HIRE, (Mode.LOAN, Mode.HIRE), True),
    ],
)
def test_the_mode_is_one_that_the_availability_accepts(mode: Mode, modes: tuple[Mode, ...], fits: bool) -> None:
    assert (pair({"mode": mode}, {"modes": modes}) is not None) is fits


@pytest.mark.parametrize(
    ("person", "wanted", "link", "worth"),
    [
        (MACHINING, MACHINING, Link.SAME, 40),
        (MACHINING, ASSEMBLY, Link.CLOSE, 28),
        (ASSEMBLY, FOOD, Link.CLOSE, 28),
        (MACHINING, TUNING, Link.EVOLUTION, 20),
    ],
)
def test_a_link_of_rome_from_the_person_to_the_need(person: str, wanted: str, link: Link, worth: int) -> None:
    place = pair({"occupation": wanted}, {"occupation": person})
    assert place is not None
    assert (place.appraisal.way.link, place.appraisal.way.points) == (link, worth)


def test_links_are_directed_and_not_chained() -> None:
    assert pair({"occupation": FOOD}, {"occupation": MACHINING}) is None
    assert pair({"occupation": ASSEMBLY}, {"occupation": FOOD}) is None


def with_distance(metres: int, *, limit: int) -> int | None:
    """The points for a distance, whatever communes are that far apart."""
    wanted, person = need(), staff(mobility_km=limit)
    facts = Facts("46", RULES, Counter())
    facts.record_need(wanted)
    facts.record_staff(person)
    at, where = facts.needs.find(wanted.id), facts.staff.find(person.id)
    key = reading.key_between(facts.staff.table, where, facts.needs.table, at, 40, metres, facts.links.weights)
    return None if key < 0 else 100 - (key >> 32) - 80


@pytest.mark.parametrize(
    ("metres", "worth"), [(0, 20), (250, 20), (251, 19), (5_000, 10), (9_749, 1), (9_750, 1), (9_751, 0), (10_000, 0)]
)
def test_distance_scores_in_proportion_to_the_mobility(metres: int, worth: int) -> None:
    assert with_distance(metres, limit=10) == worth


def test_a_distance_of_just_the_mobility_is_within_it() -> None:
    assert with_distance(10_000, limit=10) == 0
    assert with_distance(10_001, limit=10) is None


def test_the_distance_is_the_shared_one() -> None:
    metres = distance_metres(commune(FIGEAC), commune(CAPDENAC))
    place = pair({"commune": FIGEAC}, {"commune": CAPDENAC, "mobility_km": metres // 1000 + 1})
    assert place is not None
    assert place.appraisal.metres == metres
    assert pair({"commune": FIGEAC}, {"commune": CAPDENAC, "mobility_km": metres // 1000}) is None


def test_every_certificate_asked_for_is_held() -> None:
    assert pair({"certificates": (WELDER,)}, {"certificates": (FORKLIFT, WELDER)}) is not None
    assert pair({"certificates": (WELDER, FORKLIFT)}, {"certificates": (WELDER,)}) is None
    assert pair({}, {"certificates": (WELDER,)}) is not None


def test_skills_score_by_the_part_that_the_person_has() -> None:
    place = pair({"skills": ("3", "1", "2")}, {"skills": ("2", "9", "3")})
    assert points(place)["skills"] == 13  # 20 × 2 / 3
    assert place is not None
    reason = reasons_read(place.need, place.staff, place.appraisal)[1]
    assert reason.model_dump() == {"rule": "skills", "points": 13, "held": ("3", "2"), "missing": ("1",)}
    assert points(pair({"skills": ("1",)}))["skills"] == 0
    assert points(pair({"skills": ("1", "1", "2")}, {"skills": ("1",)}))["skills"] == 10


@pytest.mark.parametrize(
    ("current", "worth"),
    [
        (None, 5),
        (1_950, 5),
        (2_000, 5),
        (2_050, 4),  # 5 × (1 − 50 / 400) = 4.375
        (2_100, 4),
        (2_200, 3),  # 2.5
        (2_300, 1),
        (2_350, 1),  # 0.625
        (2_400, 0),
        (9_000, 0),
    ],
)
def test_pay_above_the_maximum_scores_down_to_nothing_at_a_fifth_above(current: int | None, worth: int) -> None:
    assert points(pair({"monthly_gross_max": 2_000}, {"monthly_gross": current}))["pay"] == worth


def test_pay_that_the_need_does_not_state_scores_in_full() -> None:
    assert points(pair({"monthly_gross_max": None}, {"monthly_gross": 9_000}))["pay"] == 5


@given(st.data())
def test_the_oracle_gives_the_same_pair(data: st.DataObject) -> None:
    period = st.tuples(st.integers(0, 400), st.none() | st.integers(0, 500))
    money = st.none() | st.integers(1, 80).map(lambda steps: 50 * steps)
    skills = st.lists(st.sampled_from("12345"), max_size=6).map(tuple)

    def fields(span: tuple[int, int | None]) -> dict[str, Any]:
        start = MONDAY + timedelta(days=span[0])
        return {"start": start, "end": None if span[1] is None else start + timedelta(days=span[1])}

    wanted = need(**fields(data.draw(period)), monthly_gross_max=data.draw(money), skills=data.draw(skills))
    person = staff(
        **fields(data.draw(period)),
        monthly_gross=data.draw(money),
        skills=data.draw(skills),
        commune=data.draw(st.sampled_from((FIGEAC, CAPDENAC))),
        mobility_km=data.draw(st.integers(1, 200)),
    )
    place = compare(RULES, wanted, person, "46")
    expected = oracle.appraise(wanted, person)
    assert (place is None) == (expected is None)
    if place is not None and expected is not None:
        reasons = reasons_read(place.need, place.staff, place.appraisal)
        assert [reason.model_dump(mode="json") for reason in reasons] == expected["reasons"]
        assert place.appraisal.score == expected["score"] == sum(reason.points for reason in reasons)
