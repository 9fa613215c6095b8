"""A store and a bus seen from a process that is killed at its n-th write or publication."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from passerelles.store.port import Body, Collection, Store
from schemas.envelope import Event
from schemas.vocabulary import Payload
from tests.chaos.passing_collection import PassingCollection
from tests.unit.registry.world import Log


class Killed(BaseException):
    """The process is no more."""


@dataclass
class Fate:
    """When the process dies.

    Attributes:
        at: dies at this step, counted from 1; 0 never does.
        after: the step was done, and its answer was lost; else it was never done.
        steps: how many were tried.
    """

    at: int = 0
    after: bool = False
    steps: int = 0

    def before_step(self) -> None:
        """Count a step, and die before it if it is time; everything after the end fails too."""
        self.steps += 1
        if self.at and (self.steps > self.at or (self.steps == self.at and not self.after)):
            raise Killed

    def after_step(self) -> None:
        """Die once the step is done, if it is time."""
        if self.at and self.steps >= self.at:
            raise Killed


class MortalCollection(PassingCollection):
    """A collection whose writes may be the last thing that the process does."""

    def __init__(self, inner: Collection, fate: Fate) -> None:
        super().__init__(inner)
        self._fate = fate

    async def _write(self, operation: str, body: Body | None, call: Callable[[], Awaitable[bool]]) -> bool:
        del operation, body
        self._fate.before_step()
        written = await call()
        self._fate.after_step()
        return written


class MortalStore:
    """The store as a process with a fate sees it; the documents are those of the store underneath."""

    def __init__(self, inner: Store, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate
        self._collections: dict[str, MortalCollection] = {}

    async def open(self) -> None:
        """The store underneath is opened by its owner."""

    async def close(self) -> None:
        """The store underneath is closed by its owner."""

    async def ping(self) -> None:
        await self._inner.ping()

    def collection(self, name: str, *, indexes: Sequence[Sequence[str]] = ()) -> MortalCollection:
        inner = self._inner.collection(name, indexes=indexes)
        return self._collections.setdefault(name, MortalCollection(inner, self._fate))


class MortalLog(Log):
    """A log whose publications may be the last thing that the process does."""

    def __init__(self, survivor: Log, fate: Fate) -> None:
        super().__init__()
        self.events = survivor.events
        self._fate = fate

    async def publish(self, events: Sequence[Event[Payload]]) -> None:
        self._fate.before_step()
        self.events.extend(events)
        self._fate.after_step()
