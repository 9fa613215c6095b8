"""The envelope: CloudEvents 1.0 attributes, with the extensions that order and replay stand on.

Source: CloudEvents 1.0.2, and its Kafka protocol binding (binary content mode), cloudevents.io.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar
from uuid import UUID

from schemas.vocabulary import Payload

SPEC_VERSION: Final = "1.0"
TYPE_PREFIX: Final = "fr.passerelles."
SOURCE_PREFIX: Final = "/passerelles/"
SCHEMA_PREFIX: Final = "urn:passerelles:schema:"
CONTENT_TYPE: Final = "application/json"
EPOCH_STRIDE: Final = 1 << 40
"""Offsets of one epoch stay below this, so that a revision of a later epoch is always higher (design, decision 7)."""

P_co = TypeVar("P_co", bound=Payload, covariant=True)


@dataclass(slots=True, kw_only=True, eq=False)
class Event(Generic[P_co]):
    """Something that happened, as it travels. Nobody changes one: it is not frozen as that triples the time to make it.

    Attributes:
        id: the same for the same event, also when it is made again.
        type: the short name in the catalogue, `need.recorded` for instance.
        schema_version: the version of the payload's schema, from 1.
        source: the service that says it.
        subject: the identifier of the entity that it is about.
        time: when it happened; for a derived event, its cause's time. Always UTC.
        epoch: the epoch of the log in which it was written.
        key: what orders it on the bus: `territory:id`, or the proposal's identifier.
        territory: for topics laid out by territory, the one whose partition it goes to.
        causation_id: the event that it was derived from.
        data: the payload.
    """

    id: UUID
    type: str
    schema_version: int
    source: str
    subject: str
    time: datetime
    epoch: int
    key: str
    data: P_co
    territory: str | None = None
    causation_id: UUID | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Event) and all(getattr(self, name) == getattr(other, name) for name in _FIELDS)

    def __hash__(self) -> int:
        return hash(self.id)


_FIELDS: Final = tuple(Event.__dataclass_fields__)


def revision_of(epoch: int, offset: int) -> int:
    """The revision that a fact at this place in its log gives to what it causes."""
    if not 0 <= offset < EPOCH_STRIDE:
        msg = f"an offset lies between 0 and 2^40, not {offset}"
        raise ValueError(msg)
    return epoch * EPOCH_STRIDE + offset


def format_time(time: datetime) -> str:
    """RFC 3339 in UTC with microseconds: one text for one instant."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse_time(text: str) -> datetime:
    """The instant of an RFC 3339 text.

    Raises:
        ValueError: not RFC 3339, or without an offset.
    """
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        msg = f"a time needs its offset: {text!r}"
        raise ValueError(msg)
    return time.astimezone(UTC)
