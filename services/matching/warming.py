"""Compiles what the fold runs on, or loads it from disk, before the first fact: by folding a few made-up ones.

`python -m services.matching.warming` does it ahead of time, so that a first start finds everything compiled.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from uuid import UUID

from passerelles.bus.codec import encode
from passerelles.reference.rulebook import RULEBOOK
from schemas.catalogue import BY_PAYLOAD
from schemas.decisions import DecisionRecorded, Standing
from schemas.envelope import Event
from schemas.epochs import DayStarted, EpochOpened
from schemas.facts import AvailabilityRecorded, NeedRecorded
from schemas.vocabulary import Mode, Payload, PostingStatus, proposal_id
from services.matching.adoption import RuleLibrary
from services.matching.batches import Batch
from services.matching.engine import TerritoryFold
from services.matching.odd import Oddities
from services.matching.rules import Rules
from services.matching.state import columns, from_columns

_MONDAY = date(2026, 1, 5)
_LENT = 40
"""More than a need keeps, so that some wait outside its ranking."""


@cache
def warm_up() -> None:
    """Once in a process: some tenths of a second from disk, some ten seconds when nothing was compiled yet."""
    fold = TerritoryFold("46", 1, Rules(RULEBOOK), library=RuleLibrary(), odd=Oddities())
    for offset, data in enumerate(_facts()):
        fold.fold(_event(data), offset)
    _take(fold)
    copy = from_columns(columns(fold), library=RuleLibrary(), odd=Oddities())
    copy.fold(_event(_staff(0, 3)), 0)


def _take(fold: TerritoryFold) -> None:
    batch = Batch([encode(_event(_staff(_LENT)))])
    fold.take(batch.written, 0, 1, silently=False)


def _facts() -> Iterator[Payload]:
    """Whatever may happen, once: the ranking of the need is searched, edited, exhausted and packed anew."""
    for number in range(_LENT):
        yield _staff(number)
    yield _need(1)
    yield EpochOpened(territory="46", epoch=1)
    yield _decision(1, Standing.ACCEPTED)
    for number in range(_LENT - 1):
        yield _staff(number, 2, headcount_left=0)
    yield _need(1, 2, commune="31555")
    yield _staff(3, 3, end=_MONDAY)
    for number in range(2, 2 + _LENT):
        yield _need(number)
    yield DayStarted(territory="46", day=_MONDAY + timedelta(days=1))


def _need(number: int, version: int = 1, commune: str = "46102") -> NeedRecorded:
    return NeedRecorded(
        id=UUID(int=number),
        version=version,
        company_id=UUID(int=1),
        siren="552100554",
        status=PostingStatus.OPEN,
        territories=("46",),
        occupation="H2903",
        headcount=1,
        headcount_left=1,
        start=_MONDAY,
        commune=commune,
        skills=("1", "2"),
        certificates=("0123456789abcdef",),
        mode=Mode.LOAN,
    )


def _staff(number: int, version: int = 1, headcount_left: int = 1, end: date | None = None) -> AvailabilityRecorded:
    return AvailabilityRecorded(
        id=UUID(int=1000 + number),
        version=version,
        company_id=UUID(int=2),
        siren="732829320",
        status=PostingStatus.OPEN,
        territories=("46",),
        occupation="H2903",
        headcount=1,
        headcount_left=headcount_left,
        start=_MONDAY,
        end=end,
        commune="46102",
        skills=("1",),
        certificates=("0123456789abcdef",),
        proposal_id=proposal_id(UUID(int=1), UUID(int=1000 + number)) if number == 1 else None,
        modes=(Mode.LOAN,),
        mobility_km=50,
    )


def _decision(number: int, standing: Standing) -> DecisionRecorded:
    need_id, availability_id = UUID(int=1), UUID(int=1000 + number)
    return DecisionRecorded(
        id=proposal_id(need_id, availability_id),
        need_id=need_id,
        availability_id=availability_id,
        borrower_id=UUID(int=1),
        lender_id=UUID(int=2),
        territory="46",
        version=1,
        standing=standing,
    )


def _event(data: Payload) -> Event[Payload]:
    type_ = BY_PAYLOAD[type(data)]
    return Event(
        id=UUID(int=0),
        type=type_.name,
        schema_version=type_.version,
        source="registry",
        subject="",
        time=datetime(2026, 1, 5, tzinfo=UTC),
        epoch=1,
        key="",
        data=data,
        territory="46",
    )


if __name__ == "__main__":
    warm_up()
