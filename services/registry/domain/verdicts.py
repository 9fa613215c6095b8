"""What companies decide about a proposal, where that leads, and the record of an agreement under way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from schemas.decisions import (
    Outcome,
    ProposalAccepted,
    ProposalAgreed,
    ProposalCancelled,
    ProposalDeclined,
    Standing,
)
from schemas.vocabulary import DeclineReason, Party


class ProposalStatus(StrEnum):
    """What users see of a proposal."""

    OPEN = "open"
    AGREED = "agreed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"


TERMINAL: Final = frozenset((Standing.AGREED, Standing.DECLINED, Standing.CANCELLED))
"""The registry's own words, which no later word of matching changes."""

FRENCH: Final[Mapping[ProposalStatus, str]] = {
    ProposalStatus.OPEN: "ouverte",
    ProposalStatus.AGREED: "conclue",
    ProposalStatus.DECLINED: "déclinée",
    ProposalStatus.CANCELLED: "annulée",
    ProposalStatus.WITHDRAWN: "retirée",
}

OUTCOMES: Final[Mapping[Standing, type[Outcome]]] = {
    Standing.ACCEPTED: ProposalAccepted,
    Standing.DECLINED: ProposalDeclined,
    Standing.AGREED: ProposalAgreed,
    Standing.CANCELLED: ProposalCancelled,
}
"""What each standing is told as."""


class Decided(BaseModel):
    """What one party said, and when."""

    model_config = ConfigDict(frozen=True)

    verdict: Literal["accept", "decline", "cancel"]
    reason: DeclineReason | None
    at: datetime


def answer_of(decisions: Mapping[Party, Decided], party: Party) -> str:
    """What a party has answered so far: its verdict, or `nothing`."""
    mine = decisions.get(party)
    return mine.verdict if mine else "nothing"


class Saga(BaseModel):
    """An agreement under way, or its cancellation: the record from which it is resumed after a crash.

    Attributes:
        step: `reserving`: people are being held, the end is open. `undoing`: it came to nothing, and what it held goes
            back. `confirming`: agreed, both sides are about to say so. `releasing`: cancelled, people are coming back.
        attempt: counts the agreements tried; what it holds is marked with it.
        by: the party whose word began it.
        why: in French, why it came to nothing.
    """

    model_config = ConfigDict(frozen=True)

    step: Literal["reserving", "undoing", "confirming", "releasing"]
    attempt: int
    by: Party
    since: datetime
    reason: DeclineReason | None = None
    why: str | None = None
