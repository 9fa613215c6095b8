"""How what some documents owe is published and then no longer owed: one pass over them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from passerelles.bus.faults import fault
from passerelles.bus.producer import Publisher
from passerelles.health import Check
from passerelles.owing import events_of
from passerelles.store.port import Body, Collection, Stored, change
from passerelles.telemetry import OUTBOX_PUBLISHED
from schemas.envelope import Event
from schemas.vocabulary import Payload

log = structlog.get_logger(__name__)

Key = tuple[int, str]
"""A watched collection, by its position, and a document in it."""


@dataclass(frozen=True, slots=True)
class _Debt:
    """What a document owed when it was read, in order."""

    document: Stored
    entries: frozenset[str]
    events: tuple[Event[Payload], ...]


class Settlement:
    """Publishes the entries of documents, and removes them from there.

    Args:
        watched: the collections, by position.
        check: red while an entry cannot be published.

    Attributes:
        stuck: the documents that have such an entry, and what was wrong with it.
    """

    def __init__(
        self,
        publisher: Publisher,
        watched: Sequence[Collection],
        check: Check,
        *,
        source: str,
        epoch: Callable[[], int],
    ) -> None:
        self._publisher = publisher
        self._watched = watched
        self._check = check
        self._source = source
        self._epoch = epoch
        self.stuck: dict[Key, str] = {}

    async def settle(self, keys: Sequence[Key]) -> None:
        """Publish what these documents owe now. Raises `UnavailableError`: the bus or the store is away."""
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
        return _Debt(document, frozenset(entry["id"] for entry in entries), events) if entries else None

    def _cannot(self, key: Key, error: Exception) -> None:
        position, id_ = key
        if key not in self.stuck:
            log.error("outbox.stuck", collection=position, document=id_, fault=fault(error))
        self.stuck[key] = fault(error)
        self._check.down(f"{len(self.stuck)} document(s) dont un événement ne peut être publié")

    async def _clear(self, key: Key, debt: _Debt) -> None:
        position, id_ = key

        def edit(body: Body | None) -> Body | None:
            if body is None or not any(entry["id"] in debt.entries for entry in body["pending"]):
                return None
            body["pending"] = [entry for entry in body["pending"] if entry["id"] not in debt.entries]
            if not body["pending"]:
                body["pending_since"] = None
            return body

        await change(self._watched[position], id_, edit, known=debt.document)
        OUTBOX_PUBLISHED.labels(self._source).inc(len(debt.entries))
        self.stuck.pop(key, None)
