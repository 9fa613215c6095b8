"""What changes, told as it happens to those who watch this process; who was away reads the lists again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

Kind = Literal["company", "need", "availability", "proposal", "delivery"]

_BACKLOG: Final = 1000
"""Changes kept for a watcher that is slow; one that falls further behind is let go, and reconnects."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something changed.

    Attributes:
        companies: those that it concerns, and that may know of it; the operator may know of all.
    """

    kind: Kind
    id: UUID
    version: int
    status: str
    companies: frozenset[UUID]
    at: datetime


class Watch:
    """One watcher's changes, in order, from the moment it began; it ends when the watcher is too slow."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Change | None] = asyncio.Queue()

    def put(self, change: Change | None) -> bool:
        """Add one, or none to end. False: too far behind."""
        if self._queue.qsize() >= _BACKLOG:
            change = None
        self._queue.put_nowait(change)
        return change is not None

    async def __aiter__(self) -> AsyncIterator[Change]:
        while (change := await self._queue.get()) is not None:
            yield change


class Feed:
    """Tells every watcher of this process."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()

    def tell(self, change: Change) -> None:
        """Hand a change to every watcher; never waits."""
        for watch in tuple(self._watches):
            if not watch.put(change):
                self._watches.discard(watch)

    @contextmanager
    def watching(self) -> Iterator[Watch]:
        """A watch that begins now."""
        watch = Watch()
        self._watches.add(watch)
        try:
            yield watch
        finally:
            self._watches.discard(watch)

    def close(self) -> None:
        """End every watch: the process stops."""
        for watch in tuple(self._watches):
            watch.put(None)
        self._watches.clear()
