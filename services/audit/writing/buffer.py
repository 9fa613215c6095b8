"""What was read and is not archived yet: records by partition, each with the epoch under which it is filed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from aiokafka import ConsumerRecord

from passerelles.bus.codec import decode
from passerelles.bus.consumer import record_of
from passerelles.bus.poison import UndecodableError
from services.audit.archive.segment import Filed
from services.audit.writing.writer import ArchiveWriter, Place

FULL_BYTES: Final = 64 * 1024 * 1024
FULL_ROWS: Final = 100_000
BUSY_ROWS: Final = 1_000
"""From so many on the records of a partition are worth a segment of their own."""


@dataclass(frozen=True)
class Patience:
    """How long a record waits for others to share its segment, in seconds: in a busy partition, and in a quiet one.

    Each segment costs an entry of the chain for ever. Kafka keeps what waits, so that a crash costs reading it again.
    """

    busy: float
    quiet: float


@dataclass
class Pending:
    """The records of one partition; the first came at `since`, in seconds of the caller's clock."""

    since: float
    epochs: list[int] = field(default_factory=list)
    rows: list[Filed] = field(default_factory=list)
    size: int = 0


Contents = Mapping[Place, Pending]


class Buffer:
    """Fills until a partition waited long enough, or all of them are too much to hold; what is written leaves it."""

    def __init__(self) -> None:
        self._pending: dict[Place, Pending] = {}
        self._epochs: dict[Place, int] = {}

    def add(self, raw: ConsumerRecord, writer: ArchiveWriter, now: float) -> None:
        """Take a record that was read.

        Its epoch is its own, but never one of a log before this one: what a service owed when a log ended, it may say
        in the next one under the old epoch. What cannot be decoded has the epoch of the record before it.
        """
        place, record = (raw.topic, raw.partition), record_of(raw)
        try:
            epoch = max(decode(record).epoch, writer.least_epoch)
        except UndecodableError:
            epoch = self._epochs.get(place, writer.last_epoch(place))
        self._epochs[place] = epoch
        pending = self._pending.setdefault(place, Pending(now))
        pending.epochs.append(epoch)
        pending.rows.append(Filed(raw.offset, raw.timestamp, record))
        pending.size += len(record.value or b"") + 512

    def due(self, now: float, patience: Patience) -> Contents:
        """The partitions whose records have waited long enough; when it holds too much, the busy ones or else all."""
        if self._is_full:
            return self._chosen(lambda each: len(each.rows) >= BUSY_ROWS) or self.contents()

        def is_due(each: Pending) -> bool:
            return now - each.since >= (patience.busy if len(each.rows) >= BUSY_ROWS else patience.quiet)

        return self._chosen(is_due)

    @property
    def _is_full(self) -> bool:
        pending = self._pending.values()
        return sum(len(each.rows) for each in pending) >= FULL_ROWS or sum(each.size for each in pending) >= FULL_BYTES

    def _chosen(self, is_chosen: Callable[[Pending], bool]) -> Contents:
        return {place: pending for place, pending in self.contents().items() if is_chosen(pending)}

    def contents(self) -> Contents:
        """What waits, by partition."""
        return dict(sorted(self._pending.items()))

    def written(self, places: Iterable[Place]) -> None:
        """What waited of these partitions is in segments now."""
        for place in places:
            del self._pending[place]
