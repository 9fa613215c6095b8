"""What becomes of a batch of a stateless consumer: read, held back, handled, tried again, parked. Nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog

from passerelles.bus.codec import Record, decode
from passerelles.bus.faults import fault
from passerelles.bus.parking import Parking, Place
from passerelles.bus.parking_limits import Tally
from passerelles.bus.patience import Backoff, LeftError, patiently, stay
from passerelles.bus.poison import PoisonReason, UndecodableError
from passerelles.bus.set_aside import Aside
from passerelles.health import Check
from passerelles.telemetry import HANDLED, RETRIED
from schemas.envelope import Event
from schemas.vocabulary import Payload

log = structlog.get_logger(__name__)

Handler = Callable[[Sequence[Event[Payload]]], Awaitable[None]]
"""Takes the events of a batch in order, again and again if need be: it is idempotent."""

TRIES: Final = 3
_RETRY_SECONDS: Final = 0.1

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Item:
    """A record that was read."""

    place: Place
    record: Record
    event: Event[Payload]


class Reaction:
    """The handlers of one group, and what is done around them.

    Args:
        group: the consumer's, under which it parks.
        check: red while something that the handlers need is away.
        handlers: by topic.
    """

    def __init__(self, group: str, parking: Parking, check: Check, handlers: Mapping[str, Handler]) -> None:
        self._group = group
        self._parking = parking
        self._check = check
        self._handlers = handlers
        self._tally = Tally(parking.limits)
        self._aside = Aside(parking, group, check)

    def forget(self) -> None:
        """The records taken so far are read again: those that were parked must not count twice."""
        self._tally.forget()

    async def take(self, taken: Sequence[tuple[Place, Record]], left: asyncio.Event) -> int:
        """Handle or park every record; returns how many were parked, once the offsets may be committed.

        Waits for what is away, however long, until `left` is set.

        Raises:
            LeftError: `left` was set before the end; nothing may be committed.
            TooMuchParkedError: the consumer has to stop; nothing may be committed.
            Exception: whatever the parking raised that nobody foresaw; nothing may be committed.
        """
        items: dict[str, list[Item]] = {}
        parked = 0
        for place, record in taken:
            try:
                items.setdefault(place.topic, []).append(Item(place, record, decode(record)))
            except UndecodableError as error:
                self._tally.about_to_park()
                await self._aside.park((place, record), error.reason, error.detail, left=left)
                parked += 1
        for topic, of_topic in items.items():
            parked += await self._handle(topic, of_topic, left)
        return parked

    async def _handle(self, topic: str, items: list[Item], left: asyncio.Event) -> int:
        handler = self._handlers[topic]
        subjects = {item.event.subject for item in items}
        blocked = await self._patiently(lambda: self._parking.blocked(self._group, subjects), left)
        free = [item for item in items if item.event.subject not in blocked]
        for item in items:
            if item.event.subject in blocked:
                await self._park_behind(item, left)
        parked = len(items) - len(free)
        if not free:
            return parked
        try:
            await self._patiently(lambda: handler([item.event for item in free]), left)
        except LeftError:
            raise
        except Exception as error:  # noqa: BLE001 (whatever a handler raises, its event must not block the others)
            log.warning("bus.batch_failed", group=self._group, topic=topic, events=len(free), fault=fault(error))
            return parked + await self._one_by_one(handler, free, left)
        self._tally.handled(len(free))
        HANDLED.labels(self._group, topic).inc(len(free))
        return parked

    async def _one_by_one(self, handler: Handler, items: Sequence[Item], left: asyncio.Event) -> int:
        blocked: set[str] = set()
        parked = 0
        for item in items:
            subject = item.event.subject
            if subject in blocked:
                await self._park_behind(item, left)
                parked += 1
                continue
            failure = await self._try(handler, item, left)
            if failure is None:
                self._tally.handled()
                HANDLED.labels(self._group, item.place.topic).inc()
                continue
            self._tally.about_to_park()
            reason = PoisonReason.HANDLER_FAILED
            await self._aside.park((item.place, item.record), reason, failure, subject=subject, left=left)
            blocked.add(subject)
            parked += 1
        return parked

    async def _try(self, handler: Handler, item: Item, left: asyncio.Event) -> str | None:
        """Give one event to its handler, a few times; returns the last fault if all failed."""
        backoff = Backoff(_RETRY_SECONDS)
        failure = ""
        for attempt in range(TRIES):
            if attempt:
                await backoff.wait(left)
                stay(left)
                RETRIED.labels(self._group, item.place.topic).inc()
            self._check.moved()
            try:
                await self._patiently(lambda: handler([item.event]), left)
            except LeftError:
                raise
            except Exception as error:  # noqa: BLE001 (idem)
                failure = fault(error)
                log.warning(
                    "bus.event_failed",
                    group=self._group,
                    topic=item.place.topic,
                    partition=item.place.partition,
                    offset=item.place.offset,
                    type=item.event.type,
                    attempt=attempt + 1,
                    fault=failure,
                )
            else:
                return None
        return failure

    async def _park_behind(self, item: Item, left: asyncio.Event) -> None:
        detail = "an earlier event of its subject is parked"
        reason, subject = PoisonReason.BEHIND_PARKED, item.event.subject
        await self._aside.park((item.place, item.record), reason, detail, subject=subject, left=left)

    async def _patiently(self, call: Callable[[], Awaitable[T]], left: asyncio.Event) -> T:
        return await patiently(call, group=self._group, check=self._check, left=left)
