"""Many small writes at once, but not all: a cohort's thousands must not queue at the database's door and time out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

T = TypeVar("T")

AT_ONCE: Final = 64


async def spread(calls: Iterable[Callable[[], Awaitable[T]]]) -> list[T]:
    """The results of these calls, in their order; the first failure is raised, after all have ended."""
    asked = list(calls)
    if len(asked) == 1:  # most often: a task of its own would cost as much as the write
        return [await asked[0]()]
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(call: Callable[[], Awaitable[T]]) -> T:
        async with slots:
            return await call()

    results = await asyncio.gather(*(one(call) for call in asked), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]
