"""How consumers wait for what is away: ever longer, never in step with one another, and until told to stop."""

from __future__ import annotations

import random
from asyncio import Event, wait_for
from contextlib import suppress

FIRST_SECONDS = 0.2
# A dependency that comes back after an hour is found within this; a hundred consumers ask it ten times a second.
LONGEST_SECONDS = 10.0


class Backoff:
    """The waits of one difficulty; made anew for the next.

    Args:
        first: seconds of the first wait, before jitter.
        longest: none is longer.
    """

    def __init__(self, first: float = FIRST_SECONDS, longest: float = LONGEST_SECONDS) -> None:
        self._next = first
        self._longest = longest

    async def wait(self, unless: Event) -> None:
        """Wait between half and all of the next duration, or until the event is set."""
        seconds = self._next * random.uniform(0.5, 1)  # noqa: S311 (jitter, not cryptography)
        self._next = min(self._next * 2, self._longest)
        with suppress(TimeoutError):
            await wait_for(unless.wait(), seconds)
