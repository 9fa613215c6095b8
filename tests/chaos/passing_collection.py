"""A collection seen through a process that may die: every call goes to the one underneath, by a read or a write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeVar

from passerelles.store.port import ANY, Body, Collection, Order, Scalar, Stored, Where

T = TypeVar("T")


class PassingCollection:
    """Passes calls on; what happens around them is for whoever derives from it."""

    def __init__(self, inner: Collection) -> None:
        self._inner = inner

    async def _read(self, call: Callable[[], Awaitable[T]]) -> T:
        return await call()

    async def _write(self, operation: str, body: Body | None, call: Callable[[], Awaitable[bool]]) -> bool:
        raise NotImplementedError

    async def get(self, id_: str) -> Stored | None:
        return await self._read(lambda: self._inner.get(id_))

    async def get_many(self, ids: Iterable[str]) -> dict[str, Stored]:
        return await self._read(lambda: self._inner.get_many(ids))

    async def revisions(self, ids: Iterable[str]) -> dict[str, int]:
        return await self._read(lambda: self._inner.revisions(ids))

    async def insert(self, id_: str, body: Body) -> bool:
        return await self._write("insert", body, lambda: self._inner.insert(id_, body))

    async def insert_many(self, bodies: Mapping[str, Body]) -> set[str]:
        # A database may be left with any part of them.
        return {id_ for id_, body in bodies.items() if await self.insert(id_, body)}

    async def replace(self, id_: str, body: Body, revision: int) -> bool:
        return await self._write("replace", body, lambda: self._inner.replace(id_, body, revision))

    async def delete(self, id_: str, revision: int | None = None) -> bool:
        return await self._write("delete", None, lambda: self._inner.delete(id_, revision))

    async def find(
        self,
        where: Where = ANY,
        *,
        order: Order | None = None,
        after: tuple[Scalar | None, str] | None = None,
        limit: int | None = None,
    ) -> list[Stored]:
        return await self._read(lambda: self._inner.find(where, order=order, after=after, limit=limit))

    async def count(self, where: Where = ANY) -> int:
        return await self._read(lambda: self._inner.count(where))
