"""How those on the bus wait: for what is away, ever longer and never in step with one another; and for their turn."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar

from passerelles.errors import UnavailableError
from passerelles.health import Check
from passerelles.telemetry import WAITS

FIRST_SECONDS: Final = 0.2
LONGEST_SECONDS: Final = 10.0
"""A dependency that comes back after an hour is found within this; a hundred consumers ask it ten times a second."""

FAIR_SECONDS: Final = 0.005
"""How long a computation may keep the event loop to itself."""

T = TypeVar("T")


class LeftError(Exception):
    """What was being worked on is no longer this consumer's: it stops, or its partitions went to another."""


class Backoff:
    """The waits of one difficulty; made anew for the next.

    Args:
        first: seconds of the first wait, before jitter.
        longest: none is longer.
    """

    def __init__(self, first: float = FIRST_SECONDS, longest: float = LONGEST_SECONDS) -> None:
        self._next = first
        self._longest = longest

    async def wait(self, unless: asyncio.Event) -> None:
        """Wait between half and all of the next duration, or until the event is set."""
        seconds = self._next * random.uniform(0.5, 1)  # noqa: S311 (jitter, not cryptography)
        self._next = min(self._next * 2, self._longest)
        await pause(seconds, unless=unless)


async def pause(seconds: float, *, unless: asyncio.Event) -> None:
    """Wait, or until the event is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(unless.wait(), seconds)


def stay(left: asyncio.Event) -> None:
    """Go on, unless `left` is set: then raises `LeftError`."""
    if left.is_set():
        raise LeftError


async def patiently(call: Callable[[], Awaitable[T]], *, group: str, check: Check, left: asyncio.Event) -> T:
    """What a call gives, once everything that it needs is there; meanwhile the check is red.

    Raises:
        LeftError: `left` was set while something was away.
    """
    backoff: Backoff | None = None
    while True:
        try:
            answer = await call()
        except UnavailableError as error:
            backoff = backoff or Backoff()
            WAITS.labels(group).inc()
            check.down(error.detail)
            check.moved()
            await backoff.wait(left)
            stay(left)
        else:
            if backoff is not None:
                check.up()
            return answer


class Fairness:
    """Gives the event loop its turn during long computations."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    async def turn(self) -> None:
        """Let others run, if they have waited for 5 ms."""
        if time.perf_counter() - self._since > FAIR_SECONDS:
            await asyncio.sleep(0)
            self._since = time.perf_counter()


async def unless(event: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work gives; none, and the work is cancelled, when the event is set first."""
    working = asyncio.create_task(work)
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        return await working if working.done() else None
    finally:
        for task in (working, waiting):
            task.cancel()
        await asyncio.gather(working, waiting, return_exceptions=True)
