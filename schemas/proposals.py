"""What matching says: a pair is proposed, with its reasons and figures, or no longer is."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from schemas.vocabulary import (
    CertificateCode,
    Digest,
    HeadcountLeft,
    Mode,
    MonthlyPay,
    OccupationCode,
    Payload,
    SkillCode,
    Territory,
    Version,
)

Points = Annotated[int, Field(ge=0, le=100)]


class Link(StrEnum):
    """How ROME goes from the person's occupation to the need's."""

    SAME = "same"
    CLOSE = "proche"
    EVOLUTION = "evolution"


class OccupationReason(Payload):
    """The person's occupation leads to the need's: by the same code, or by a ROME mobility link."""

    rule: Literal["occupation"] = "occupation"
    points: Points
    link: Link
    person: OccupationCode
    need: OccupationCode


class SkillsReason(Payload):
    """Which of the skills that the need names the person has; in the need's order."""

    rule: Literal["skills"] = "skills"
    points: Points
    held: tuple[SkillCode, ...]
    missing: tuple[SkillCode, ...]


class DistanceReason(Payload):
    """The estimated road distance and the person's limit, in metres."""

    rule: Literal["distance"] = "distance"
    points: Points
    metres: int
    limit_metres: int


class PeriodReason(Payload):
    """The days that both periods share, and those that the need asks for (365 for an open need)."""

    rule: Literal["period"] = "period"
    points: Points
    shared_days: int
    need_days: int
    first_day: date


class PayReason(Payload):
    """Monthly gross pay today and the most that the need offers, in euros; none when not stated."""

    rule: Literal["pay"] = "pay"
    points: Points
    current: MonthlyPay | None
    maximum: MonthlyPay | None


class ModeReason(Payload):
    """The mode that the need asks for is one that the availability accepts."""

    rule: Literal["mode"] = "mode"
    points: Literal[0] = 0
    mode: Mode


class CertificatesReason(Payload):
    """The certificates that the need asks for; the person has every one."""

    rule: Literal["certificates"] = "certificates"
    points: Literal[0] = 0
    required: tuple[CertificateCode, ...]


class CapacityReason(Payload):
    """People left on each side; an agreement takes the smaller number."""

    rule: Literal["capacity"] = "capacity"
    points: Literal[0] = 0
    need_left: HeadcountLeft
    availability_left: HeadcountLeft


Reason = Annotated[
    OccupationReason
    | SkillsReason
    | DistanceReason
    | PeriodReason
    | PayReason
    | ModeReason
    | CertificatesReason
    | CapacityReason,
    Field(discriminator="rule"),
]


class WithdrawalReason(StrEnum):
    """Why matching no longer proposes a pair."""

    OUTRANKED = "outranked"
    NEED_WITHDRAWN = "need_withdrawn"
    NEED_FILLED = "need_filled"
    NEED_EXPIRED = "need_expired"
    NEED_MOVED = "need_moved"
    AVAILABILITY_WITHDRAWN = "availability_withdrawn"
    AVAILABILITY_FILLED = "availability_filled"
    AVAILABILITY_EXPIRED = "availability_expired"
    OUT_OF_REACH = "out_of_reach"
    NO_LONGER_ELIGIBLE = "no_longer_eligible"


class Pair(Payload):
    """What every word about a pair carries.

    Attributes:
        revision: epoch × 2^40 + offset of the causing fact; a word not above the one held is ignored.
        rules_version: the version of the rules under which it was said.
    """

    id: UUID
    need_id: UUID
    availability_id: UUID
    borrower_id: UUID
    lender_id: UUID
    territory: Territory
    revision: int
    rules_version: int


class ProposalMade(Pair):
    """The pair can work, and is among the best of its need; said again when its content changes.

    Attributes:
        score: 0 to 100, the sum of the reasons' points.
        reasons: one for each rule, in the order of the rules.
        overlap_days: the days that both periods share.
        distance_metres: the estimated road distance.
        content: SHA-256 of what may change from one revision to the next.
    """

    need_version: Version
    availability_version: Version
    score: Points
    reasons: tuple[Reason, ...]
    distance_metres: int
    overlap_days: int
    content: Digest


class ProposalWithdrawn(Pair):
    """The pair is no longer proposed."""

    reason: WithdrawalReason
