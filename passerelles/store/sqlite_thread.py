"""One thread that owns the SQLite connection, and commits together what was asked while it was committing."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from passerelles.errors import UnavailableError

BUSY_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 0.01
"""How long a transaction waits for another process's; those last a few milliseconds, so that this means trouble."""

_SWITCH_SECONDS: Final = 0.001
"""After how long a thread that computes lets another go on. SQLite's gives way at each statement: with the 5 ms of
CPython, a transaction beside a busy event loop took several times as long."""

BATCH: Final = 512
"""Operations after which a transaction takes no more: it bounds what the first of them waits for."""

PRAGMAS: Final = (
    # Readers of other processes go on while one writes.
    "PRAGMA journal_mode = WAL",
    # In WAL mode a commit then costs no fsync. A killed process loses nothing and the file never breaks; a power cut
    # may lose the last commits, which the embedded stack accepts: its log lives in memory and goes at the same time.
    "PRAGMA synchronous = NORMAL",
)

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
"""One statement, on the connection's thread."""

Outcome = tuple[Any, BaseException | None]


class _Operation(NamedTuple):
    work: Work[Any]
    writes: bool
    schema: tuple[str, ...]
    answer: asyncio.Future[Any]


_Queue = queue.SimpleQueue[list[_Operation] | None]


class SqliteThread:
    """Runs single statements on one connection; each is answered after its transaction has been committed.

    What fails fails alone: SQLite undoes the statement and keeps the transaction. Where it cannot (disk full), the
    whole transaction is undone and everyone in it is told.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._asked: _Queue = queue.SimpleQueue()
        self._together: list[_Operation] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Future[None] | None = None
        self._made: set[tuple[str, ...]] = set()

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

    async def run(self, work: Work[T], *, writes: bool, schema: tuple[str, ...] = ()) -> T:
        """The result of a statement, once committed.

        `schema` holds the idempotent statements that make what `work` needs; they run once.

        Raises:
            UnavailableError: SQLite could not (locked for too long, disk full, closed); a write was not made.
        """
        if self._loop is None:
            raise UnavailableError("La base de données n'est pas ouverte.")
        answer: asyncio.Future[T] = self._loop.create_future()
        # What the loop asks for in one go is handed over once: to wake the thread costs as much as a small write.
        if not self._together:
            self._loop.call_soon(self._hand_over)
        self._together.append(_Operation(work, writes, schema, answer))
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
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = _connect(self._path)
            sys.setswitchinterval(_SWITCH_SECONDS)
        except (sqlite3.Error, OSError) as error:
            _tell(loop, [opened], [(None, error)])
            return
        _tell(loop, [opened], [(None, None)])
        while batch := _next_batch(asked):
            _tell(loop, [each.answer for each in batch], self._commit(connection, batch))
        connection.close()
        _tell(loop, [ended], [(None, None)])

    def _commit(self, connection: sqlite3.Connection, batch: Sequence[_Operation]) -> list[Outcome]:
        made: set[tuple[str, ...]] = set()
        together = any(each.writes or each.schema not in self._made for each in batch)
        outcomes: list[Outcome] = []
        try:
            if together:
                connection.execute("BEGIN IMMEDIATE")
            for operation in batch:
                outcomes.append(self._attempt(connection, operation, made))
                if together and not connection.in_transaction:
                    raise outcomes[-1][1] or sqlite3.OperationalError("transaction lost")
            if together:
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            return [(None, error)] * len(batch)
        self._made |= made
        return outcomes

    def _attempt(self, connection: sqlite3.Connection, operation: _Operation, made: set[tuple[str, ...]]) -> Outcome:
        try:
            if operation.schema not in self._made and operation.schema not in made:
                for statement in operation.schema:
                    connection.execute(statement)
                made.add(operation.schema)
            return operation.work(connection), None
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the one who asked
            return None, error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, cached_statements=512)
    try:
        for pragma in PRAGMAS:
            _patiently(connection, pragma)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _patiently(connection: sqlite3.Connection, pragma: str) -> None:
    """Execute, again while another process turns a new file to WAL: SQLite then answers busy without waiting."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute(pragma)
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return


def _next_batch(asked: _Queue) -> list[_Operation]:
    """What waits, the first of it being waited for; nothing: the end."""
    batch: list[_Operation] = []
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


def _tell(loop: asyncio.AbstractEventLoop, answers: Sequence[asyncio.Future[Any]], outcomes: Sequence[Outcome]) -> None:
    def tell() -> None:
        for answer, (result, error) in zip(answers, outcomes, strict=True):
            if answer.done():  # whoever asked was cancelled
                continue
            if error is None:
                answer.set_result(result)
            else:
                answer.set_exception(error)

    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(tell)


def _unavailable(error: Exception) -> UnavailableError:
    return UnavailableError(
        f"La base de données SQLite ne répond pas ({error}).",
        remedy="Vérifier le fichier, ses droits et la place sur le disque, puis réessayer.",
    )
