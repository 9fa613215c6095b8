"""What an event shows depends on who looks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from schemas.envelope import Event
from schemas.epochs import DayStarted
from schemas.proposals import DistanceReason, ProposalMade, ProposalWithdrawn, WithdrawalReason
from schemas.vocabulary import Payload
from services.registry.api.sightings import sighting
from services.registry.domain.caller import OPERATOR, Caller

BORROWER, LENDER = Caller("company", UUID(int=1)), Caller("company", UUID(int=2))
PAIR = {
    "id": UUID(int=9),
    "need_id": UUID(int=11),
    "availability_id": UUID(int=12),
    "borrower_id": UUID(int=1),
    "lender_id": UUID(int=2),
    "territory": "46",
    "revision": 5,
    "rules_version": 1,
}


def _event(type_: str, data: Payload) -> Event[Payload]:
    return Event(
        id=uuid4(),
        type=type_,
        schema_version=1,
        source="matching",
        subject="x",
        time=datetime(2026, 11, 23, tzinfo=UTC),
        epoch=1,
        key="x",
        data=data,
    )


MADE = _event(
    "proposal.made",
    ProposalMade(
        **PAIR,
        need_version=1,
        availability_version=1,
        score=60,
        reasons=(DistanceReason(points=10, metres=17_420, limit_metres=40_000),),
        distance_metres=17_420,
        overlap_days=30,
        content="0" * 64,
    ),
)


def test_a_company_sees_its_side_and_whole_kilometres() -> None:
    seen = sighting(MADE, BORROWER)
    assert seen is not None
    assert seen["party"] == "borrower"
    assert seen["distance_km"] == 17
    assert seen["reasons"][0]["metres"] == 17_000
    assert str(UUID(int=2)) not in str(seen)
    assert (sighting(MADE, LENDER) or {})["party"] == "lender"


def test_the_operator_sees_both_sides_and_metres() -> None:
    seen = sighting(MADE, OPERATOR)
    assert seen is not None
    assert (seen["borrower_id"], seen["lender_id"]) == (str(UUID(int=1)), str(UUID(int=2)))
    assert seen["reasons"][0]["metres"] == 17_420


def test_strangers_and_other_facts_see_nothing() -> None:
    assert sighting(MADE, Caller("company", UUID(int=3))) is None
    assert sighting(_event("day.started", DayStarted(territory="46", day=date(2026, 11, 23))), OPERATOR) is None


def test_a_withdrawal_says_why() -> None:
    data = ProposalWithdrawn(**PAIR, reason=WithdrawalReason.NEED_FILLED)
    assert (sighting(_event("proposal.withdrawn", data), LENDER) or {})["reason"] == "need_filled"
