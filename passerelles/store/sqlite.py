"""The store on one SQLite file: the embedded default, which several processes may open at once."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from passerelles.store.fields import collection_name
from passerelles.store.port import ANY, Body, Order, Scalar, Stored, Where
from passerelles.store.sqlite_queries import condition, ordering, schema
from passerelles.store.sqlite_thread import SqliteThread
from passerelles.store.sqlite_writes import Kinds, Write

_Row = tuple[str, int, str]
_LONG_NUMBERS: Final = tuple(re.compile(before + r"-?[1-9][0-9]{18}") for before in (":", ",", r"\["))
"""What may be a number that is too large, behind what stands before a value. Each pattern begins with one letter, which
is found at once: to look at every digit of identifiers and times took as long as the encoding."""
_LARGEST: Final = (1 << 63) - 1
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class SqliteStore:
    """Documents as JSON text, one table a collection; a commit costs no fsync (see `sqlite_connection`).

    `path` is the file; `-wal` and `-shm` appear beside it while it is open. Network file systems cannot hold it.
    """

    def __init__(self, path: str | Path) -> None:
        self._thread = SqliteThread(Path(path))
        self._collections: dict[str, SqliteCollection] = {}

    async def open(self) -> None:
        """Open the file and make what was declared. Raises `UnavailableError`."""
        await self._thread.start()
        # One that is declared meanwhile prepares itself.
        for collection in list(self._collections.values()):
            await collection.prepare()

    async def close(self) -> None:
        """Finish what was asked and close the file."""
        await self._thread.stop()

    async def ping(self) -> None:
        """Return when the file answers. Raises `UnavailableError`."""
        await self._thread.read(lambda connection: connection.execute("SELECT 1").fetchone())

    def collection(self, name: str, *, indexes: Sequence[Sequence[str]] = ()) -> SqliteCollection:
        """Declare and get a collection; it is made at once if open, else by `open`, at the latest by its first use."""
        collection = self._collections.get(name)
        if collection is None:
            collection = self._collections[name] = SqliteCollection(self._thread, collection_name(name))
        collection.declare(indexes)
        return collection


class SqliteCollection:
    """One table. See `passerelles.store.port.Collection`."""

    def __init__(self, thread: SqliteThread, table: str) -> None:
        self._thread = thread
        self._table = table
        self._indexes: dict[tuple[str, ...], None] = {}
        self._schema = schema(table, ())
        self._get = f'SELECT id, revision, body FROM "{table}" WHERE id = ?'  # noqa: S608 - a checked name
        self._get_many = f'SELECT id, revision, body FROM "{table}" WHERE id IN (SELECT value FROM json_each(?))'  # noqa: S608
        self._revision = f'SELECT id, revision FROM "{table}" WHERE id = ?'  # noqa: S608
        self._revisions = f'SELECT id, revision FROM "{table}" WHERE id IN (SELECT value FROM json_each(?))'  # noqa: S608
        self._kinds = Kinds(table)

    def declare(self, indexes: Sequence[Sequence[str]]) -> None:
        """Add indexes to those that the collection has."""
        self._indexes.update(dict.fromkeys(tuple(fields) for fields in indexes))
        self._schema = schema(self._table, tuple(self._indexes))

    async def prepare(self) -> None:
        """Make the table and its indexes. Raises `UnavailableError`."""
        await self._thread.read(lambda _: None, self._schema)

    async def get(self, id_: str) -> Stored | None:
        """The document, or none."""
        rows = await self._read(self._get, (id_,))
        return _stored(rows[0]) if rows else None

    async def get_many(self, ids: Iterable[str]) -> dict[str, Stored]:
        """Those that exist, by identifier."""
        return {row[0]: _stored(row) for row in await self._read_of(ids, self._get, self._get_many)}

    async def revisions(self, ids: Iterable[str]) -> dict[str, int]:
        """The revisions of those that exist, by identifier."""
        return dict(await self._read_of(ids, self._revision, self._revisions))

    async def insert(self, id_: str, body: Body) -> bool:
        """Write a document that does not exist yet."""
        return await self._write(Write(self._kinds.insert, id_, body=_text(body)))

    async def insert_many(self, bodies: Mapping[str, Body]) -> set[str]:
        """Write those that do not exist yet."""
        writes = [Write(self._kinds.insert, id_, body=_text(body)) for id_, body in bodies.items()]
        made = await self._thread.write(writes, self._schema) if writes else ()
        return {each.id for each, written in zip(writes, made, strict=True) if written}

    async def replace(self, id_: str, body: Body, revision: int) -> bool:
        """Write the document if it still has this revision."""
        return await self._write(Write(self._kinds.replace, id_, revision, _text(body)))

    async def delete(self, id_: str, revision: int | None = None) -> bool:
        """Remove the document, if it still has this revision where one is given."""
        return await self._write(Write(self._kinds.delete, id_, revision))

    async def find(
        self,
        where: Where = ANY,
        *,
        order: Order | None = None,
        after: tuple[Scalar | None, str] | None = None,
        limit: int | None = None,
    ) -> list[Stored]:
        """The matching documents, in order."""
        clause, values = condition(where, order, after)
        query = f'SELECT id, revision, body FROM "{self._table}"{clause}{ordering(order)}'  # noqa: S608 - checked names
        if limit is not None:
            query += " LIMIT ?"
            values.append(max(limit, 0))
        return [_stored(row) for row in await self._read(query, values)]

    async def count(self, where: Where = ANY) -> int:
        """How many documents match."""
        clause, values = condition(where)
        query = f'SELECT count(*) FROM "{self._table}"{clause}'  # noqa: S608 - checked names
        rows = await self._read(query, values)
        return int(rows[0][0])

    async def _read_of(self, ids: Iterable[str], one: str, many: str) -> list[Any]:
        """The rows of these documents, by the query for one or for a list."""
        asked = list(ids)
        # One is most often what is asked for; and to have SQLite read a list costs more than to find a document.
        return await self._read(*((one, asked) if len(asked) == 1 else (many, (json.dumps(asked),))))

    async def _read(self, query: str, values: Sequence[Any]) -> list[Any]:
        def read(connection: sqlite3.Connection) -> list[Any]:
            return connection.execute(query, values).fetchall()

        return await self._thread.read(read, self._schema)

    async def _write(self, write: Write) -> bool:
        (made,) = await self._thread.write((write,), self._schema)
        return made


def _stored(row: _Row) -> Stored:
    return Stored(row[0], row[1], json.loads(row[2]))


def _text(body: Body) -> str:
    text = _ENCODER.encode(body)
    if any(number.search(text) for number in _LONG_NUMBERS):  # rare, so that the walk is rare too
        _refuse_large(body)
    return text


def _refuse_large(value: Any) -> None:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            _refuse_large(each)
    elif isinstance(value, int) and not -_LARGEST - 1 <= value <= _LARGEST:
        raise ValueError("a whole number of a document holds in 64 bits")
