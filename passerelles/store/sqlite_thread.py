"""One thread that owns the SQLite connection, and writes together what was asked for while it was writing."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from passerelles.errors import UnavailableError
from passerelles.store.sqlite_connection import connect
from passerelles.store.sqlite_writes import Outcome, Write, is_busy, make

BATCH: Final = 512
"""Operations after which a batch takes no more: it bounds what the first of them waits for."""

T = TypeVar("T")
Query = Callable[[sqlite3.Connection], T]
"""Reads, on the connection's thread."""

Schema = tuple[str, ...]
"""The idempotent statements that make what is asked for; they run once for a connection."""

Answer = tuple[Any, BaseException | None]


class _Asked(NamedTuple):
    """What somebody asks for: writes, or else a query."""

    schema: Schema
    writes: Sequence[Write]
    query: Query[Any] | None
    answer: asyncio.Future[Any]


_Queue = queue.SimpleQueue[list[_Asked] | None]


class SqliteThread:
    """Reads and writes on one connection; what is answered to have been written has been committed.

    What fails fails alone. Where SQLite cannot keep the rest (disk full), all whose writes were made with it are told.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._asked: _Queue = queue.SimpleQueue()
        self._together: list[_Asked] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Future[None] | None = None
        self._made: set[Schema] = set()

    async def start(self) -> None:
        """Open the file, making it and its folders where they don't exist.

        Raises:
            UnavailableError: the file cannot be opened, or is no SQLite database.
        """
        if self._loop is not None:
            return
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = loop.create_future()
        ended: asyncio.Future[None] = loop.create_future()
        self._asked, self._made = queue.SimpleQueue(), set()
        # A daemon: a process that dies without closing is not held back, and what was committed is safe anyway.
        threading.Thread(target=self._live, args=(self._asked, loop, opened, ended), name="sqlite", daemon=True).start()
        try:
            await opened
        except (sqlite3.Error, OSError) as error:
            raise _unavailable(error) from error
        self._loop, self._ended = loop, ended

    async def stop(self) -> None:
        """Finish what was asked, and close the file."""
        if self._ended is None:
            return
        ended, self._loop, self._ended = self._ended, None, None
        self._hand_over()
        self._asked.put(None)
        await ended

    async def read(self, query: Query[T], schema: Schema = ()) -> T:
        """The result of queries. Raises what they raise, and as `write` does."""
        answer: T = await self._ask((), query, schema)
        return answer

    async def write(self, writes: Sequence[Write], schema: Schema = ()) -> Sequence[bool]:
        """Whether each was made, in their order; committed, but not all or nothing.

        Raises:
            UnavailableError: SQLite could not (locked for too long, disk full, closed); what was made is not known.
        """
        made: Sequence[bool] = await self._ask(writes, None, schema)
        return made

    async def _ask(self, writes: Sequence[Write], query: Query[Any] | None, schema: Schema) -> Any:
        if self._loop is None:
            raise UnavailableError("La base de données n'est pas ouverte.")
        answer: asyncio.Future[Any] = self._loop.create_future()
        # What the loop asks for in one go is handed over once: to wake the thread costs as much as a small write.
        if not self._together:
            self._loop.call_soon(self._hand_over)
        self._together.append(_Asked(schema, writes, query, answer))
        try:
            return await answer
        except (sqlite3.OperationalError, sqlite3.InternalError) as error:
            raise _unavailable(error) from error
        except sqlite3.DatabaseError as error:
            if type(error) is sqlite3.DatabaseError:  # a damaged file; its subclasses are mistakes in a statement
                raise _unavailable(error) from error
            raise

    def _hand_over(self) -> None:
        together, self._together = self._together, []
        for start in range(0, len(together), BATCH):
            self._asked.put(together[start : start + BATCH])

    def _live(
        self,
        asked: _Queue,
        loop: asyncio.AbstractEventLoop,
        opened: asyncio.Future[None],
        ended: asyncio.Future[None],
    ) -> None:
        try:
            connection = connect(self._path)
        except (sqlite3.Error, OSError) as error:
            _tell(loop, [opened], [(None, error)])
            return
        _tell(loop, [opened], [(None, None)])
        while batch := _next_batch(asked):
            try:
                answers = self._answers(connection, batch)
            except Exception as error:  # noqa: BLE001 - whatever it is, those who ask must not wait for ever
                if connection.in_transaction:  # what comes later must not be part of it
                    connection.execute("ROLLBACK")
                answers = [(None, error)] * len(batch)
            _tell(loop, [each.answer for each in batch], answers)
        connection.close()
        _tell(loop, [ended], [(None, None)])

    def _answers(self, connection: sqlite3.Connection, batch: Sequence[_Asked]) -> list[Answer]:
        unmade = self._unmade(connection, {each.schema for each in batch})
        able = [each for each in batch if each.schema not in unmade]
        outcomes = iter(make(connection, [one for each in able for one in each.writes]))
        answers: list[Answer] = []
        for each in batch:
            if each.schema in unmade:
                answers.append((None, unmade[each.schema]))
            elif each.query is not None:
                answers.append(_answer(connection, each.query))
            else:
                answers.append(_told([next(outcomes) for _ in each.writes]))
        return answers

    def _unmade(self, connection: sqlite3.Connection, schemas: set[Schema]) -> dict[Schema, Exception]:
        """Make these; those that could not be, and why."""
        failed: dict[Schema, Exception] = {}
        for schema in schemas - self._made:
            locked = next(filter(is_busy, failed.values()), None)
            error = locked or _failure(connection, schema)
            if error is None:
                self._made.add(schema)
            else:
                failed[schema] = error
        return failed


def _failure(connection: sqlite3.Connection, schema: Schema) -> Exception | None:
    try:
        connection.execute("BEGIN IMMEDIATE")
        for statement in schema:
            connection.execute(statement)
        connection.execute("COMMIT")
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to those who need it
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        return error
    return None


def _answer(connection: sqlite3.Connection, query: Query[Any]) -> Answer:
    try:
        return query(connection), None
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the one who asked
        return None, error


def _told(outcomes: Sequence[Outcome]) -> Answer:
    error = next((each for each in outcomes if isinstance(each, Exception)), None)
    return (None, error) if error else (outcomes, None)


def _next_batch(asked: _Queue) -> list[_Asked]:
    """What waits, the first of it being waited for; nothing: the end."""
    batch: list[_Asked] = []
    together = asked.get()
    with contextlib.suppress(queue.Empty):
        while together is not None:
            batch += together
            if len(batch) >= BATCH:
                return batch
            together = asked.get_nowait()
    if together is None and batch:
        asked.put(None)  # the end comes after this batch
    return batch


def _tell(loop: asyncio.AbstractEventLoop, asked: Sequence[asyncio.Future[Any]], answers: Sequence[Answer]) -> None:
    def tell() -> None:
        for future, (result, error) in zip(asked, answers, strict=True):
            if future.done():  # whoever asked was cancelled
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(tell)


def _unavailable(error: Exception) -> UnavailableError:
    return UnavailableError(
        f"La base de données SQLite ne répond pas ({error}).",
        remedy="Vérifier le fichier, ses droits et la place sur le disque, puis réessayer.",
    )
