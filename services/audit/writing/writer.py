"""Writes segments and their entries, and knows from the chain alone where each partition resumes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby, pairwise
from typing import Final

import structlog

from passerelles.bus.codec import Record
from services.audit.archive.chain import ChainWriter, read_chain
from services.audit.archive.errors import ArchiveError, OtherLogError
from services.audit.archive.files import ArchiveFiles
from services.audit.archive.keys import Signer
from services.audit.archive.manifest import LogBegun, Segment, digest_of, dropped_of
from services.audit.archive.rows import last_row, lost
from services.audit.archive.segment import Filed, to_parquet

SEGMENT_ROWS: Final = 100_000
"""No segment holds more."""

Place = tuple[str, int]
"""A topic and one of its partitions."""

log = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class ArchiveWriter:
    """The one writer of an archive; calls come one at a time.

    A segment's file is written first, its entry next, the head last: what a crash leaves between two of them is a file
    without an entry, which is written again, or an entry beyond the head, which counts.
    """

    def __init__(self, files: ArchiveFiles, signer: Signer, *, clock: Callable[[], datetime] = _now) -> None:
        self._files = files
        self._chain = ChainWriter(files, signer, clock=clock)
        self._log: LogBegun | None = None
        self._last: dict[Place, Segment] = {}
        self._highest = 0

    def open(self, cluster: str | None) -> None:
        """Take up the archive of this cluster's log, or begin one.

        Raises:
            OtherLogError: it is the archive of another cluster.
            ArchiveError: its chain is broken.
            OSError: it cannot be read or written.
        """
        self._chain.open(cluster)
        if self._chain.root.cluster != cluster:
            raise OtherLogError(
                f"Cette archive est celle du Kafka « {self._chain.root.cluster or 'embarqué'} », "
                f"et le bus est « {cluster or 'embarqué'} ».",
                remedy="Donner à chaque Kafka son archive : PASSERELLES_ARCHIVE.",
            )
        self._log, self._last, self._highest = None, {}, 0
        for entry in self._chain.entries:
            self._take(entry)
        self._sweep()

    def _take(self, entry: object) -> None:
        if isinstance(entry, LogBegun):
            self._log, self._last = entry, {}
        elif isinstance(entry, Segment):
            self._last[entry.topic, entry.partition] = entry
            self._highest = max(self._highest, entry.epoch)

    def _sweep(self) -> None:
        """Remove the files that a crash left without an entry, or whose removal it cut short."""
        dropped = dropped_of(self._chain.entries)
        kept = {each.file for each in self._chain.entries if isinstance(each, Segment) and each.sequence not in dropped}
        for name in self._files.names("segments"):
            if name not in kept:
                log.warning("archive.swept", file=name)
                self._files.remove(name)

    @property
    def positions(self) -> Mapping[Place, int]:
        """The next offset of each partition of which the current log has segments."""
        return {place: segment.last + 1 for place, segment in self._last.items()}

    @property
    def least_epoch(self) -> int:
        """No record of the current log is filed below."""
        return self._log.least_epoch if self._log else 0

    def last_epoch(self, place: Place) -> int:
        """The epoch of the last record of a partition; of the log, when it has none yet."""
        segment = self._last.get(place)
        if segment is not None:
            return segment.epoch
        return max((each.epoch for each in self._last.values()), default=self.least_epoch)

    def last_record(self, place: Place) -> Record | None:
        """The last record of a partition; none when retention took its file. Raises `ArchiveError`, `OSError`."""
        try:
            return last_row(self._files, self._last[place]).record
        except FileNotFoundError as error:
            # Read again: retention may have written since this writer opened the chain.
            if self._last[place].sequence in dropped_of(read_chain(self._files)):
                return None
            raise lost(self._last[place]) from error

    @property
    def has_log(self) -> bool:
        """Whether the archive knows a log that it could go on with."""
        return self._log is not None

    def begin_log(self, partitions: Mapping[str, int]) -> None:
        """From here on the records are of a new log; positions begin anew. Raises `OSError`."""
        number = self._log.log + 1 if self._log else 1
        self._log = self._chain.add(
            LogBegun, log=number, least_epoch=self._highest + 1 if self._log else 0, partitions=dict(partitions)
        )
        self._last = {}
        self._chain.sign_head()

    def write(self, place: Place, epochs: Sequence[int], rows: Sequence[Filed]) -> None:
        """Write the next records of a partition, each with its epoch, as segments without gaps.

        What a failure left unwritten is offered again by the caller: records that lie before the position are passed
        over.

        Raises:
            ArchiveError: a record is missing before these.
            OSError: the disk is full, or away; whole segments may have been written.
        """
        begun = self._begun()
        position = self.positions.get(place)
        for epoch, part in _cut(epochs, rows, position):
            if position is not None and part[0].offset != position:
                raise _gap(place, position, part[0].offset)
            position = part[-1].offset + 1
            content = to_parquet(part)
            topic, partition = place
            times = [each.at for each in part]
            fields = {
                "log": begun.log,
                "epoch": epoch,
                "topic": topic,
                "partition": partition,
                "first": part[0].offset,
                "last": part[-1].offset,
                "first_at": _instant(min(times)),
                "last_at": _instant(max(times)),
                "count": len(part),
                "size": len(content),
                "sha256": digest_of(content),
            }
            draft = Segment(sequence=0, previous=None, written=_instant(0), **fields)
            # A file of that name without an entry is what an earlier failure left.
            self._files.write(draft.file, content, replace=True)
            segment = self._chain.add(Segment, **fields)
            self._last[place] = segment
            self._highest = max(self._highest, epoch)

    def sign_head(self) -> None:
        """Sign what was written. Raises `OSError`."""
        self._chain.sign_head()

    def _begun(self) -> LogBegun:
        if self._log is None:
            raise ArchiveError("L'archive n'a pas encore de journal.", remedy="")
        return self._log


def _cut(epochs: Iterable[int], rows: Iterable[Filed], position: int | None) -> Iterator[tuple[int, Sequence[Filed]]]:
    """The rows still to be written, by runs of one epoch, none too long."""
    left = ((epoch, row) for epoch, row in zip(epochs, rows, strict=True) if position is None or row.offset >= position)
    for epoch, run in groupby(left, key=lambda each: each[0]):
        part = [row for _, row in run]
        for start in range(0, len(part), SEGMENT_ROWS):
            piece = part[start : start + SEGMENT_ROWS]
            for before, after in pairwise(piece):
                if after.offset != before.offset + 1:
                    raise ArchiveError(f"Les positions {before.offset} et {after.offset} ne se suivent pas.", remedy="")
            yield epoch, piece


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _gap(place: Place, position: int, found: int) -> ArchiveError:
    return ArchiveError(
        f"Le journal de {place[0]}/{place[1]} commence à la position {found} : l'archive en attend la {position}.",
        remedy="Le journal a été rogné avant d'être archivé : commencer une autre archive, et garder celle-ci.",
    )
