"""The archive as it lies in its segments, read in order: decoded as events, or as they are."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Final, TypeVar, Unpack
from uuid import UUID

import pyarrow as pa

from passerelles.bus.codec import decode
from passerelles.bus.poison import UndecodableError
from services.audit.archive.files import ArchiveFiles, open_files
from services.audit.archive.manifest import Segment
from services.audit.archive.rows import batches, chosen, lost
from services.audit.archive.segment import Filed, records_of
from services.audit.reading.filter import Filter
from services.audit.reading.index import Index
from services.audit.reading.noted import NAMELESS
from services.audit.reading.port import ArchivedEvent, Filters, Offers, Stretch

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as it was archived, not decoded."""

    segment: Segment
    row: Filed


class SegmentArchive:
    """Reads an archive; what is added to it later is not seen.

    Args:
        address: its folder or URL.
        index: where the index is kept: trusted, so not beside the archive.

    Attributes:
        root: the first entry of its chain.

    Raises:
        NoArchiveError: there is none.
        ArchiveError: its chain cannot be read.
    """

    def __init__(self, address: str, *, index: Path) -> None:
        self.files: ArchiveFiles = open_files(address)
        self._index = Index(index)
        self._is_noted = False
        with self._index:
            self._last = self._index.register.follow(self.files)
            self.root = self._index.register.root()

    @property
    def segments(self) -> list[Segment]:
        """Those whose files retention has left, by epoch, topic, partition and offset."""
        with self._index:
            return self._index.register.segments(self._last)

    def complete_index(self) -> int:
        """Bring the index up to date with what was open, and say how many segments it has. Raises `ArchiveError`."""
        with self._completed() as index:
            return len(index.register.segments(self._last))

    def events(self, **filters: Unpack[Filters]) -> Iterator[ArchivedEvent]:
        """As `Archive.events` says."""
        types, territory = filters.get("types"), filters.get("territory")
        for kept in self.kept(**filters):
            each = archived(kept)
            if types is not None and (each.event is None or each.event.type not in types):
                continue
            if territory is None or (each.event is not None and each.event.territory == territory):
                yield each

    def kept(self, **filters: Unpack[Filters]) -> Iterator[Kept]:
        """The same records, not decoded; beside those of `types`, what has no usual headers."""
        return self.each(_as_kept, **filters)

    def each(self, read: Callable[[Segment, pa.RecordBatch], Iterable[T]], **filters: Unpack[Filters]) -> Iterator[T]:
        """The same records, each as `read` makes it of a segment's rows; of `types`, and what has no usual header."""
        types, since, until = filters.get("types"), filters.get("since"), filters.get("until")
        rows = self._rows_named(filters.get("subjects"), types)
        with self._index:
            segments = self._index.register.segments(
                self._last,
                numbers=rows,
                topics=filters.get("topics"),
                partitions=filters.get("partitions"),
                epochs=filters.get("epochs"),
                since=since,
                before=until,
            )
        keep = Filter(since, until, types, filters.get("territory"))
        for _, of_epoch in groupby(segments, key=attrgetter("epoch")):
            streams = [
                self._stream(number, list(of_one), rows, keep, read)
                for number, (_, of_one) in enumerate(groupby(of_epoch, key=attrgetter("topic", "partition")))
            ]
            # Times, then the stream's number: two records of one stream are never compared.
            yield from (what for *_, what in (streams[0] if len(streams) == 1 else heapq.merge(*streams)))

    def offers(self, stretch: Stretch, territory: str, occupations: Collection[str]) -> Offers:
        """As `Archive.offers` says."""
        with self._completed() as index:
            return index.offers(stretch, territory, occupations)

    def _rows_named(
        self, subjects: Collection[UUID] | None, types: Collection[str] | None
    ) -> dict[int, list[int]] | None:
        """The rows that the index finds, by the entry of their segment; none where it does not help."""
        if subjects is not None:
            names = [each.bytes for each in subjects]
        elif types is not None and NAMELESS.issuperset(types):
            names = [each.encode() for each in types]
        else:
            return None
        with self._completed() as index:
            return index.find(names)

    @contextmanager
    def _completed(self) -> Iterator[Index]:
        with self._index as index:
            if not self._is_noted:
                index.complete(self.files, self._last)
                self._is_noted = True
            yield index

    def _stream(
        self,
        number: int,
        segments: Iterable[Segment],
        rows: dict[int, list[int]] | None,
        keep: Filter,
        read: Callable[[Segment, pa.RecordBatch], Iterable[T]],
    ) -> Iterator[tuple[int, int, T]]:
        """The records of a partition by offset; the time of one is not before that of another before it."""
        latest = -(1 << 62)
        for segment in segments:
            for whole in self._batches(segment, rows):
                batch = keep.of(whole)
                if batch.num_rows:
                    times = batch.column("at").cast(pa.int64()).to_pylist()
                    for at, what in zip(times, read(segment, batch), strict=True):
                        latest = max(latest, at)
                        yield latest, number, what

    def _batches(self, segment: Segment, rows: dict[int, list[int]] | None) -> Iterator[pa.RecordBatch]:
        try:
            if rows is None:
                yield from batches(self.files, segment)
            else:
                yield from chosen(self.files, segment, rows[segment.sequence])
        except FileNotFoundError as error:
            raise lost(segment) from error


def _as_kept(segment: Segment, batch: pa.RecordBatch) -> Iterator[Kept]:
    return (Kept(segment, row) for row in records_of(batch))


def archived(kept: Kept) -> ArchivedEvent:
    """A record, decoded if it can be."""
    segment, row = kept.segment, kept.row
    try:
        event = decode(row.record)
    except UndecodableError:
        event = None
    at = _BEGINNING + timedelta(milliseconds=row.at)
    return ArchivedEvent(segment.epoch, segment.topic, segment.partition, row.offset, at, event, row.record)
