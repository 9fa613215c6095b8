"""The archive as it lies in its segments, read in order: decoded as events, or as they are."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Final
from uuid import UUID

from passerelles.bus.codec import UndecodableError, decode
from schemas.envelope import TYPE_PREFIX
from services.audit.archive_errors import ArchiveError
from services.audit.archive_files import ArchiveFiles, FolderFiles, open_files
from services.audit.archive_rows import batches, chosen
from services.audit.archive_segment import Filed, records_of
from services.audit.chain import read_chain
from services.audit.manifest import AnyEntry, Dropped, Segment
from services.audit.reader import ArchivedEvent
from services.audit.reader_index import Index

INDEX: Final = "index.sqlite"
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TYPE: Final = 3
"""Where encoded headers have `ce_type`."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as it was archived, not decoded."""

    segment: Segment
    row: Filed


class SegmentArchive:
    """Reads an archive; what is added to it later is not seen.

    Args:
        address: its folder or URL.
        index: where the index is kept; by default in the archive's folder, or for a bucket in this one.

    Raises:
        NoArchiveError: there is none.
        ArchiveError: its chain cannot be read.
    """

    def __init__(self, address: str, *, index: Path | None = None) -> None:
        self.files: ArchiveFiles = open_files(address)
        self.entries: list[AnyEntry] = read_chain(self.files)
        self._index = index or (self.files.root / INDEX if isinstance(self.files, FolderFiles) else Path(INDEX))

    @property
    def segments(self) -> list[Segment]:
        """Those whose files retention has left, in the chain's order."""
        dropped = {sequence for each in self.entries if isinstance(each, Dropped) for sequence in each.sequences}
        return [each for each in self.entries if isinstance(each, Segment) and each.sequence not in dropped]

    def complete_index(self, progress: Callable[[Segment], None] | None = None, *, anew: bool = False) -> int:
        """Bring the index up to date, and say how many segments it has. Raises `ArchiveError`."""
        if anew:
            self._index.unlink(missing_ok=True)
        with Index(self._index) as index:
            index.complete(self.files, self.segments, progress)
        return len(self.segments)

    def events(
        self,
        *,
        topics: Collection[str] | None = None,
        types: Collection[str] | None = None,
        subjects: Collection[UUID] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        epochs: Collection[int] | None = None,
        partitions: Collection[int] | None = None,
    ) -> Iterator[ArchivedEvent]:
        """As `Archive.events` says."""
        for kept in self.kept(
            topics=topics,
            types=types,
            subjects=subjects,
            since=since,
            until=until,
            epochs=epochs,
            partitions=partitions,
        ):
            each = archived(kept)
            if types is None or each.event is not None:
                yield each

    def kept(
        self,
        *,
        topics: Collection[str] | None = None,
        types: Collection[str] | None = None,
        subjects: Collection[UUID] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        epochs: Collection[int] | None = None,
        partitions: Collection[int] | None = None,
    ) -> Iterator[Kept]:
        """The same records, not decoded; of `types`, those that say so in their header."""
        segments = [
            each
            for each in self.segments
            if (topics is None or each.topic in topics)
            and (partitions is None or each.partition in partitions)
            and (epochs is None or each.epoch in epochs)
            and (since is None or each.last_at >= since)
            and (until is None or each.first_at < until)
        ]
        rows = self._rows_naming(subjects) if subjects is not None else None
        if rows is not None:
            segments = [each for each in segments if each.sha256 in rows]
        wanted = None if types is None else {(TYPE_PREFIX + name).encode() for name in types}
        low = None if since is None else _milliseconds(since)
        high = None if until is None else _milliseconds(until)
        for kept in self._ordered(segments, rows):
            if low is not None and kept.row.at < low:
                continue
            if high is not None and kept.row.at >= high:
                continue
            if wanted is None or _type_of(kept.row) in wanted:
                yield kept

    def _rows_naming(self, subjects: Collection[UUID]) -> dict[str, list[int]]:
        with Index(self._index) as index:
            index.complete(self.files, self.segments)
            return index.find(subjects)

    def _ordered(self, segments: list[Segment], rows: dict[str, list[int]] | None) -> Iterator[Kept]:
        """By epoch, time, topic, partition and offset; within a partition by offset, whatever its producers' clocks."""
        by_epoch = sorted(segments, key=lambda each: (each.epoch, each.topic, each.partition, each.log, each.first))
        for _, of_epoch in groupby(by_epoch, key=attrgetter("epoch")):
            streams = [
                self._stream(list(of_one), rows)
                for _, of_one in groupby(of_epoch, key=attrgetter("topic", "partition"))
            ]
            if len(streams) == 1:
                yield from (kept for *_, kept in streams[0])
            else:
                yield from (kept for *_, kept in heapq.merge(*streams))

    def _stream(
        self, segments: Iterable[Segment], rows: dict[str, list[int]] | None
    ) -> Iterator[tuple[int, str, int, int, int, Kept]]:
        latest = -(1 << 62)
        for segment in segments:
            for row in self._rows(segment, rows):
                latest = max(latest, row.at)
                yield latest, segment.topic, segment.partition, segment.log, row.offset, Kept(segment, row)

    def _rows(self, segment: Segment, rows: dict[str, list[int]] | None) -> Iterator[Filed]:
        try:
            if rows is not None:
                yield from chosen(self.files, segment, rows[segment.sha256])
            else:
                for batch in batches(self.files, segment):
                    yield from records_of(batch)
        except FileNotFoundError as error:
            raise ArchiveError(
                f"Le fichier du segment {segment.place} manque.", remedy="Lancer « passerelles audit verify »."
            ) from error


def archived(kept: Kept) -> ArchivedEvent:
    """A record, decoded if it can be."""
    segment, row = kept.segment, kept.row
    try:
        event = decode(row.record)
    except UndecodableError:
        event = None
    at = _BEGINNING + timedelta(milliseconds=row.at)
    return ArchivedEvent(segment.epoch, segment.topic, segment.partition, row.offset, at, event, row.record)


def _type_of(row: Filed) -> bytes | None:
    headers = row.record.headers
    if len(headers) > _TYPE and headers[_TYPE][0] == "ce_type":
        return headers[_TYPE][1]
    return next((value for name, value in headers if name == "ce_type"), None)


def _milliseconds(instant: datetime) -> int:
    """The first millisecond that is not before."""
    return -((_BEGINNING - instant) // timedelta(milliseconds=1))
