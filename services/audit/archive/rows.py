"""Reads the rows of a segment's file: all of them batch by batch, some by number, or the last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa
from pyarrow import parquet

from services.audit.archive.errors import ArchiveError
from services.audit.archive.files import ArchiveFiles
from services.audit.archive.manifest import Segment
from services.audit.archive.segment import SCHEMA, Filed, records_of

BATCH_ROWS: Final = 2_000


def batches(files: ArchiveFiles, segment: Segment, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of a segment in order, in batches. Raises `ArchiveError`, and `FileNotFoundError`."""
    with files.open(segment.file) as file:
        try:
            yield from _opened(file).iter_batches(BATCH_ROWS, columns=_of_schema(columns))
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(segment) from error


def chosen(files: ArchiveFiles, segment: Segment, rows: Sequence[int]) -> Iterator[pa.RecordBatch]:
    """Some rows, by their number from 0 in ascending order; only their row groups are read. Raises as `batches`."""
    with files.open(segment.file) as file:
        try:
            opened = _opened(file)
            begin, waiting = 0, list(rows)
            for group in range(opened.num_row_groups):
                end = begin + opened.metadata.row_group(group).num_rows
                here = [row - begin for row in waiting if row < end]
                if here:
                    waiting = waiting[len(here) :]
                    table = opened.read_row_group(group, columns=_of_schema(None), use_threads=False)
                    yield from table.take(pa.array(here)).to_batches()
                begin = end
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(segment) from error


def last_row(files: ArchiveFiles, segment: Segment) -> Filed:
    """The last record of a segment. Raises as `batches`."""
    return records_of(next(chosen(files, segment, [segment.count - 1])))[0]


def lost(segment: Segment) -> ArchiveError:
    """The file of a segment is not there."""
    return ArchiveError(f"Le fichier du segment {segment.place} manque.", remedy="Lancer « passerelles audit verify ».")


def _opened(file: Any) -> parquet.ParquetFile:
    return parquet.ParquetFile(file, read_dictionary=[])


def _of_schema(columns: Sequence[str] | None) -> list[str]:
    return list(columns or SCHEMA.names)


def _unreadable(segment: Segment) -> ArchiveError:
    return ArchiveError(
        f"Le segment {segment.place} ne se lit pas ({segment.file}).",
        remedy="Lancer « passerelles audit verify », qui dit ce qui ne va pas.",
    )
