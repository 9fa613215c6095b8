"""What a story is told in: steps in order, each with its figures, and where in the log each of them stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


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
