"""A whole registry on a bus and a store, with matching's part played by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from passerelles.bus.address import Bus
from passerelles.bus.codec import Record, decode
from passerelles.bus.producer import Publisher
from passerelles.settings import Settings
from passerelles.store.port import Store
from schemas.envelope import Event
from schemas.vocabulary import Payload
from services.registry.service import RegistryService

PATIENCE_SECONDS = 30.0


@asynccontextmanager
async def running(bus: Bus, store: Store, **wiring: Any) -> AsyncIterator[RegistryService]:
    """A registry between its start and its stop."""
    service = RegistryService(Settings(), bus, store, **wiring)
    try:
        await service.start()
        yield service
    finally:
        await service.stop()


@asynccontextmanager
async def publishing(bus: Bus) -> AsyncIterator[Publisher]:
    """What the test says in matching's name."""
    publisher = Publisher(bus)
    await publisher.start()
    try:
        yield publisher
    finally:
        await publisher.stop()


async def read(bus: Bus, topic: str) -> list[Event[Payload]]:
    """Every event of a topic so far, in order within each partition."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bus.bootstrap_servers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=bus.fetch_max_wait_ms,
    )
    await consumer.start()
    try:
        places = [TopicPartition(topic, number) for number in range(bus.partitions(topic))]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        events: list[Event[Payload]] = []
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                events += [decode(Record(each.key, each.value, each.headers)) for each in records]
        return events
    finally:
        await consumer.stop()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds, as long as anybody would."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await holds():  # noqa: ASYNC110 (what is awaited lives in other processes, on a bus, in a store)
            await asyncio.sleep(0.02)
