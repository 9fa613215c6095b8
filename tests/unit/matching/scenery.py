"""Facts and events made up for the tests of matching, on real communes and occupations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from passerelles.reference.rulebook import Rulebook, rulebook
from schemas.catalogue import BY_PAYLOAD
from schemas.decisions import DecisionRecorded, Standing
from schemas.envelope import Event
from schemas.epochs import DayStarted, EpochOpened, RulesAdopted
from schemas.facts import AvailabilityRecorded, NeedRecorded
from schemas.vocabulary import Mode, Payload, PostingStatus, event_id, proposal_id
from services.matching.terms import NeedTerms, StaffTerms

NAMESPACE = UUID("5b1f2f54-8f3b-4b43-9a3e-94b0c6b3d001")
BORROWER, LENDER = "552100554", "732829320"
MONDAY = date(2026, 3, 2)
FIGEAC, CAPDENAC, DECAZEVILLE, CAHORS, RODEZ, TOULOUSE = "46102", "12052", "12089", "46042", "12202", "31555"
MACHINING, ASSEMBLY, FOOD, TUNING, WELDING = "H2903", "H2906", "H2102", "H2901", "H2503"
"""H2903→H2906 and H2906→H2102 are `proche`, H2903→H2901 and H2906→H2503 `evolution`; H2903→H2102 is no link."""


def number(value: int) -> UUID:
    return UUID(int=value)


def company(siren: str) -> UUID:
    return uuid5(NAMESPACE, siren)


def small_rulebook(least_kept: int = 2, per_head: int = 1) -> Rulebook:
    """The real rules, with so few pairs kept that a small world has edges."""
    return replace(rulebook(1), least_kept=least_kept, kept_per_head=per_head)


def need(id_: int = 1, version: int = 1, **changes: Any) -> NeedRecorded:
    fields: dict[str, Any] = {
        "id": number(id_),
        "version": version,
        "siren": BORROWER,
        "status": PostingStatus.OPEN,
        "territories": ("46",),
        "occupation": MACHINING,
        "headcount": 1,
        "start": MONDAY,
        "end": MONDAY + timedelta(days=29),
        "commune": FIGEAC,
        "mode": Mode.LOAN,
    } | changes
    fields.setdefault("headcount_left", fields["headcount"])
    fields.setdefault("company_id", company(fields["siren"]))
    return NeedRecorded(**fields)


def staff(id_: int = 1000, version: int = 1, **changes: Any) -> AvailabilityRecorded:
    fields: dict[str, Any] = {
        "id": number(id_),
        "version": version,
        "siren": LENDER,
        "status": PostingStatus.OPEN,
        "territories": ("46", "12"),
        "occupation": MACHINING,
        "headcount": 1,
        "start": MONDAY,
        "end": MONDAY + timedelta(days=29),
        "commune": FIGEAC,
        "modes": (Mode.LOAN,),
        "mobility_km": 50,
    } | changes
    fields.setdefault("headcount_left", fields["headcount"])
    fields.setdefault("company_id", company(fields["siren"]))
    return AvailabilityRecorded(**fields)


def need_terms(fact: NeedRecorded) -> NeedTerms:
    """What words quote of a need."""
    return NeedTerms(
        id=fact.id,
        version=fact.version,
        company_id=fact.company_id,
        occupation=fact.occupation,
        headcount_left=fact.headcount_left,
        mode=fact.mode,
        skills=tuple(dict.fromkeys(fact.skills)),
        certificates=fact.certificates,
        pay_maximum=fact.monthly_gross_max,
    )


def staff_terms(fact: AvailabilityRecorded) -> StaffTerms:
    """What words quote of an availability."""
    return StaffTerms(
        id=fact.id,
        version=fact.version,
        company_id=fact.company_id,
        occupation=fact.occupation,
        headcount_left=fact.headcount_left,
        skills=frozenset(fact.skills),
        limit_metres=1000 * fact.mobility_km,
        pay=fact.monthly_gross,
    )


def decision(
    need_id: int, availability_id: int, standing: Standing, version: int = 1, *, territory: str = "46"
) -> DecisionRecorded:
    return DecisionRecorded(
        id=proposal_id(number(need_id), number(availability_id)),
        need_id=number(need_id),
        availability_id=number(availability_id),
        borrower_id=company(BORROWER),
        lender_id=company(LENDER),
        territory=territory,
        version=version,
        standing=standing,
    )


def adopted(territory: str = "46", *, epoch: int = 1, book: Rulebook | None = None) -> RulesAdopted:
    book = book or rulebook(1)
    return RulesAdopted(
        territory=territory,
        epoch=epoch,
        rules_version=book.version,
        rules_digest=book.digest,
        territory_table=book.territory_table,
    )


def opened(territory: str = "46", *, epoch: int = 1) -> EpochOpened:
    return EpochOpened(territory=territory, epoch=epoch)


def day(value: date, territory: str = "46") -> DayStarted:
    return DayStarted(territory=territory, day=value)


def event(data: Payload, *, territory: str = "46", epoch: int = 1, place: int = 0) -> Event[Payload]:
    """The event of a payload; `place` makes its id and time its own."""
    type_ = BY_PAYLOAD[type(data)]
    subject = str(getattr(data, "id", f"{type_.name}:{territory}"))
    return Event(
        id=event_id(subject, getattr(data, "version", place), f"{type_.name}:{territory}:{epoch}"),
        type=type_.name,
        schema_version=type_.version,
        source="registry",
        subject=subject,
        time=datetime(2026, 3, 2, 7, tzinfo=UTC) + timedelta(seconds=place),
        epoch=epoch,
        key=f"{territory}:{subject}",
        data=data,
        territory=territory,
    )
