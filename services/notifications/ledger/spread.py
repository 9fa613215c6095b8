"""Many small writes at once, but not all: a cohort's thousands must not queue at the database's door and time out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

T = TypeVar("T")

AT_ONCE: Final = 64


async def spread(calls: Iterable[Callable[[], Awaitable[T]]]) -> list[T]:
    """The results of these calls, in their order; the first failure is raised, after all have ended.

    A call that is cancelled from within has failed. Whoever cancels this cancels all.
    """
    asked = list(calls)
    if len(asked) == 1:
        return [await asked[0]()]
    turns = iter(enumerate(asked))
    results: dict[int, T] = {}
    failures: dict[int, BaseException] = {}

    async def work() -> None:
        for place, call in turns:
            try:
                results[place] = await call()
            except (Exception, asyncio.CancelledError) as error:
                if isinstance(error, asyncio.CancelledError) and _being_cancelled():
                    raise
                failures[place] = error

    # Whoever asks works as well: a task costs as much as a write.
    others = [asyncio.create_task(work()) for _ in range(min(len(asked), AT_ONCE) - 1)]
    try:
        await work()
        for each in others:
            await each
    except asyncio.CancelledError:
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        raise
    if failures:
        raise failures[min(failures)]
    return [results[place] for place in range(len(asked))]


def _being_cancelled() -> bool:
    """Whether the cancellation that a call ended by came from without."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
