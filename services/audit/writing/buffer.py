"""What was read and is not archived yet: records by partition, each with the epoch under which it is filed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiokafka import ConsumerRecord

from passerelles.bus.codec import UndecodableError, decode
from passerelles.bus.consumer import record_of
from services.audit.archive.segment import Filed
from services.audit.writing.writer import ArchiveWriter, Place

FULL_BYTES: Final = 64 * 1024 * 1024
FULL_ROWS: Final = 100_000


@dataclass
class Pending:
    """The records of one partition."""

    epochs: list[int] = field(default_factory=list)
    rows: list[Filed] = field(default_factory=list)


class Buffer:
    """Fills until it is full or old enough, then is written and emptied.

    Attributes:
        since: when the oldest record came, in seconds of the caller's clock; none when empty.
    """

    def __init__(self) -> None:
        self._pending: dict[Place, Pending] = {}
        self._epochs: dict[Place, int] = {}
        self._bytes = 0
        self._rows = 0
        self.since: float | None = None

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
        pending = self._pending.setdefault(place, Pending())
        pending.epochs.append(epoch)
        pending.rows.append(Filed(raw.offset, raw.timestamp, record))
        self._rows += 1
        self._bytes += len(record.value or b"") + 512
        self.since = now if self.since is None else self.since

    @property
    def rows(self) -> int:
        """How many records wait."""
        return self._rows

    @property
    def is_full(self) -> bool:
        """It takes no more memory than this."""
        return self._bytes >= FULL_BYTES or self._rows >= FULL_ROWS

    def contents(self) -> Mapping[Place, Pending]:
        """What waits, by partition."""
        return dict(sorted(self._pending.items()))

    def empty(self) -> None:
        """All of it was written."""
        self._pending, self._bytes, self._rows, self.since = {}, 0, 0, None
