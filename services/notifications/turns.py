"""Whose turn it is: few steps at once, and first those of the company that has waited longest since its last one.

Otherwise a company whose needs are answered by thousands in a minute would have all other alerts behind its own.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from typing import Final

AT_ONCE: Final = 16
"""Steps under way: enough to keep the store and the mail server busy; more would only keep the bus from being read."""


class Turns:
    """Turns of companies, by any name that is theirs; in the order of arrival within a company."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = self._free = at_once
        self._served: dict[str, int] = {}
        self._count = self._arrivals = 0
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._next: list[tuple[int, int, str]] = []

    def of(self, company: str) -> _Turn:
        """A turn of this company, for as long as the context lasts."""
        return _Turn(self, company)

    async def take(self, company: str) -> None:
        """Wait for a turn of this company; whoever has taken it has to pass it on."""
        if self._free:
            self._free -= 1
            self._note(company)
        else:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            if company not in self._waiting:
                self._waiting[company] = deque()
                self._queue(company)
            self._waiting[company].append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self.pass_on()
                raise

    def pass_on(self) -> None:
        """Give a turn that is over to the next one."""
        while self._next:
            _, _, company = heapq.heappop(self._next)
            turns = self._waiting[company]
            turn = turns.popleft()
            given = not turn.done()
            if given:
                self._note(company)
                turn.set_result(None)
            if turns:
                self._queue(company)
            else:
                del self._waiting[company]
            if given:
                return
        self._free += 1
        if self._free == self._at_once:
            self._served.clear()

    def _note(self, company: str) -> None:
        self._count += 1
        self._served[company] = self._count

    def _queue(self, company: str) -> None:
        """Line up a company that waits: once, by its last turn, which does not change before it is its turn again."""
        self._arrivals += 1
        heapq.heappush(self._next, (self._served.get(company, 0), self._arrivals, company))


class _Turn:
    """A turn as a context; one that is a generator costs several times as much, for each step of each alert."""

    __slots__ = ("_company", "_turns")

    def __init__(self, turns: Turns, company: str) -> None:
        self._turns = turns
        self._company = company

    async def __aenter__(self) -> None:
        await self._turns.take(self._company)

    async def __aexit__(self, *_: object) -> None:
        self._turns.pass_on()
