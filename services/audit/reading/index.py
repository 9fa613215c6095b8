"""Where an entity is named, and who offered what: a SQLite file of whoever reads the archive, made again at will.

It proves nothing and is no part of the chain: what it finds is read from the segments.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from uuid import UUID

from schemas.topics import TopicName
from services.audit.archive.errors import ArchiveError
from services.audit.archive.files import ArchiveFiles
from services.audit.archive.manifest import Segment
from services.audit.archive.rows import batches, lost
from services.audit.reading import register
from services.audit.reading.noted import COLUMNS, Noted, noted
from services.audit.reading.port import Offers, Stretch
from services.audit.reading.register import Register

VERSION: Final = 3
"""Of the layout; a file of another is emptied."""

_WORD: Final = "I"
_MADE: Final = f"""
DROP TABLE IF EXISTS mention;
DROP TABLE IF EXISTS offer;
DROP TABLE IF EXISTS segment;
DROP TABLE IF EXISTS chain;
{register.TABLES}
CREATE TABLE mention (entity BLOB, segment INTEGER, rows BLOB NOT NULL, PRIMARY KEY (entity, segment))
WITHOUT ROWID;
CREATE TABLE offer (territory TEXT, segment INTEGER, occupation TEXT, entity BLOB, row INTEGER NOT NULL,
PRIMARY KEY (territory, segment, occupation, entity)) WITHOUT ROWID;
PRAGMA user_version={VERSION}
"""


class Index:
    """Opened by `with`, which raises `ArchiveError` where it cannot be kept.

    Args:
        file: where it is, or is made.

    Attributes:
        register: the segments of the chain.
    """

    register: Register

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> Self:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._open()
        except (OSError, sqlite3.OperationalError) as error:
            raise ArchiveError(
                f"L'index ne peut pas être tenu dans {self._file.parent} ({error}).",
                remedy="Donner un dossier où écrire : --data, ou PASSERELLES_DATA avec --archive.",
            ) from error
        except sqlite3.DatabaseError:
            self.remove()
            self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def remove(self) -> None:
        """Remove the file and what SQLite keeps beside it, which it would take for the next one's."""
        for suffix in ("", "-wal", "-shm"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)

    def _open(self) -> None:
        self._database = sqlite3.connect(self._file, isolation_level=None, timeout=30)
        try:
            # It can be made again: what matters is that readers don't wait for a writer.
            self._database.execute("PRAGMA synchronous=OFF")
            if not self._is_made():
                self._database.execute("PRAGMA journal_mode=WAL")
                self._make()
        except sqlite3.DatabaseError:
            self._database.close()
            raise
        self.register = Register(self._database)

    def _is_made(self) -> bool:
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        return bool(version == VERSION)

    def _make(self) -> None:
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            if not self._is_made():  # another process may just have done it
                for statement in _MADE.split(";"):
                    self._database.execute(statement)

    def complete(self, files: ArchiveFiles, until: int) -> None:
        """Note what the segments say that were not noted yet, up to an entry of the chain.

        Raises:
            ArchiveError: a segment is missing, or cannot be read.
        """
        waiting = self._database.execute(
            "SELECT said FROM segment WHERE noted = 0 AND number <= ? ORDER BY number", (until,)
        ).fetchall()
        for (said,) in waiting:
            segment = Segment.model_validate_json(said)
            try:
                found = noted(batches(files, segment, COLUMNS))
            except FileNotFoundError as error:
                raise lost(segment) from error
            self._add(segment.sequence, found)

    def find(self, names: Iterable[bytes]) -> dict[int, list[int]]:
        """The rows that have any of these names, in ascending order, by the entry of their segment.

        Args:
            names: the 16 bytes of an entity, or the name of a type that names none.
        """
        found: defaultdict[int, set[int]] = defaultdict(set)
        for name in names:
            for segment, rows in self._database.execute("SELECT segment, rows FROM mention WHERE entity = ?", (name,)):
                found[segment].update(_unpacked(rows))
        return {segment: sorted(rows) for segment, rows in found.items()}

    def offers(self, stretch: Stretch, territory: str, occupations: Collection[str]) -> Offers:
        """The availabilities that the facts of a stretch offer to a territory, and those that had an occupation.

        Args:
            stretch: of the log.
            territory: whose availabilities.
            occupations: ROME codes, those of any version by then.
        """
        known: set[bytes] = set()
        fitting: set[bytes] = set()
        for occupation, entity in self._database.execute(
            "SELECT occupation, entity FROM segment CROSS JOIN offer ON segment = number WHERE epoch = ? AND topic = ? "
            "AND partition = ? AND first <= ? AND territory = ? AND first + row <= ?",
            (stretch.epoch, TopicName.FACTS.value, stretch.partition, stretch.last, territory, stretch.last),
        ):
            known.add(entity)
            if occupation in occupations:
                fitting.add(entity)
        return Offers(len(known), frozenset(UUID(bytes=entity) for entity in fitting))

    def _add(self, number: int, found: Noted) -> None:
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            # Another process may have noted it meanwhile, or retention have taken it.
            if not self._database.execute(
                "UPDATE segment SET noted = 1 WHERE number = ? AND noted = 0", (number,)
            ).rowcount:
                return
            self._database.executemany(
                "INSERT INTO mention VALUES (?, ?, ?)",
                ((name, number, _packed(rows)) for name, rows in sorted(found.mentions.items())),
            )
            self._database.executemany(
                "INSERT INTO offer VALUES (?, ?, ?, ?, ?)",
                (
                    (territory, number, occupation, entity, row)
                    for (territory, occupation, entity), row in sorted(found.offers.items())
                ),
            )


def _packed(rows: list[int]) -> bytes:
    return array(_WORD, rows).tobytes()


def _unpacked(rows: bytes) -> list[int]:
    words = array(_WORD)
    words.frombytes(rows)
    return words.tolist()
