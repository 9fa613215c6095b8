"""What puts events on the bus: idempotent, acknowledged by every replica, each record in its partition."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import Future
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder

from passerelles.bus import mending  # noqa: F401 (mends the client)
from passerelles.bus.address import Bus
from passerelles.bus.codec import Record, encode, place
from passerelles.bus.patience import Fairness
from passerelles.bus.topics import verify_topics
from passerelles.errors import UnavailableError
from passerelles.telemetry import PUBLISH_FAILURES, PUBLISHED
from schemas.envelope import Event
from schemas.vocabulary import Payload

# A leader's election takes a few seconds; whoever publishes waits with back-off above this, and shows it.
PATIENCE_SECONDS: Final = 10.0
# What a producer that failed may still take to end the requests under way, before its connections are cut.
_FAREWELL_SECONDS: Final = 1.0
# Records of one partition that leave in one request; the default of 16 KiB is a dozen proposals.
_BATCH_BYTES: Final = 256 * 1024
MOST_BYTES: Final = 1_000_000
"""The largest record: a little below what the topics take (`schemas.topics`), as a batch has a header of its own."""

_MANY: Final = 20

SLICE_EVENTS: Final = 2_000
"""What is sent before the acknowledgements are waited for: well below what `PATIENCE_SECONDS` suffices for."""

Placed = tuple[str, int, Record]
"""A topic, a partition, and what goes there."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Records whose acknowledgements are waited for together.

    Attributes:
        counts: how many of them there are, by topic and type.
    """

    records: Sequence[Placed]
    counts: Counter[tuple[str, str]]


class Publisher:
    """Publishes between `start` and `stop`; safe to share between tasks.

    The connection is made at the first need and made again after a failure, so a broker that was away is found again.

    Args:
        bus: where to.
        patience: seconds that the acknowledgements of a slice of events are waited for.
    """

    def __init__(self, bus: Bus, *, patience: float = PATIENCE_SECONDS) -> None:
        self.bus = bus
        self._patience = patience
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()
        self._running = False
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def start(self) -> None:
        """Allow publishing, and connect if the broker is there; one that is not is tried again when needed."""
        self._running = True
        with contextlib.suppress(UnavailableError):
            await self._connected()

    async def stop(self) -> None:
        """Finish what is under way, and disconnect."""
        self._running = False
        await self._idle.wait()
        async with self._connecting:  # a start that is under way makes its producer before, or none
            producer, self._producer = self._producer, None
        if producer is not None:
            await _stop(producer)

    async def publish(self, events: Sequence[Event[Payload]]) -> None:
        """Append events, and return once every one is acknowledged; order is kept within a partition.

        Raises:
            UnavailableError: the broker did not acknowledge in time. Any part of the events may have been appended:
                publishing them again adds duplicates, which consumers drop by their version or revision.
            ValueError: an event has no place on the bus, or is too large for it.
        """
        for slice_ in await self.prepare(events):
            await self.publish_prepared(slice_)

    async def prepare(self, events: Sequence[Event[Payload]]) -> Sequence[Prepared]:
        """Encode events for `publish_prepared`, in slices. Raises `ValueError`: one has no place on the bus."""
        fairness = Fairness()
        slices = []
        for first in range(0, len(events), SLICE_EVENTS):
            records: list[Placed] = []
            counts: Counter[tuple[str, str]] = Counter()
            for event in events[first : first + SLICE_EVENTS]:
                topic, partition = place(event, self.bus)
                records.append((topic, partition, encode(event)))
                counts[topic, event.type] += 1
                await fairness.turn()
            slices.append(Prepared(records, counts))
        return slices

    async def publish_prepared(self, slice_: Prepared) -> None:
        """Append what was prepared. Raises what `publish` does."""
        await self._append(slice_.records)
        for labels, count in slice_.counts.items():
            PUBLISHED.labels(*labels).inc(count)

    async def publish_record(self, topic: str, partition: int, record: Record) -> None:
        """Append a record as it is. Raises `UnavailableError` as `publish` does."""
        await self._append([(topic, partition, record)])

    async def publish_records(self, records: Iterable[Placed]) -> None:
        """Append records as they are, in order within a partition. Raises `UnavailableError` as `publish` does."""
        await self._append(records)

    async def _append(self, records: Iterable[Placed]) -> None:
        self._under_way += 1
        self._idle.clear()
        producer: AIOKafkaProducer | None = None
        try:
            async with asyncio.timeout(self._patience):
                producer = await self._connected()
                by_place: dict[tuple[str, int], list[Record]] = {}
                for topic, partition, record in records:
                    by_place.setdefault((topic, partition), []).append(record)
                sending = (_send(producer, *where, some) for where, some in by_place.items())
                answers = await asyncio.gather(*sending, return_exceptions=True)
            for answer in answers:
                if isinstance(answer, BaseException):
                    raise answer
        except MessageSizeTooLargeError as error:
            raise ValueError(str(error)) from error
        except (KafkaError, OSError) as error:  # TimeoutError is one of the latter
            PUBLISH_FAILURES.inc()
            if producer is not None and self._producer is producer:
                # What it still holds was not acknowledged and will be published again: it must not pile up.
                self._producer = None
                await _abandon(producer)
            raise _unavailable(error) from error
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is not None:
            return self._producer
        async with self._connecting:
            if not self._running:
                raise UnavailableError("La publication sur le bus est arrêtée.")
            if self._producer is None:
                try:
                    async with asyncio.timeout(self._patience):
                        await verify_topics(self.bus)
                        self._producer = await _connect(self.bus)
                except (KafkaError, OSError) as error:
                    raise _unavailable(error) from error
            return self._producer


async def _send(producer: AIOKafkaProducer, topic: str, partition: int, records: Sequence[Record]) -> None:
    """Append records to a partition: many in batches of their own, few in one that they share with other tasks'.

    One acknowledgement a batch costs far less than one a record; but a batch of one's own waits for the one before.
    """
    acknowledgements: list[Future[Any]] = []
    try:
        if len(records) < _MANY:
            for record in records:
                options = {"key": record.key, "partition": partition, "headers": list(record.headers)}
                acknowledgements.append(await producer.send(topic, value=record.value, **options))
        else:
            batch = producer.create_batch()
            for record in records:
                if not _added(batch, record):
                    acknowledgements.append(await producer.send_batch(batch, topic, partition=partition))
                    batch = producer.create_batch()
                    _added(batch, record)
            acknowledgements.append(await producer.send_batch(batch, topic, partition=partition))
    finally:
        # Every future is awaited, so that a failure leaves none whose exception nobody reads.
        answers = await asyncio.gather(*acknowledgements, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer


def _added(batch: BatchBuilder, record: Record) -> bool:
    added = batch.append(timestamp=None, key=record.key, value=record.value, headers=list(record.headers))
    if added is not None and added.size > MOST_BYTES:
        raise MessageSizeTooLargeError(f"a record of {added.size} bytes is larger than {MOST_BYTES}")
    return added is not None


async def _connect(bus: Bus) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(
        bootstrap_servers=bus.bootstrap_servers,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=_BATCH_BYTES,
    )
    try:
        await producer.start()
    except BaseException:
        await _stop(producer)
        raise
    return producer


async def _stop(producer: AIOKafkaProducer) -> None:
    try:
        await producer.stop()
    except BaseException:
        await _abandon(producer)
        raise


async def _abandon(producer: AIOKafkaProducer) -> None:
    # aiokafka's idempotent producer retries for ever, and its `stop` waits for that: its sender is ended directly.
    producer._closed = True  # noqa: SLF001
    try:
        with contextlib.suppress(TimeoutError, KafkaError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await producer._sender.close()  # noqa: SLF001
    finally:
        await producer.client.close()


def _unavailable(error: BaseException) -> UnavailableError:
    return UnavailableError(
        "Le bus ne répond pas.", remedy="Vérifier l'adresse et l'état de Kafka.", cause=type(error).__name__
    )
