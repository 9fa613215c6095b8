"""What the chain says of its segments, kept in the index: to open an archive is to read the entries that are new.

It is taken from entries tied one to another, and used only while the archive's own entry at the place where it ends is,
byte for byte, the one that was read then: its digest stands for all before it. Nothing that proves an archive reads it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final

from services.audit.archive.chain import HEAD, broken, no_archive
from services.audit.archive.errors import ArchiveError
from services.audit.archive.files import ArchiveFiles
from services.audit.archive.keys import PUBLIC, Verifier
from services.audit.archive.manifest import (
    AnyEntry,
    Dropped,
    ForgedError,
    Head,
    Root,
    Segment,
    UnreadableError,
    digest_of,
    entry_file,
    read_entry,
    read_head,
)

TABLES: Final = """
CREATE TABLE chain (only INTEGER PRIMARY KEY CHECK (only = 0), sequence INTEGER NOT NULL,
digest TEXT NOT NULL, root TEXT NOT NULL);
CREATE TABLE segment (number INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, topic TEXT NOT NULL,
partition INTEGER NOT NULL, log INTEGER NOT NULL, first INTEGER NOT NULL, first_at INTEGER NOT NULL,
last_at INTEGER NOT NULL, said TEXT NOT NULL, noted INTEGER NOT NULL DEFAULT 0);
CREATE INDEX segment_order ON segment (epoch, topic, partition, log, first);
CREATE INDEX segment_to_note ON segment (number) WHERE noted = 0;
"""

_AMONG: Final = tuple(
    f"{column} IN (SELECT value FROM json_each(?))"  # noqa: S608 - names of this file
    for column in ("number", "topic", "partition", "epoch")
)
_TOGETHER: Final = 1000
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Register:
    """The segments of one archive, as the index knows them.

    Args:
        database: that of the index, in autocommit.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def follow(self, files: ArchiveFiles) -> int:
        """Take in what the chain has got since the last time, or all of it, and say how far it goes.

        Raises:
            NoArchiveError: there is no chain.
            ArchiveError: an entry is missing, cannot be read, or is not tied to the one before.
        """
        head = _head(files)  # first: another process may add to both
        if not self._is_of(files):
            self._begin_anew(files)
        while self._take(files) == _TOGETHER:
            pass
        known = self._known()
        if known is None:
            raise broken(0) if files.names("chain") else no_archive()
        last, digest = known
        if last < (head.sequence if head else len(files.names("chain")) - 1):
            raise broken(last + 1)
        if head is not None and head.sequence == last and head.digest != digest:
            raise broken(last)
        return last

    def root(self) -> Root:
        """The first entry, once the chain was followed."""
        (said,) = self._database.execute("SELECT root FROM chain").fetchone()
        return Root.model_validate_json(said)

    def segments(
        self,
        until: int,
        *,
        numbers: Collection[int] | None = None,
        topics: Collection[str] | None = None,
        partitions: Collection[int] | None = None,
        epochs: Collection[int] | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> list[Segment]:
        """The segments whose files retention has left and that may hold such records, in the archive's order.

        Args:
            until: the last entry that counts.
            numbers: of these entries.
            topics: of these topics.
            partitions: of these partitions.
            epochs: of these epochs.
            since: with a record appended then or later.
            before: with a record appended before.
        """
        wheres, values = ["number <= ?"], list[object]([until])
        for where, chosen in zip(_AMONG, (numbers, topics, partitions, epochs), strict=True):
            if chosen is not None:
                wheres.append(where)
                values.append(json.dumps(sorted(chosen)))
        if since is not None:
            wheres.append("last_at >= ?")
            values.append(_microseconds(since))
        if before is not None:
            wheres.append("first_at < ?")
            values.append(_microseconds(before))
        rows = self._database.execute(
            f"SELECT said FROM segment WHERE {' AND '.join(wheres)} ORDER BY epoch, topic, partition, log, first",  # noqa: S608 - names of this file
            values,
        )
        return [Segment.model_validate_json(said) for (said,) in rows]

    def _known(self) -> tuple[int, str] | None:
        row: tuple[int, str] | None = self._database.execute("SELECT sequence, digest FROM chain").fetchone()
        return row

    def _is_of(self, files: ArchiveFiles) -> bool:
        """Whether the archive still has, where the register ends, the very entry that it ended with."""
        known = self._known()
        if known is None:
            return True
        try:
            return digest_of(files.read(entry_file(known[0]))) == known[1]
        except FileNotFoundError:
            return False

    def _begin_anew(self, files: ArchiveFiles) -> None:
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            if not self._is_of(files):  # another process may just have done it
                for table in ("chain", "segment", "mention", "offer"):
                    self._database.execute(f"DELETE FROM {table}")  # noqa: S608 - names of this file

    def _take(self, files: ArchiveFiles) -> int:
        """Take in some of the entries that follow, all of these or none; how many."""
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            sequence, digest = self._known() or (-1, None)
            begin = sequence
            while sequence < begin + _TOGETHER and (content := _content(files, sequence + 1)) is not None:
                self._add(_entry(content, sequence + 1, digest))
                sequence, digest = sequence + 1, digest_of(content)
            if sequence > begin:
                self._database.execute("UPDATE chain SET sequence = ?, digest = ?", (sequence, digest))
        return sequence - begin

    def _add(self, entry: AnyEntry) -> None:
        match entry:
            case Root():
                self._database.execute("INSERT INTO chain VALUES (0, 0, '', ?)", (entry.model_dump_json(),))
            case Segment():
                self._database.execute(
                    "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                    (
                        entry.sequence,
                        entry.epoch,
                        entry.topic,
                        entry.partition,
                        entry.log,
                        entry.first,
                        _microseconds(entry.first_at),
                        _microseconds(entry.last_at),
                        entry.model_dump_json(),
                    ),
                )
            case Dropped():
                gone = json.dumps(entry.sequences)
                for table, column in (("segment", "number"), ("mention", "segment"), ("offer", "segment")):
                    self._database.execute(
                        f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))",  # noqa: S608 - idem
                        (gone,),
                    )
            case _:
                pass


def _content(files: ArchiveFiles, sequence: int) -> bytes | None:
    try:
        return files.read(entry_file(sequence))
    except FileNotFoundError:
        return None


def _entry(content: bytes, sequence: int, previous: str | None) -> AnyEntry:
    try:
        entry = read_entry(content, None)
    except UnreadableError as error:
        raise broken(sequence) from error
    if (entry.sequence, entry.previous, isinstance(entry, Root)) != (sequence, previous, sequence == 0):
        raise broken(sequence)
    return entry


def _head(files: ArchiveFiles) -> Head | None:
    """The head that the archive's key signed; none when it says nothing: `verify` tells why."""
    try:
        return read_head(files.read(HEAD), Verifier.of_pem(files.read(PUBLIC)))
    except (FileNotFoundError, UnreadableError, ForgedError, ArchiveError):
        return None


def _microseconds(instant: datetime) -> int:
    return (instant - _BEGINNING) // _MICROSECOND
