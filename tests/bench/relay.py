"""The peer of the alert bench: the barest relay of two hops that Kafka allows, at the same pace, in the same run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from passerelles.bus.address import Bus

READING: Final = {"auto_offset_reset": "earliest", "enable_auto_commit": False, "fetch_max_wait_ms": 5}
STAMP: Final = 20
"""Digits of the nanoseconds that open a message."""


async def two_hops(bus: Bus, *, count: int, warm_up: int, per_second: float, size: int = 400) -> Sequence[float]:
    """Milliseconds from `send` to the second consumer's hands, for each message after a warm-up; acks=all."""
    first, second = topics = [f"bench.relay.{time.time_ns()}.{hop}" for hop in (1, 2)]
    await _create(bus, topics)
    producer = AIOKafkaProducer(
        bootstrap_servers=bus.bootstrap_servers, acks="all", enable_idempotence=True, linger_ms=0
    )
    consumers = [AIOKafkaConsumer(topic, bootstrap_servers=bus.bootstrap_servers, **READING) for topic in topics]
    await producer.start()
    for topic in topics:
        await producer.send_and_wait(topic, b"warm".ljust(size), partition=0)
    await asyncio.gather(*(consumer.start() for consumer in consumers))
    relaying = asyncio.create_task(_relay(consumers[0], producer, second))
    arriving = asyncio.create_task(_arrive(consumers[1], warm_up + count))
    try:
        start = time.perf_counter()
        for number in range(warm_up + count):
            await asyncio.sleep(max(0.0, start + number / per_second - time.perf_counter()))
            stamp = str(time.perf_counter_ns()).zfill(STAMP).encode()
            await producer.send(first, stamp.ljust(size, b"."), partition=0)
        return (await asyncio.wait_for(arriving, timeout=30))[warm_up:]
    finally:
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)
        await asyncio.gather(producer.stop(), *(consumer.stop() for consumer in consumers))


async def _relay(consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, topic: str) -> None:
    async for record in consumer:
        if not record.value.startswith(b"warm"):
            await producer.send_and_wait(topic, record.value, partition=0)


async def _arrive(consumer: AIOKafkaConsumer, count: int) -> list[float]:
    elapsed: list[float] = []
    async for record in consumer:
        if not record.value.startswith(b"warm"):
            elapsed.append((time.perf_counter_ns() - int(record.value[:STAMP])) / 1e6)
        if len(elapsed) == count:
            break
    return elapsed


async def _create(bus: Bus, names: Sequence[str]) -> None:
    if bus.embedded:
        return
    admin = AIOKafkaAdminClient(bootstrap_servers=bus.bootstrap_servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1) for name in names])
    finally:
        await admin.close()


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
