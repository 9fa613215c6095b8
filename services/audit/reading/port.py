"""What the rest of audit reads the archive by: events with their places, in one order, filtered."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypedDict, Unpack
from uuid import UUID

from passerelles.bus.codec import Record
from schemas.envelope import Event
from schemas.vocabulary import Payload

MENTIONS: Final = (
    "id",
    "need_id",
    "availability_id",
    "proposal_id",
    "company_id",
    "borrower_id",
    "lender_id",
    "message_id",
    "contact_id",
)
"""The fields of payloads that name an entity: what an event can be found by."""

Key = tuple[int, datetime, str, int, int]


@dataclass(frozen=True, slots=True)
class ArchivedEvent:
    """A record of the log where it lay.

    Attributes:
        epoch: the event's own; for what cannot be decoded, that of the record before it in its partition.
        at: when the broker appended it, UTC: Kafka's timestamp, to the millisecond.
        event: none when the record is no event of the contract.
        record: its bytes, as they were written.
    """

    epoch: int
    topic: str
    partition: int
    offset: int
    at: datetime
    event: Event[Payload] | None
    record: Record

    @property
    def key(self) -> Key:
        """What the archive's order is made of."""
        return (self.epoch, self.at, self.topic, self.partition, self.offset)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The facts of one partition in one epoch, up to an offset and with it."""

    epoch: int
    partition: int
    last: int


@dataclass(frozen=True, slots=True)
class Offers:
    """The availabilities that a territory knew: how many, and those of them that ever had a certain occupation."""

    known: int
    fitting: frozenset[UUID]


class Filters(TypedDict, total=False):
    """What is asked of an archive; what is left out, or none, lets everything pass.

    Attributes:
        topics: of these topics.
        types: of these short names; what cannot be decoded has none.
        subjects: naming any of these entities, in one of the fields `MENTIONS`.
        since: appended then or later.
        until: appended before.
        epochs: of these epochs.
        partitions: of these partitions, of whichever topic.
        territory: told by this territory's log.
    """

    topics: Collection[str] | None
    types: Collection[str] | None
    subjects: Collection[UUID] | None
    since: datetime | None
    until: datetime | None
    epochs: Collection[int] | None
    partitions: Collection[int] | None
    territory: str | None


class Archive(Protocol):
    """An archive that can be read, as often as one likes."""

    def events(self, **filters: Unpack[Filters]) -> Iterator[ArchivedEvent]:
        """The records that pass every filter given, by epoch, time, topic, partition and offset.

        Raises:
            ArchiveError: the archive cannot be read.
        """
        ...

    def offers(self, stretch: Stretch, territory: str, occupations: Collection[str]) -> Offers:
        """The availabilities that a territory's log held by then, and those that ever had one of these occupations.

        Raises:
            ArchiveError: the archive cannot be read.
        """
        ...


def mentions(event: Event[Payload]) -> frozenset[UUID]:
    """The entities that an event names: its own, and those that it is about."""
    data = event.data
    return frozenset(value for name in MENTIONS if isinstance(value := getattr(data, name, None), UUID))
