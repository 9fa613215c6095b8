"""What the words about a pair quote of its two sides, and why a posting no longer takes part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from schemas.facts import Posting
from schemas.vocabulary import Mode, PostingStatus


class Gone(StrEnum):
    """Why a posting no longer takes part in a territory, the gravest first."""

    WITHDRAWN = "withdrawn"
    FILLED = "filled"
    EXPIRED = "expired"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a need and an availability share."""

    id: UUID
    version: int
    company_id: UUID
    occupation: str
    headcount_left: int


@dataclass(frozen=True, slots=True)
class NeedTerms(Terms):
    """A need; its skills once each, in the order in which the company named them, and its certificates as named."""

    mode: Mode
    skills: tuple[str, ...]
    certificates: tuple[str, ...]
    pay_maximum: int | None


@dataclass(frozen=True, slots=True)
class StaffTerms(Terms):
    """An availability; how far its people go, in metres."""

    skills: frozenset[str]
    limit_metres: int
    pay: int | None


def gone(fact: Posting, territory: str, today: date | None) -> Gone | None:
    """Why a posting does not take part in a territory today; none when it does (rule "state" of the design).

    An entity expires the day after its last one. Before the first day of an epoch nothing has expired.
    """
    return gravest(
        withdrawn=fact.status is not PostingStatus.OPEN,
        filled=fact.headcount_left == 0,
        expired=today is not None and fact.end is not None and fact.end < today,
        elsewhere=territory not in fact.territories,
    )


def gravest(*, withdrawn: bool, filled: bool, expired: bool, elsewhere: bool) -> Gone | None:
    """The one reason told, of all that hold."""
    if withdrawn:
        return Gone.WITHDRAWN
    if filled:
        return Gone.FILLED
    if expired:
        return Gone.EXPIRED
    return Gone.ELSEWHERE if elsewhere else None
