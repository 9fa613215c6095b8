"""What matching writes by hand is to the byte what the models of the contract would have written."""

from __future__ import annotations

import hashlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from passerelles.bus.codec import decode, encode
from passerelles.reference.rulebook import rulebook
from schemas.envelope import Event
from schemas.facts import AvailabilityRecorded, NeedRecorded
from schemas.proposals import Link, WithdrawalReason
from schemas.vocabulary import Payload
from services.matching.pairs import compare
from services.matching.places import Place
from services.matching.reasons import content_digest, reasons_for
from services.matching.rules import Appraisal, Rules, SharedPeriod, Way
from services.matching.words import PairIds, Voice
from tests.unit.bus.strategies import events, models
from tests.unit.matching import spoken_slowly
from tests.unit.matching.scenery import need, need_terms, staff, staff_terms

RULES = Rules(rulebook(1))
FIGURES = st.integers(0, 1 << 40)
POINTS = st.integers(0, 20)


@st.composite
def places(draw: st.DrawFn) -> Place:
    """Any two sides and any figures: words do not judge."""
    wanted = need_terms(draw(models(NeedRecorded)))
    person = staff_terms(draw(models(AvailabilityRecorded)))
    appraisal = Appraisal(
        key=(-draw(st.integers(0, 100)), draw(FIGURES), person.id.int),
        way=Way(person.occupation, draw(st.sampled_from(Link)), draw(POINTS)),
        metres=draw(FIGURES),
        period=SharedPeriod(draw(st.integers(1, 3_000_000)), draw(FIGURES), draw(FIGURES)),
        skills_points=draw(POINTS),
        distance_points=draw(POINTS),
        period_points=draw(POINTS),
        pay_points=draw(POINTS),
    )
    return Place(wanted, person, appraisal)


CAUSES = st.one_of(events("need.recorded"), events("day.started"))
OFFSETS, VERSIONS = st.integers(0, (1 << 40) - 1), st.integers(1, 1000)


@given(CAUSES, OFFSETS, VERSIONS, places())
def test_a_pair_made_is_written_as_its_models_write_it(
    cause: Event[Payload], offset: int, version: int, place: Place
) -> None:
    word = Voice(cause, cause.territory or "", offset, version).made(place)
    models_json = spoken_slowly.REASONS.dump_json(spoken_slowly.reasons_of(place.need, place.staff, place.appraisal))
    expected = spoken_slowly.made(cause, offset, version, place, hashlib.sha256(models_json).hexdigest())
    assert encode(word) == encode(expected)
    assert word == expected == decode(encode(word))
    assert hash(word) == hash(expected)


@given(CAUSES, OFFSETS, VERSIONS, st.tuples(*[st.uuids()] * 4), st.sampled_from(WithdrawalReason))
def test_a_pair_withdrawn_is_written_as_its_model_writes_it(
    cause: Event[Payload], offset: int, version: int, ids: tuple[Any, ...], reason: WithdrawalReason
) -> None:
    word = Voice(cause, cause.territory or "", offset, version).withdrawn(PairIds(*ids), reason)
    expected = spoken_slowly.withdrawn(cause, offset, version, PairIds(*ids), reason)
    assert encode(word) == encode(expected)
    assert word == expected == decode(encode(word))


def test_content_ignores_versions_and_follows_figures() -> None:
    def content(wanted: NeedRecorded, person: AvailabilityRecorded) -> str:
        place = compare(RULES, wanted, person, "46")
        assert place is not None
        return content_digest(reasons_for(place.need, place.staff, place.appraisal))

    first = content(need(), staff())
    assert content(need(version=7), staff(version=9)) == first
    assert content(need(), staff(certificates=("0123456789abcdef",), skills=("5",))) == first
    assert content(need(headcount=2), staff()) != first
    assert content(need(skills=("1",)), staff()) != first
