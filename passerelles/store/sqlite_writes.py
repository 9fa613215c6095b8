"""Writes of documents, as many as come together in one statement, which is a transaction by itself.

Each step of SQLite gives Python's lock away and waits to have it back: beside a busy event loop, a statement for each
document made the store wait three times as long as it worked. So a view that only this connection has takes the writes
of all collections, and its triggers put each where it belongs. One that is refused undoes the statement, and all in it
are made again one by one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

PART: Final = 128
"""Writes of one statement, at most: SQLite before 3.32 takes 999 values, and each write has four."""

PART_CHARACTERS: Final = 1_000_000
"""Of the bodies of one statement, about: SQLite keeps them in memory once more until the triggers have run."""

VIEW: Final = (
    "CREATE TEMP VIEW IF NOT EXISTS _writes AS SELECT NULL AS kind, NULL AS id, NULL AS revision, NULL AS body"
)
"""Where writes go in; no collection has a name that begins so."""

_NOTHING: Final = (None, None, None, None)
"""A row that no trigger looks at."""


class Kind(NamedTuple):
    """What a write does to which table; `statement` does it to one document."""

    name: str
    statement: str

    @property
    def trigger(self) -> str:
        """What does the same to a row of the view, and undoes the whole statement where the row is refused."""
        # A colon stands before the parameters only: names of tables have none.
        for_row = self.statement.replace(":", "new.")
        return (
            f'CREATE TEMP TRIGGER IF NOT EXISTS "{self.name}" INSTEAD OF INSERT ON _writes '
            f"WHEN new.kind = '{self.name}' BEGIN {for_row}; SELECT RAISE(ABORT, 'refused') WHERE changes() = 0; END"
        )


class Kinds:
    """The kinds of writes to one table, of a checked name."""

    def __init__(self, table: str) -> None:
        self.insert = Kind(
            f"insert:{table}",
            f'INSERT INTO "{table}" VALUES (:id, 1, :body) ON CONFLICT (id) DO NOTHING',  # noqa: S608 - a checked name
        )
        self.replace = Kind(
            f"replace:{table}",
            f'UPDATE "{table}" SET revision = revision + 1, body = :body WHERE id = :id AND revision = :revision',  # noqa: S608
        )
        self.delete = Kind(
            f"delete:{table}",
            f'DELETE FROM "{table}" WHERE id = :id AND revision = coalesce(:revision, revision)',  # noqa: S608
        )

    @property
    def triggers(self) -> tuple[str, ...]:
        """What makes them known to the view of a connection."""
        return tuple(each.trigger for each in (self.insert, self.replace, self.delete))


class Write(NamedTuple):
    """One document to be written."""

    kind: Kind
    id: str
    revision: int | None = None
    body: str | None = None


Outcome = bool | Exception
"""Whether it was made; refused: not. Or why it could not be: what SQLite says, or that it cannot be text."""


def make(connection: sqlite3.Connection, writes: Sequence[Write]) -> list[Outcome]:
    """What became of each, in their order; what was made is committed."""
    outcomes: list[Outcome] = []
    for part in _parts(writes):
        locked = outcomes[-1] if outcomes and is_busy(outcomes[-1]) else None
        # Another process's transaction was waited for; whatever is left does not wait as long once more.
        outcomes += _made(connection, part) if locked is None else [locked] * len(part)
    return outcomes


def is_busy(outcome: object) -> bool:
    """Whether SQLite waited for another process's transaction, as long as it was to, and in vain."""
    code = getattr(outcome, "sqlite_errorcode", None) or 0
    return code & 0xFF == sqlite3.SQLITE_BUSY  # the rest says in which way


def _parts(writes: Sequence[Write]) -> Iterator[Sequence[Write]]:
    part: list[Write] = []
    room = PART_CHARACTERS
    for each in writes:
        room -= len(each.body or "")
        if part and (room < 0 or len(part) == PART):
            yield part
            part, room = [], PART_CHARACTERS - len(each.body or "")
        part.append(each)
    if part:
        yield part


def _made(connection: sqlite3.Connection, writes: Sequence[Write]) -> Sequence[Outcome]:
    if len(writes) > 1:
        try:
            _in_one_statement(connection, writes)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to one of them
            if is_busy(error):
                return [error] * len(writes)
        else:
            return [True] * len(writes)
    return _one_by_one(connection, writes)


def _in_one_statement(connection: sqlite3.Connection, writes: Sequence[Write]) -> None:
    # Few statements, of 2, 4, 8… rows: SQLite compiles each once.
    rows = 1 << (len(writes) - 1).bit_length()
    values = [value for each in writes for value in (each.kind.name, each.id, each.revision, each.body)]
    values += _NOTHING * (rows - len(writes))
    places = ", ".join(["(?, ?, ?, ?)"] * rows)
    connection.execute(f"INSERT INTO _writes VALUES {places}", values)  # noqa: S608 - marks only


def _one_by_one(connection: sqlite3.Connection, writes: Sequence[Write]) -> Sequence[Outcome]:
    """In one transaction still. SQLite undoes what fails and keeps the rest, or undoes all where it cannot."""
    outcomes: list[Outcome] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for each in writes:
            outcomes.append(_one(connection, each))
            if not connection.in_transaction:
                raise sqlite3.OperationalError(f"transaction lost: {outcomes[-1]}")
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        return [error] * len(writes)
    return outcomes


def _one(connection: sqlite3.Connection, write: Write) -> Outcome:
    try:
        return connection.execute(write.kind.statement, write._asdict()).rowcount == 1
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to this one
        return error
