"""A store and a channel that die at a chosen step, as a process does: from then on nothing of it works any more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from passerelles.store.port import Body, Collection, Store
from services.notifications.channels.port import Attempt, ChannelPort, Recipient
from services.notifications.rendering import Rendered
from tests.chaos.passing_collection import PassingCollection

T = TypeVar("T")


class KilledError(Exception):
    """The process is dead."""


class Fate:
    """Counts the steps that leave a trace, and kills at one of them: before it takes effect, or just after."""

    def __init__(self, at: int | None = None, *, after: bool = False) -> None:
        self.at, self.after = at, after
        self.steps = 0
        self.dead = False

    async def step(self, effect: Awaitable[T]) -> T:
        self.look(effect)
        self.steps += 1
        fatal = self.steps == self.at
        if fatal and not self.after:
            self.dead = True
            self.look(effect)
        result = await effect
        if fatal:
            self.dead = True
        self.look()
        return result

    def look(self, unused: Any = None) -> None:
        if self.dead:
            if unused is not None:
                unused.close()
            raise KilledError


class MortalCollection(PassingCollection):
    def __init__(self, inner: Collection, fate: Fate) -> None:
        super().__init__(inner)
        self._fate = fate

    async def _read(self, call: Callable[[], Awaitable[T]]) -> T:
        self._fate.look()
        return await call()

    async def _write(self, operation: str, body: Body | None, call: Callable[[], Awaitable[bool]]) -> bool:
        del operation, body
        return await self._fate.step(call())


class MortalStore:
    def __init__(self, inner: Store, fate: Fate) -> None:
        self._inner, self._fate = inner, fate

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def ping(self) -> None: ...

    def collection(self, name: str, *, indexes: Sequence[Sequence[str]] = ()) -> Collection:
        return MortalCollection(self._inner.collection(name, indexes=indexes), self._fate)


class MortalChannel:
    def __init__(self, inner: ChannelPort, fate: Fate) -> None:
        self._inner, self._fate = inner, fate
        self.at_once, self.via = inner.at_once, inner.via

    async def stop(self) -> None: ...

    async def probe(self) -> Attempt:
        return await self._inner.probe()

    async def send(self, id_: UUID, recipient: Recipient, message: Rendered) -> Attempt:
        return await self._fate.step(self._inner.send(id_, recipient, message))
