"""Facts made ready to be compared: what the rules look at, worked out once when a fact arrives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from schemas.facts import AvailabilityRecorded, NeedRecorded, Posting
from schemas.vocabulary import Mode, PostingStatus


class Gone(StrEnum):
    """Why a posting no longer takes part in a territory, the gravest first."""

    WITHDRAWN = "withdrawn"
    FILLED = "filled"
    EXPIRED = "expired"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What a need and an availability share.

    Attributes:
        first: the ordinal of the first day.
        last: the ordinal of the last day, inclusive; none when open-ended.
    """

    id: UUID
    number: int
    siren: str
    occupation: str
    commune: str
    first: int
    last: int | None
    certificates: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class NeedTerms(Terms):
    """A need, ready; its skills once each, in the order in which the company named them."""

    fact: NeedRecorded
    mode: Mode
    skills: tuple[str, ...]
    pay_maximum: int | None


@dataclass(frozen=True, slots=True, eq=False)
class StaffTerms(Terms):
    """An availability, ready; how far its people go, in metres."""

    fact: AvailabilityRecorded
    modes: tuple[Mode, ...]
    skills: frozenset[str]
    limit_metres: int
    pay: int | None


def need_terms(fact: NeedRecorded) -> NeedTerms:
    """A need's fact, ready to be compared."""
    return NeedTerms(
        id=fact.id,
        number=fact.id.int,
        siren=fact.siren,
        occupation=fact.occupation,
        commune=fact.commune,
        first=fact.start.toordinal(),
        last=None if fact.end is None else fact.end.toordinal(),
        certificates=frozenset(fact.certificates),
        fact=fact,
        mode=fact.mode,
        skills=tuple(dict.fromkeys(fact.skills)),
        pay_maximum=fact.monthly_gross_max,
    )


def staff_terms(fact: AvailabilityRecorded) -> StaffTerms:
    """An availability's fact, ready to be compared."""
    return StaffTerms(
        id=fact.id,
        number=fact.id.int,
        siren=fact.siren,
        occupation=fact.occupation,
        commune=fact.commune,
        first=fact.start.toordinal(),
        last=None if fact.end is None else fact.end.toordinal(),
        certificates=frozenset(fact.certificates),
        fact=fact,
        modes=fact.modes,
        skills=frozenset(fact.skills),
        limit_metres=fact.mobility_km * 1000,
        pay=fact.monthly_gross,
    )


def gone(fact: Posting, territory: str, today: date | None) -> Gone | None:
    """Why a posting does not take part in a territory today; none when it does (rule "state" of the design).

    An entity expires the day after its last one. Before the first day of an epoch nothing has expired.
    """
    if fact.status is not PostingStatus.OPEN:
        return Gone.WITHDRAWN
    if fact.headcount_left == 0:
        return Gone.FILLED
    if today is not None and fact.end is not None and fact.end < today:
        return Gone.EXPIRED
    if territory not in fact.territories:
        return Gone.ELSEWHERE
    return None
