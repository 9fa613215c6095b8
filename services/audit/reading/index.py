"""Where an entity is named, and who offered what: a SQLite file beside the archive, made again from it at will.

It proves nothing and is no part of the chain: what it finds is read from the segments.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from uuid import UUID

from services.audit.archive.files import ArchiveFiles
from services.audit.archive.manifest import Segment
from services.audit.archive.rows import batches
from services.audit.reading.noted import COLUMNS, noted
from services.audit.reading.port import Offers

VERSION: Final = 2
"""Of the layout; a file of another is emptied."""

_WORD: Final = "I"
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS segment (number INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS mention (entity BLOB, segment INTEGER, rows BLOB NOT NULL, PRIMARY KEY (entity, segment))
WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS offer (territory TEXT, segment INTEGER, occupation TEXT, entity BLOB, row INTEGER NOT NULL,
PRIMARY KEY (territory, segment, occupation, entity)) WITHOUT ROWID;
"""

Progress = Callable[[Segment], None]


class Index:
    """Opened by `with`.

    Args:
        file: where it is, or is made.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> Self:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._open()
        except sqlite3.DatabaseError:
            self._file.unlink(missing_ok=True)
            self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def _open(self) -> None:
        self._database = sqlite3.connect(self._file, isolation_level=None, timeout=30)
        try:
            (version,) = self._database.execute("PRAGMA user_version").fetchone()
            if version not in (0, VERSION):
                self._database.executescript(
                    "DROP TABLE IF EXISTS mention; DROP TABLE IF EXISTS offer; DROP TABLE IF EXISTS segment"
                )
            # It can be made again: what matters is that readers don't wait for a writer.
            self._database.executescript(
                f"PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA user_version={VERSION}"
            )
            self._database.executescript(_TABLES)
        except sqlite3.DatabaseError:
            self._database.close()
            raise

    def complete(self, files: ArchiveFiles, segments: Iterable[Segment], progress: Progress | None = None) -> None:
        """Take in the segments that are not there yet, and forget those that are no longer the archive's.

        Raises:
            ArchiveError, FileNotFoundError: a segment cannot be read.
        """
        wanted = {segment.sha256: segment for segment in segments}
        known = {sha256 for (sha256,) in self._database.execute("SELECT sha256 FROM segment")}
        for sha256 in known - set(wanted):
            self._forget(sha256)
        for sha256, segment in wanted.items():
            if sha256 not in known:
                self._add(files, segment)
                if progress is not None:
                    progress(segment)

    def find(self, names: Iterable[bytes]) -> dict[str, list[int]]:
        """The rows that have any of these names, in ascending order, by the digest of their segment.

        Args:
            names: the 16 bytes of an entity, or the name of a type that names none.
        """
        found: defaultdict[str, set[int]] = defaultdict(set)
        for name in names:
            for sha256, rows in self._database.execute(
                "SELECT sha256, rows FROM mention JOIN segment ON segment = number WHERE entity = ?", (name,)
            ):
                found[sha256].update(_unpacked(rows))
        return {sha256: sorted(rows) for sha256, rows in found.items()}

    def offers(self, ends: Mapping[str, int], territory: str, occupations: Collection[str]) -> Offers:
        """The availabilities of a territory that some segments speak of, and those that had one of the occupations.

        Args:
            ends: by the digest of each segment, the last row that counts.
            territory: whose availabilities.
            occupations: ROME codes, those of any version by then.
        """
        known: set[bytes] = set()
        fitting: set[bytes] = set()
        for sha256, end in ends.items():
            for occupation, entity in self._database.execute(
                "SELECT occupation, entity FROM offer WHERE territory = ? AND row <= ? "
                "AND segment = (SELECT number FROM segment WHERE sha256 = ?)",
                (territory, end, sha256),
            ):
                known.add(entity)
                if occupation in occupations:
                    fitting.add(entity)
        return Offers(len(known), frozenset(UUID(bytes=entity) for entity in fitting))

    def _add(self, files: ArchiveFiles, segment: Segment) -> None:
        found = noted(batches(files, segment, COLUMNS))
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            number = self._database.execute(
                "INSERT OR IGNORE INTO segment (sha256) VALUES (?)", (segment.sha256,)
            ).lastrowid
            self._database.executemany(
                "INSERT OR IGNORE INTO mention VALUES (?, ?, ?)",
                ((name, number, _packed(rows)) for name, rows in sorted(found.mentions.items())),
            )
            self._database.executemany(
                "INSERT OR IGNORE INTO offer VALUES (?, ?, ?, ?, ?)",
                (
                    (territory, number, occupation, entity, row)
                    for (territory, occupation, entity), row in sorted(found.offers.items())
                ),
            )

    def _forget(self, sha256: str) -> None:
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            for table in ("mention", "offer"):
                self._database.execute(
                    f"DELETE FROM {table} WHERE segment = (SELECT number FROM segment WHERE sha256 = ?)",  # noqa: S608
                    (sha256,),
                )
            self._database.execute("DELETE FROM segment WHERE sha256 = ?", (sha256,))


def _packed(rows: list[int]) -> bytes:
    return array(_WORD, rows).tobytes()


def _unpacked(rows: bytes) -> list[int]:
    words = array(_WORD)
    words.frombytes(rows)
    return words.tolist()
