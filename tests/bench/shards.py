"""The shard consumer on Apache Kafka: facts that match nothing beside a bare loop, and a mix beside its floor.

The bare loop is aiokafka's `getmany` and pydantic's validation, with the same settings and payload models over the same
records. Rates are wall-clock medians of interleaved rounds; the processor time of a fact stands beside them, as others
share the machine and the broker runs on the same cores. `SHARD_BENCH_FACTS` sets how many facts a round has (40,000).
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final
from unittest import mock

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import Producer

from passerelles import logging
from passerelles.bus import consumer as consuming
from passerelles.bus import producer, shard_fold
from passerelles.bus.address import Bus
from passerelles.bus.codec import encode
from passerelles.bus.parking import Parking
from passerelles.bus.producer import Publisher
from passerelles.bus.shards import ShardRunner
from passerelles.bus.snapshots import SnapshotFolder
from passerelles.bus.topics import ensure_topics
from passerelles.health import Health
from passerelles.store.sqlite import SqliteStore
from schemas.envelope import Event
from schemas.facts import AvailabilityRecorded, NeedRecorded
from schemas.topics import TopicName, partition_of_territory
from schemas.vocabulary import Payload
from services.matching.shard import MatchingShard
from tests.bench.shard_log import TERRITORY, WANTED, Author
from tests.real import kafka

FACTS: Final = int(os.environ.get("SHARD_BENCH_FACTS", "40000"))
ROUNDS: Final = 3
TOPIC: Final = TopicName.FACTS
PARTITIONS: Final = 32
PLACE: Final = TopicPartition(TOPIC, partition_of_territory(TERRITORY, PARTITIONS))
CANDIDATES: Final = 5_000
"""People whom the needs of the mix choose from."""

Span = tuple[int, int]
Rate = tuple[float, float]
"""Facts a second, and processor microseconds a fact."""


def measure() -> dict[str, float]:
    logging.configure(level="error", json=True)
    with tempfile.TemporaryDirectory(prefix="bench-shards-") as folder:
        return uvloop.run(_measured(Path(folder)))


async def _measured(folder: Path) -> dict[str, float]:
    service = kafka.find(folder)
    try:
        async with filled(service.address) as (bus, spans):
            bare, quiet, mix = [], [], []
            for number in range(ROUNDS):
                bare.append(await bare_loop(bus, spans["quiet"]))
                quiet.append(await worked(bus, folder / f"quiet{number}", spans["quiet"]))
                mix.append(await worked(bus, folder / f"mix{number}", spans["mix"]))
            with parts_timed() as seconds:
                await worked(bus, folder / "parts", spans["mix"])
    finally:
        service.stop()
    figures = {
        "shards.bare_facts_per_s": _median(bare, 0),
        "shards.quiet_facts_per_s": _median(quiet, 0),
        "shards.bare_loop_share": statistics.median(one[0] / other[0] for one, other in zip(quiet, bare, strict=True)),
        "shards.bare_loop_share.limit": 0.60,
        "shards.bare_cpu_us": _median(bare, 1),
        "shards.quiet_cpu_us": _median(quiet, 1),
        "shards.mix_facts_per_s": _median(mix, 0),
        "shards.mix_facts_per_s.limit": 12_000.0,
        "shards.mix_cpu_us": _median(mix, 1),
    }
    return figures | {f"shards.mix_part.{name}_us": spent / FACTS * 1e6 for name, spent in seconds.items()}


@asynccontextmanager
async def filled(address: str) -> AsyncIterator[tuple[Bus, dict[str, Span]]]:
    """A bus whose log of the shard has an opening, then facts that match nothing, then the mix."""
    kafka.reset(address)
    bus = Bus.parse(f"kafka://{address}")
    await ensure_topics(bus)
    kafka.wait_for_topics(address)
    author = Author()
    begin = await asyncio.to_thread(fill, address, [*author.opening(), *author.staff(CANDIDATES, (WANTED,))])
    middle = begin + await asyncio.to_thread(fill, address, author.staff(FACTS))
    end = middle + await asyncio.to_thread(fill, address, author.mix(FACTS))
    yield bus, {"quiet": (begin, middle), "mix": (middle, end)}


def fill(address: str, events: Iterable[Event[Payload]]) -> int:
    """Append events to the shard's partition; how many."""
    producer = Producer({"bootstrap.servers": address, "acks": "all", "linger.ms": 5})
    count = 0
    for event in events:
        record = encode(event)
        while True:
            try:
                producer.produce(TOPIC, record.value, record.key, PLACE.partition, headers=list(record.headers))
            except BufferError:
                producer.poll(0.1)
            else:
                break
        producer.poll(0)
        count += 1
    producer.flush()
    return count


