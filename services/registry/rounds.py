"""A piece of work done again and again in the background, with its check: red while what it needs is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog

from passerelles.bus.faults import fault
from passerelles.errors import UnavailableError
from passerelles.health import Check

RETRY_SECONDS: Final = 1.0
"""After a round that failed."""

log = structlog.get_logger(__name__)


class Rounds:
    """Works between `start` and `stop`; a round that fails is logged, and the next one tries again.

    Args:
        pause: seconds until the next round, asked after each that went well.
    """

    def __init__(self, work: Callable[[], Awaitable[object]], check: Check, *, pause: Callable[[], float]) -> None:
        self._work = work
        self._check = check
        self._pause = pause
        self._stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin with a round at once."""
        self._running = asyncio.create_task(self._run(), name=f"rounds {self._check.name}")

    async def stop(self) -> None:
        """Finish the round under way."""
        self._stopping.set()
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        while not self._stopping.is_set():
            pause = RETRY_SECONDS
            try:
                await self._work()
            except UnavailableError as error:
                self._check.down(error.detail)
            except Exception as error:  # noqa: BLE001 (a loop outlives whatever one round meets)
                log.error("round.failed", check=self._check.name, fault=fault(error))  # noqa: TRY400 (may quote data)
                self._check.down("une erreur imprévue : voir le journal")
            else:
                self._check.up()
                pause = self._pause()
            self._check.moved()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
        self._check.rested()
