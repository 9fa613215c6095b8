"""What a story is made of: steps in order, each with its figures, and where in the log each of them stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from services.audit.pairs.comparison import Comparison


class EntityKind(StrEnum):
    """What can be explained."""

    PROPOSAL = "proposal"
    NEED = "need"
    AVAILABILITY = "availability"
    DELIVERY = "delivery"
    COMPANY = "company"


class StepKind(StrEnum):
    """Whose step it is: a company's publication, reading or decision, the engine's, a message's, or the log's own."""

    PUBLICATION = "publication"
    ENGINE = "engine"
    MESSAGE = "message"
    READING = "reading"
    DECISION = "decision"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Line:
    """One labelled figure."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class ReasonShown:
    """One rule with its figures, and the points that it gave of the most that it can give (none: only a condition)."""

    rule: str
    label: str
    text: str
    points: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record lies in the log, and when the broker appended it."""

    epoch: int
    topic: str
    partition: int
    offset: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened.

    Attributes:
        time: when it happened; what the engine says bears the time of its cause.
        text: the sentence; `lines` are its figures.
        event_id: of the event that tells it; `places` are all the records that hold it.
        proposal_id: the pair that it is about, when it is about one.
    """

    time: datetime
    kind: StepKind
    title: str
    text: str
    event_id: UUID
    type: str
    places: tuple[Place, ...]
    lines: tuple[Line, ...] = ()
    proposal_id: UUID | None = None


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


@dataclass(frozen=True, slots=True)
class Story:
    """The whole story of one entity.

    Attributes:
        at: what the log held then; none for everything that is archived.
        summary: the figures at its head.
        notes: what a reader must know to read it right.
    """

    kind: EntityKind
    id: UUID
    title: str
    at: datetime | None
    summary: tuple[Line, ...]
    steps: tuple[Step, ...]
    pairs: tuple[PairShown, ...]
    comparison: Comparison | None
    notes: tuple[str, ...]


_JSON: TypeAdapter[Story] = TypeAdapter(Story)


def as_json(story: Story) -> dict[str, Any]:
    """The story as plain JSON values."""
    document: dict[str, Any] = _JSON.dump_python(story, mode="json")
    return document