async def bare_loop(bus: Bus, span: Span) -> Rate:
    """What aiokafka and pydantic alone do with these records."""
    begin, end = span
    models = {
        b"fr.passerelles.need.recorded": NeedRecorded,
        b"fr.passerelles.availability.recorded": AvailabilityRecorded,
    }
    consumer = AIOKafkaConsumer(bootstrap_servers=bus.bootstrap_servers, **consuming.settings(bus))
    await consumer.start()
    try:
        consumer.assign([PLACE])
        consumer.seek(PLACE, begin)
        clock = _clock()
        position = begin
        while position < end:
            for records in (await consumer.getmany(timeout_ms=1000, max_records=shard_fold.SLICE_RECORDS)).values():
                for record in records:
                    models[record.headers[3][1]].model_validate_json(record.value)
                position = records[-1].offset + 1
        return clock(end - begin)
    finally:
        await consumer.stop()


async def worked(bus: Bus, folder: Path, span: Span) -> Rate:
    """What the shards' runner does with these records, from the first folded to the last committed."""
    begin, end = span
    await commit(bus, begin)
    await asyncio.to_thread(folder.mkdir)
    async with at_work(bus, folder) as (runner, health), asyncio.timeout(300):
        while not health.ready:  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.001)
        clock, first = _clock(), runner._held[PLACE.partition].position
        while runner._held[PLACE.partition].said < end:  # noqa: ASYNC110 (idem)
            await asyncio.sleep(0.005)
        return clock(end - first)


@asynccontextmanager
async def at_work(
    bus: Bus, folder: Path, snapshots: SnapshotFolder | None = None
) -> AsyncIterator[tuple[ShardRunner, Health]]:
    """A runner of matching's shards, started, and its health; what it parks is kept in the folder."""
    store = SqliteStore(folder / "parked.sqlite")
    parking, health = Parking(store), Health()
    await store.open()
    publisher = Publisher(bus)
    await publisher.start()
    runner = ShardRunner(
        bus,
        publisher,
        parking,
        health,
        topic=TOPIC,
        group="matching",
        make_shard=lambda each: MatchingShard(each, PARTITIONS),
        snapshots=snapshots,
    )
    await runner.start()
    try:
        yield runner, health
    finally:
        await runner.stop()
        await publisher.stop()
        await store.close()


async def commit(bus: Bus, offset: int) -> None:
    """Let the group stand at this offset of the shard."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bus.bootstrap_servers, group_id="matching", enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([PLACE])
        await asyncio.sleep(1)
        await consumer.commit({PLACE: offset})
    finally:
        await consumer.stop()


def _clock() -> Callable[[int], Rate]:
    wall, used = time.perf_counter(), time.process_time()

    def stop(count: int) -> Rate:
        return count / (time.perf_counter() - wall), (time.process_time() - used) / count * 1e6

    return stop


def _median(rates: list[Rate], which: int) -> float:
    return statistics.median(rate[which] for rate in rates)


@contextmanager
def parts_timed() -> Iterator[Counter[str]]:
    """Seconds spent in each part of the consumer; what is left is reading, waiting and the loop itself."""
    seconds: Counter[str] = Counter()

    def timed(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def calling(*args: Any) -> Any:
            began = time.perf_counter()
            try:
                return call(*args)
            finally:
                seconds[name] += time.perf_counter() - began

        return calling

    with (
        mock.patch.object(shard_fold, "decode", timed("decode", shard_fold.decode)),
        mock.patch.object(MatchingShard, "fold", timed("fold", MatchingShard.fold)),
        mock.patch.object(producer, "encode", timed("encode", producer.encode)),
        mock.patch.object(producer, "_added", timed("batch", producer._added)),
    ):
        yield seconds
