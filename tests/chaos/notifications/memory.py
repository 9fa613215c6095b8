"""The store's port in memory, for the tests that live a whole life at every step; the others use the real adapters."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence

from passerelles.store.port import ANY, Body, Collection, Order, Scalar, Stored, Where


class MemoryCollection:
    """Documents in a dictionary; every call lets the others go on, as a database does."""

    def __init__(self) -> None:
        self._documents: dict[str, tuple[int, str]] = {}

    async def get(self, id_: str) -> Stored | None:
        return (await self.get_many([id_])).get(id_)

    async def get_many(self, ids: Iterable[str]) -> dict[str, Stored]:
        await asyncio.sleep(0)
        return {id_: self._stored(id_) for id_ in ids if id_ in self._documents}

    async def revisions(self, ids: Iterable[str]) -> dict[str, int]:
        return {id_: stored.revision for id_, stored in (await self.get_many(ids)).items()}

    def _stored(self, id_: str) -> Stored:
        revision, text = self._documents[id_]
        return Stored(id_, revision, json.loads(text))

    async def insert(self, id_: str, body: Body) -> bool:
        await asyncio.sleep(0)
        if id_ in self._documents:
            return False
        self._documents[id_] = (1, json.dumps(body))
        return True

    async def insert_many(self, bodies: Mapping[str, Body]) -> set[str]:
        return {id_ for id_, body in bodies.items() if await self.insert(id_, body)}

    async def replace(self, id_: str, body: Body, revision: int) -> bool:
        await asyncio.sleep(0)
        if self._documents.get(id_, (0, ""))[0] != revision:
            return False
        self._documents[id_] = (revision + 1, json.dumps(body))
        return True

    async def delete(self, id_: str, revision: int | None = None) -> bool:
        raise NotImplementedError

    async def find(
        self,
        where: Where = ANY,
        *,
        order: Order | None = None,
        after: tuple[Scalar | None, str] | None = None,
        limit: int | None = None,
    ) -> list[Stored]:
        await asyncio.sleep(0)
        found = [each for each in map(self._stored, self._documents) if _matches(each.body, where)]

        def place(each: Stored) -> tuple[str, str]:
            return (str(each.body[order.by]) if order else "", each.id)

        found.sort(key=place)
        if after is not None:
            found = [each for each in found if place(each) > (str(after[0]) if order else "", after[1])]
        return found[:limit]

    async def count(self, where: Where = ANY) -> int:
        return len(await self.find(where))


class MemoryStore:
    def __init__(self) -> None:
        self._collections: dict[str, MemoryCollection] = {}

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def ping(self) -> None: ...

    def collection(self, name: str, *, indexes: Sequence[Sequence[str]] = ()) -> Collection:
        del indexes
        return self._collections.setdefault(name, MemoryCollection())


def _matches(body: Body, where: Where) -> bool:
    return (
        all(body.get(name) == value for name, value in where.equal.items())
        and all(body.get(name) in accepted for name, accepted in where.among.items())
        and all(body.get(name) is not None and body[name] <= bound for name, bound in where.at_most.items())
        and all(body.get(name) is not None and body[name] > bound for name, bound in where.above.items())
    )
