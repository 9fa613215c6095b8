"""A store and a channel that die at a chosen step, as a process does: from then on nothing of it works any more."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from passerelles.store.port import ANY, Body, Collection, Order, Scalar, Store, Stored, Where
from services.notifications.channels.port import Attempt, ChannelPort, Recipient
from services.notifications.rendering import Rendered

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


class MortalCollection:
    def __init__(self, inner: Collection, fate: Fate) -> None:
        self._inner, self._fate = inner, fate

    async def get(self, id_: str) -> Stored | None:
        self._fate.look()
        return await self._inner.get(id_)

    async def get_many(self, ids: Iterable[str]) -> dict[str, Stored]:
        self._fate.look()
        return await self._inner.get_many(ids)

    async def revisions(self, ids: Iterable[str]) -> dict[str, int]:
        self._fate.look()
        return await self._inner.revisions(ids)

    async def insert(self, id_: str, body: Body) -> bool:
        return await self._fate.step(self._inner.insert(id_, body))

    async def insert_many(self, bodies: Mapping[str, Body]) -> set[str]:
        # A database may be left with any part of them.
        return {id_ for id_, body in bodies.items() if await self.insert(id_, body)}

    async def replace(self, id_: str, body: Body, revision: int) -> bool:
        return await self._fate.step(self._inner.replace(id_, body, revision))

    async def delete(self, id_: str, revision: int | None = None) -> bool:
        return await self._fate.step(self._inner.delete(id_, revision))

    async def find(
        self,
        where: Where = ANY,
        *,
        order: Order | None = None,
        after: tuple[Scalar | None, str] | None = None,
        limit: int | None = None,
    ) -> list[Stored]:
        self._fate.look()
        return await self._inner.find(where, order=order, after=after, limit=limit)

    async def count(self, where: Where = ANY) -> int:
        self._fate.look()
        return await self._inner.count(where)


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
