"""A pair as it is shown: its score, each rule with its figures and points, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.audit.story.step import Line


@dataclass(frozen=True, slots=True)
class ReasonShown:
    """One rule with its figures, and the points that it gave of the most that it can give (none: only a condition)."""

    rule: str
    label: str
    text: str
    points: int
    most: int | None


@dataclass(frozen=True, slots=True)
class PairShown:
    """A pair as the engine last proposed it, and where it stands.

    Attributes:
        seen: what the engine saw at that moment.
        rank: among the pairs of its need that stood proposed then, from 1.
        proposed: how many stood proposed then.
        kept: how many pairs that nobody has accepted the need keeps.
    """

    proposal_id: UUID
    need_id: UUID
    availability_id: UUID
    status: str
    score: int
    rank: int
    proposed: int
    kept: int
    rules_version: int
    proposed_at: datetime
    seen: tuple[Line, ...]
    reasons: tuple[ReasonShown, ...]
