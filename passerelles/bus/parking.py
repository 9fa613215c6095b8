"""Where a record goes that cannot be handled: kept with its bytes, its place and the reason, until a person decides.

Nothing is lost and nothing blocks (design, decision 17): a consumer parks what fails by itself and goes on; an operator
lists, replays or drops.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final
from uuid import UUID, uuid5

from passerelles.bus.attributes import shown
from passerelles.bus.codec import Record
from passerelles.bus.parking_limits import ParkingLimits
from passerelles.bus.poison import PoisonReason
from passerelles.bus.producer import Publisher
from passerelles.store.port import Body, Order, Store, Stored, Where
from passerelles.telemetry import PARKED
from schemas.envelope import format_time

COLLECTION: Final = "parked"
_NAMESPACE: Final = UUID("5f0a5c36-7f0e-5f64-9a0e-6a7a4a3f5f42")


class ParkedState(StrEnum):
    """`parked`: waits for a person. `released`: being replayed; found at rest, its replay was cut short."""

    PARKED = "parked"
    RELEASED = "released"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a record lies on the bus."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked record.

    Attributes:
        group: the consumer that could not handle it.
        detail: where or what went wrong; nothing of the payload.
        subject: the event's, which holds back its later events in this group; none when it could not be read.
        at: RFC 3339, UTC.
    """

    id: str
    group: str
    place: Place
    record: Record
    reason: str
    detail: str
    subject: str | None
    state: ParkedState
    at: str


class Parking:
    """The parked records of every consumer, in the store's collection `parked`.

    Every method may raise `UnavailableError` for the store.

    Args:
        limits: when a consumer has to stop rather than park more.
        clock: the time, for `at`.
    """

    def __init__(
        self,
        store: Store,
        *,
        limits: ParkingLimits | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.limits = limits or ParkingLimits()
        self._clock = clock
        self._parked = store.collection(COLLECTION, indexes=(("group", "subject"), ("at",)))

    async def park(
        self, place: Place, record: Record, *, group: str, reason: PoisonReason, detail: str, subject: str | None
    ) -> str:
        """Keep a record, once however often it is parked. Returns its identifier.

        Its bytes are kept as they are, but for a header's name that is not UTF-8: escaped, it can be replayed.
        """
        id_ = _id(group, place, record)
        body: Body = {
            "group": group,
            "topic": place.topic,
            "partition": place.partition,
            "offset": place.offset,
            "key": _text(record.key),
            "value": _text(record.value),
            "headers": [[shown(name), _text(value)] for name, value in record.headers],
            "reason": reason.value,
            "detail": detail,
            "subject": subject,
            "at": format_time(self._clock()),
            "state": ParkedState.PARKED.value,
        }
        if await self._parked.insert(id_, body):
            PARKED.labels(group, place.topic, reason.value).inc()
        return id_

    async def blocked(self, group: str, subjects: Iterable[str]) -> set[str]:
        """Those subjects that have a parked event in this group: their later events have to wait behind it."""
        wanted = sorted(set(subjects))
        if not wanted:
            return set()
        found = await self._parked.find(
            Where(equal={"group": group, "state": ParkedState.PARKED.value}, among={"subject": wanted})
        )
        return {stored.body["subject"] for stored in found}

    async def list(self, *, group: str | None = None, limit: int | None = None) -> list[Parked]:
        """The parked records, the oldest first; of one group, if one is named."""
        where = Where(equal={"group": group}) if group is not None else Where()
        return [_parked(stored) for stored in await self._parked.find(where, order=Order("at"), limit=limit)]

    async def replay(self, publisher: Publisher, ids: Collection[str] | None = None) -> int:
        """Append records anew to their topic and partition, and forget them. Returns how many.

        With each goes every other of its subject in its group, in the order of their places: they were held back by
        one another. What several groups parked is appended once, for all of them. A crash in between leaves some
        `released`, which the next replay takes up; what was appended twice, consumers drop. A tombstone without a key
        cannot be appended by this client, and stays.

        Args:
            publisher: appends, and is running.
            ids: which ones; none for all.
        """
        replayed = 0
        for chain in _chains(await self._parked.find()):
            if ids is None or any(stored.id in ids for stored in chain):
                replayed += await self._replay(publisher, chain)
        return replayed

    async def drop(self, ids: Collection[str] | None = None) -> int:
        """Forget records for good (none: all). Returns how many were there."""
        everyone = [stored.id for stored in await self._parked.find()] if ids is None else ids
        return sum([await self._parked.delete(id_) for id_ in everyone])

    async def _replay(self, publisher: Publisher, entries: Sequence[Stored]) -> int:
        # All are released before the first is appended: one still parked would send those before it back behind it.
        for stored in entries:
            released = {**stored.body, "state": ParkedState.RELEASED.value}
            await self._parked.replace(stored.id, released, stored.revision)
        records = dict.fromkeys((parked.place, parked.record) for parked in map(_parked, entries))
        for place, record in records:
            await publisher.publish_record(place.topic, place.partition, record)
        for stored in entries:
            await self._parked.delete(stored.id)
        return len(records)


def _chains(everyone: Iterable[Stored]) -> Iterator[list[Stored]]:
    """What is replayed together, each in the order of the log.

    Those of one subject in one group, and those that are the same record, parked by several groups.
    """
    able = [stored for stored in everyone if stored.body["key"] is not None or stored.body["value"] is not None]
    alike: dict[Any, list[Stored]] = {}
    for stored in able:
        for link in _links(stored):
            alike.setdefault(link, []).append(stored)
    taken: set[str] = set()
    for first in able:
        chain: dict[str, Stored] = {}
        reached = [first]
        while reached:
            stored = reached.pop()
            if stored.id not in taken:
                taken.add(stored.id)
                chain[stored.id] = stored
                reached += [each for link in _links(stored) for each in alike.pop(link, ())]
        if chain:
            yield sorted(chain.values(), key=lambda stored: _parked(stored).place)


def _links(stored: Stored) -> list[Any]:
    parked = _parked(stored)
    same: list[Any] = [(parked.place, parked.record)]
    return same if parked.subject is None else [*same, (parked.group, parked.subject)]


def _id(group: str, place: Place, record: Record) -> str:
    # The embedded log begins again at offset 0 beside a store that stays: the bytes tell two logs apart.
    digest = sha256(repr(record).encode()).hexdigest()
    return str(uuid5(_NAMESPACE, f"{group}:{place.topic}:{place.partition}:{place.offset}:{digest}"))


def _text(data: bytes | None) -> str | None:
    return None if data is None else b64encode(data).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)


def _parked(stored: Stored) -> Parked:
    body: dict[str, Any] = stored.body
    headers = tuple((name, _bytes(value)) for name, value in body["headers"])
    return Parked(
        id=stored.id,
        group=body["group"],
        place=Place(body["topic"], body["partition"], body["offset"]),
        record=Record(_bytes(body["key"]), _bytes(body["value"]), headers),
        reason=body["reason"],
        detail=body["detail"],
        subject=body["subject"],
        state=ParkedState(body["state"]),
        at=body["at"],
    )
