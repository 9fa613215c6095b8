"""The outbox inside the document: events are owed in the same write as the state they tell, and relayed to the bus.

A document carries `pending`, the entries it owes in order, and `pending_since`, when the oldest was written (RFC 3339;
none when nothing is owed; its owner declares the index). The relay appends them to the bus and then removes them: a
crash in between publishes an entry twice, with the same identifier, and never loses one (design, decision 11).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from passerelles.bus.faults import fault
from passerelles.bus.patience import Backoff, pause
from passerelles.bus.producer import Publisher
from passerelles.errors import UnavailableError
from passerelles.health import Health
from passerelles.owing import owed
from passerelles.settling import Key, Settlement
from passerelles.store.port import Collection, Order, Stored, Where
from passerelles.telemetry import OUTBOX_SWEPT

__all__ = ["Relay", "owed"]

log = structlog.get_logger(__name__)

SWEEP_SECONDS: Final = 0.5
"""Between two searches for what a nudge missed: an entry whose writer died leaves within two."""

_AT_ONCE: Final = 200
"""Documents of a round."""

_ROUNDS: Final = 4
"""Publications under way at once, each of other documents: what arrives does not wait for what is being published."""

_ROUND_SECONDS: Final = 0.01
"""What a publication takes, about."""

_Version = tuple[Key, int]
"""A document that owes something, and its revision."""


class Relay:
    """Publishes what documents owe: at once when nudged, and by a sweep for what a crash left.

    Several may run on the same store: entries are then published twice now and then, in order each time.

    Args:
        publisher: started and stopped by its owner, around the relay.
        source: the service in whose name entries without a source are published.
        epoch: the epoch of the log that is being written.
        health: has the check `outbox`, red while the bus or the store is away or an entry cannot be published.
        pause_seconds: from a nudge to its publication, so that documents come together: a publication costs round
            trips, whatever is in it. Nothing for what somebody waits for.
    """

    def __init__(
        self,
        publisher: Publisher,
        *,
        source: str,
        epoch: Callable[[], int],
        health: Health | None = None,
        sweep_seconds: float = SWEEP_SECONDS,
        pause_seconds: float = 0.0,
    ) -> None:
        self._source = source
        self._pause = pause_seconds
        self._check = (health or Health()).check("outbox")
        self._sweep_seconds = sweep_seconds
        self._watched: list[Collection] = []
        self._settlement = Settlement(publisher, self._watched, self._check, source=source, epoch=epoch)
        self._asked: dict[Key, None] = {}
        self._busy: set[Key] = set()
        self._rounds: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def watch(self, collection: Collection) -> None:
        """Sweep a collection whose documents have `pending` and `pending_since`."""
        if collection not in self._watched:
            self._watched.append(collection)

    def nudge(self, collection: Collection, id_: str) -> None:
        """Have what a document owes published at once; returns before it is."""
        self.watch(collection)
        self._asked[self._watched.index(collection), str(id_)] = None
        self._wake.set()

    async def start(self) -> None:
        """Work in the background from here on, beginning with what was left."""
        self._check.up()
        self._tasks = [
            asyncio.create_task(self._serve(), name="outbox nudges"),
            asyncio.create_task(self._sweep(), name="outbox sweep"),
        ]

    async def stop(self) -> None:
        """Publish what was asked for so far, if the bus is there, and end."""
        self._stopping.set()
        self._wake.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._check.rested()
        self._check.down("arrêté")

    async def drain(self) -> None:
        """Publish everything that is owed now.

        Raises:
            UnavailableError: the bus or the store is away.
        """
        for position, collection in enumerate(self._watched):
            last: Stored | None = None
            while page := await self._owing(collection, last):
                owing = [(position, each.id) for each in page]
                if self._settlement.stuck.keys() >= set(owing):
                    last = page[-1]
                    continue
                free = [key for key in owing if key not in self._busy]
                self._busy.update(free)
                try:
                    await self._settlement.settle(free)
                finally:
                    self._busy.difference_update(free)
                    self._wake.set()
                if not free:
                    await asyncio.sleep(_ROUND_SECONDS)

    async def _serve(self) -> None:
        while True:
            await self._wake.wait()
            if self._pause:
                await pause(self._pause, unless=self._stopping)
            self._wake.clear()
            ready = [key for key in self._asked if key not in self._busy]
            while ready and len(self._rounds) < _ROUNDS:
                keys, ready = ready[:_AT_ONCE], ready[_AT_ONCE:]
                for key in keys:
                    del self._asked[key]
                self._busy.update(keys)
                task = asyncio.create_task(self._round(keys))
                self._rounds.add(task)
                task.add_done_callback(self._over)
            if self._stopping.is_set() and not self._asked and not self._rounds:
                return

    def _over(self, task: asyncio.Task[None]) -> None:
        self._rounds.discard(task)
        self._wake.set()

    async def _round(self, keys: Sequence[Key]) -> None:
        """Relay what these documents owe, as soon as the bus and the store are there."""
        backoff = Backoff()
        waited = False
        try:
            while True:
                try:
                    await self._settlement.settle(keys)
                except UnavailableError as error:
                    self._check.down(error.detail)
                    if self._stopping.is_set():
                        return
                    waited = True
                    await backoff.wait(self._stopping)
                else:
                    if waited and not self._settlement.stuck:
                        self._check.up()
                    return
        except Exception as error:  # noqa: BLE001 (the sweep takes these documents up again)
            # Without the message, which may quote data: hence not `exception`.
            log.error("outbox.round_failed", documents=len(keys), fault=fault(error))  # noqa: TRY400
            self._check.down("un envoi de la boîte de sortie a échoué")
        finally:
            self._busy.difference_update(keys)

    async def _sweep(self) -> None:
        """Ask for what is still owed: at start whatever is, later what was owed at the last sweep already.

        What has just been written is left to its nudge, and to the replica that got it.
        """
        before: set[_Version] | None = None
        backoff = Backoff()
        while not self._stopping.is_set():
            self._check.moved()
            try:
                now, backlog = await self._look(before or set())
            except Exception as error:  # noqa: BLE001 (whatever befell the search, nothing else finds what is owed)
                if isinstance(error, UnavailableError):
                    self._check.down(error.detail)
                else:
                    log.error("outbox.sweep_failed", fault=fault(error))  # noqa: TRY400 (its message may quote data)
                    self._check.down("la relève de la boîte de sortie a échoué, elle reprend")
                await backoff.wait(self._stopping)
                continue
            owing = {key for key, _ in now}
            if not backlog:
                for key in self._settlement.stuck.keys() - owing:  # removed, or cleared by another replica
                    del self._settlement.stuck[key]
            late = [key for key, _ in (now if before is None or backlog else now & before) if key not in self._busy]
            if late:
                OUTBOX_SWEPT.labels(self._source).inc(len(late))
                self._asked.update(dict.fromkeys(late))
                self._wake.set()
            elif not self._rounds and not self._settlement.stuck:
                self._check.up()
            before, backoff = now, Backoff()
            await Backoff(self._sweep_seconds).wait(self._stopping)

    async def _look(self, before: set[_Version]) -> tuple[set[_Version], bool]:
        """What is owed, the oldest first and not all of it, and whether there may be more.

        A page of which nothing left since the last sweep hides nothing: the next one is looked at as well.
        """
        found: set[_Version] = set()
        backlog = False
        for position, collection in enumerate(self._watched):
            last: Stored | None = None
            while page := await self._owing(collection, last):
                versions = {((position, each.id), each.revision) for each in page}
                found |= versions
                if len(page) < _AT_ONCE:
                    break
                if not versions <= before or any(key in self._busy or key in self._asked for key, _ in versions):
                    backlog = True
                    break
                last = page[-1]
        return found, backlog

    async def _owing(self, collection: Collection, last: Stored | None = None) -> Sequence[Stored]:
        """The documents that owe something, the oldest first, behind the last of the page before."""
        owing = Where(above={"pending_since": ""})
        after = None if last is None else (last.body["pending_since"], last.id)
        return await collection.find(owing, order=Order("pending_since"), after=after, limit=_AT_ONCE)
