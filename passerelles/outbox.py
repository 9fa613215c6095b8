"""The outbox inside the document: events are owed in the same write as the state they tell, and relayed to the bus.

A document carries `pending`, the entries it owes in order, and `pending_since`, when the oldest was written (RFC 3339;
none when nothing is owed; its owner declares the index). The relay appends them to the bus and then removes them: a
crash in between publishes an entry twice, with the same identifier, and never loses one (design, decision 11).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from passerelles.bus.faults import fault
from passerelles.bus.patience import Backoff
from passerelles.bus.producer import Publisher
from passerelles.errors import UnavailableError
from passerelles.health import Health
from passerelles.owing import events_of, owed
from passerelles.store.port import Body, Collection, Order, Stored, Where, change
from passerelles.telemetry import OUTBOX_PUBLISHED, OUTBOX_SWEPT
from schemas.envelope import Event
from schemas.vocabulary import Payload

__all__ = ["Relay", "owed"]

log = structlog.get_logger(__name__)

SWEEP_SECONDS: Final = 0.5
"""Between two searches for what a nudge missed: an entry whose writer died leaves within two."""

_SWEPT_AT_ONCE: Final = 200
_ROUNDS: Final = 4
"""Publications under way at once, each of other documents: what arrives does not wait for what is being published."""

_ROUND_SECONDS: Final = 0.01
"""What a publication takes, about."""

Key = tuple[int, str]
"""A watched collection, by its position, and a document in it."""


@dataclass(frozen=True, slots=True)
class _Debt:
    """What a document owed when it was read, in order."""

    entries: frozenset[str]
    events: tuple[Event[Payload], ...]


class Relay:
    """Publishes what documents owe: at once when nudged, and by a sweep for what a crash left.

    Several may run on the same store: entries are then published twice now and then, in order each time.

    Args:
        publisher: started and stopped by its owner, around the relay.
        source: the service in whose name entries without a source are published.
        epoch: the epoch of the log that is being written.
        health: has the check `outbox`, red while the bus or the store is away or an entry cannot be published.
    """

    def __init__(
        self,
        publisher: Publisher,
        *,
        source: str,
        epoch: Callable[[], int],
        health: Health | None = None,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self._publisher = publisher
        self._source = source
        self._epoch = epoch
        self._check = (health or Health()).check("outbox")
        self._sweep_seconds = sweep_seconds
        self._watched: list[Collection] = []
        self._asked: dict[Key, None] = {}
        self._busy: set[Key] = set()
        self._stuck: dict[Key, str] = {}
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
        await asyncio.gather(*self._tasks)
        self._check.rested()
        self._check.down("arrêté")

    async def drain(self) -> None:
        """Publish everything that is owed now.

        Raises:
            UnavailableError: the bus or the store is away.
        """
        for position, collection in enumerate(self._watched):
            while owing := [(position, each.id) for each in await self._owing(collection)]:
                if self._stuck.keys() >= set(owing):
                    break
                free = [key for key in owing if key not in self._busy]
                self._busy.update(free)
                try:
                    await self._relay(free)
                finally:
                    self._busy.difference_update(free)
                if not free:
                    await asyncio.sleep(_ROUND_SECONDS)

    async def _serve(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            ready = [key for key in self._asked if key not in self._busy]
            if ready and len(self._rounds) < _ROUNDS:
                for key in ready:
                    del self._asked[key]
                self._busy.update(ready)
                task = asyncio.create_task(self._round(ready))
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
                    await self._relay(keys)
                except UnavailableError as error:
                    self._check.down(error.detail)
                    if self._stopping.is_set():
                        return
                    waited = True
                    await backoff.wait(self._stopping)
                else:
                    if waited and not self._stuck:
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
        before: set[tuple[Key, int]] | None = None
        backoff = Backoff()
        while not self._stopping.is_set():
            self._check.moved()
            now: set[tuple[Key, int]] = set()
            backlog = False
            try:
                for position, collection in enumerate(self._watched):
                    found = await self._owing(collection)
                    now |= {((position, each.id), each.revision) for each in found}
                    backlog = backlog or len(found) == _SWEPT_AT_ONCE
            except UnavailableError as error:
                self._check.down(error.detail)
                await backoff.wait(self._stopping)
                continue
            pause = Backoff(self._sweep_seconds)
            if not backlog:
                for key in self._stuck.keys() - {key for key, _ in now}:  # removed, or cleared by another replica
                    del self._stuck[key]
            late = [key for key, _ in (now if before is None or backlog else now & before) if key not in self._busy]
            if late:
                OUTBOX_SWEPT.labels(self._source).inc(len(late))
                self._asked.update(dict.fromkeys(late))
                self._wake.set()
            elif not self._rounds and not self._stuck:
                self._check.up()
            before, backoff = now, Backoff()
            await pause.wait(self._stopping)

    async def _owing(self, collection: Collection) -> Sequence[Stored]:
        owing = Where(above={"pending_since": ""})
        return await collection.find(owing, order=Order("pending_since"), limit=_SWEPT_AT_ONCE)

    async def _relay(self, keys: Sequence[Key]) -> None:
        documents = await self._documents(keys)
        debts = {key: debt for key, document in documents.items() if (debt := self._debt(key, document))}
        try:
            await self._publisher.publish([event for debt in debts.values() for event in debt.events])
        except (ValueError, LookupError):
            # One of them has no place on the bus: it must not hold the others back.
            debts = {key: debt for key, debt in debts.items() if await self._publish_alone(key, debt)}
        await asyncio.gather(*(self._clear(key, debt) for key, debt in debts.items()))

    async def _publish_alone(self, key: Key, debt: _Debt) -> bool:
        try:
            await self._publisher.publish(debt.events)
        except (ValueError, LookupError) as error:
            self._cannot(key, error)
            return False
        return True

    async def _documents(self, keys: Sequence[Key]) -> dict[Key, Stored]:
        found: dict[Key, Stored] = {}
        for position in sorted({position for position, _ in keys}):
            ids = [id_ for each, id_ in keys if each == position]
            stored = await self._watched[position].get_many(ids)
            found |= {(position, id_): stored[id_] for id_ in ids if id_ in stored}
        return found

    def _debt(self, key: Key, document: Stored) -> _Debt | None:
        """What a document owes; nothing when an entry of it cannot be read, so that none overtakes it."""
        entries: Sequence[Body] = document.body.get("pending") or ()
        try:
            events = tuple(event for entry in entries for event in events_of(entry, self._source, self._epoch()))
        except Exception as error:  # noqa: BLE001 (an entry that another version wrote may be wrong in any way)
            self._cannot(key, error)
            return None
        return _Debt(frozenset(entry["id"] for entry in entries), events) if entries else None

    def _cannot(self, key: Key, error: Exception) -> None:
        position, id_ = key
        if key not in self._stuck:
            log.error("outbox.stuck", collection=position, document=id_, fault=fault(error))
        self._stuck[key] = fault(error)
        self._check.down(f"{len(self._stuck)} document(s) dont un événement ne peut être publié")

    async def _clear(self, key: Key, debt: _Debt) -> None:
        position, id_ = key

        def edit(body: Body | None) -> Body | None:
            if body is None or not any(entry["id"] in debt.entries for entry in body["pending"]):
                return None
            body["pending"] = [entry for entry in body["pending"] if entry["id"] not in debt.entries]
            if not body["pending"]:
                body["pending_since"] = None
            return body

        await change(self._watched[position], id_, edit)
        OUTBOX_PUBLISHED.labels(self._source).inc(len(debt.entries))
        self._stuck.pop(key, None)
