"""Why not another: the rule that kept an availability from a need at one moment, or the rank that it had there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.audit.pairs.checks import LABELS, check_text
from services.audit.pairs.judging import Check, Rule


class Verdict(StrEnum):
    """What became of the other availability.

    `proposed`: it was proposed too. `outranked`: eligible, and behind the pairs that the need kept. `refused`: a rule
    kept it out. `unknown_then`: it had not been published, or not in this need's territory.
    """

    PROPOSED = "proposed"
    OUTRANKED = "outranked"
    REFUSED = "refused"
    UNKNOWN_THEN = "unknown_then"


@dataclass(frozen=True, slots=True)
class CheckShown:
    """One rule as it is told."""

    rule: Rule
    label: str
    holds: bool
    text: str


@dataclass(frozen=True, slots=True)
class Rival:
    """One side of a comparison: an eligible availability's score, distance and rank."""

    availability_id: UUID
    score: int
    metres: int
    rank: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Another availability beside those proposed for a need, at one moment.

    Attributes:
        at: when the broker appended the last fact that is taken into account.
        sentence: the answer, for a person.
        checks: every rule for the other availability; empty when it was not known at all.
        first_failed: the first that it did not satisfy.
        rank: among the `eligible`, from 1.
        candidates: availabilities that were known in the need's territory then.
        kept: how many pairs that nobody has accepted the need keeps.
        chosen: the pair that is explained, when it was eligible then.
        other: the other availability, when it was.
        last_kept: the last of those that the need kept.
    """

    need_id: UUID
    other_id: UUID
    at: datetime
    epoch: int
    offset: int
    verdict: Verdict
    sentence: str
    checks: tuple[CheckShown, ...]
    first_failed: Rule | None
    rank: int | None
    candidates: int
    eligible: int
    kept: int
    chosen: Rival | None
    other: Rival | None
    last_kept: Rival | None


def checks_shown(checks: tuple[Check, ...]) -> tuple[CheckShown, ...]:
    """The rules in their order, each told with its figures."""
    return tuple(CheckShown(each.rule, LABELS[each.rule], each.holds, check_text(each)) for each in checks)
