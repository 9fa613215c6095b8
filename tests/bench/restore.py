"""How long a shard of 100,000 live entities takes to come back: from its snapshot, and from the log alone.

On Apache Kafka, whole runner included: from the assignment to work. And without a bus, what of it is loading facts
(records decoded, columns filled) and what is the one matching pass after it; and how long the fold stands still to be
copied. `RESTORE_BENCH_ENTITIES` sets how many there are; one in six is a need.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import uvloop

from passerelles import logging
from passerelles.bus import shard_snapshots
from passerelles.bus.address import Bus
from passerelles.bus.codec import Record, decode, encode
from passerelles.bus.shard_restore import READ_RECORDS
from passerelles.bus.snapshots import SnapshotFolder
from passerelles.bus.topics import ensure_topics
from passerelles.telemetry import SHARD_RESTORE_SECONDS
from schemas.envelope import Event
from schemas.vocabulary import Payload
from services.matching.shard import MatchingShard
from tests.bench.shard_log import INDUSTRY, Author
from tests.bench.shards import PARTITIONS, PLACE, TOPIC, at_work, commit, fill
from tests.real import kafka

ENTITIES: Final = int(os.environ.get("RESTORE_BENCH_ENTITIES", "100000"))
NEEDS: Final = ENTITIES // 6
PAUSES: Final = 15


def measure() -> dict[str, float]:
    logging.configure(level="error", json=True)
    with tempfile.TemporaryDirectory(prefix="bench-restore-") as folder:
        return _alone([encode(each) for each in facts()]) | uvloop.run(_on_kafka(Path(folder)))


def facts() -> Iterator[Event[Payload]]:
    """Staff and needs of all occupations, live in one territory, and the opening before them."""
    author = Author()
    return chain(
        author.opening(), author.staff(ENTITIES - NEEDS, INDUSTRY), (author.need(INDUSTRY) for _ in range(NEEDS))
    )


def _alone(records: list[Record]) -> dict[str, float]:
    shard = MatchingShard(PLACE.partition, PARTITIONS)
    for offset, record in enumerate(records[:3]):
        shard.load(decode(record), offset)  # compiles
    began, used = time.perf_counter(), time.process_time()
    alone = sum(_load(shard, records[at : at + READ_RECORDS], at) for at in range(3, len(records), READ_RECORDS))
    loading, loading_cpu = time.perf_counter() - began, time.process_time() - used
    began, used = time.perf_counter(), time.process_time()
    shard.settle()
    matching, matching_cpu = time.perf_counter() - began, time.process_time() - used
    pauses, pauses_cpu = [], []
    for _ in range(PAUSES):
        prepare = shard.preparation()
        assert prepare is not None
        prepare()  # in a thread, while the fold goes on
        began, used = time.perf_counter(), time.thread_time()
        parts = shard.parts()
        pauses.append(time.perf_counter() - began)
        pauses_cpu.append(time.thread_time() - used)
    size = sum(memoryview(part).nbytes for part in parts.values())
    return {
        "restore.entities": ENTITIES,
        "restore.log_events_per_s": (len(records) - 3) / loading,
        "restore.log_events_per_s.limit": 100_000.0,
        "restore.log_events_per_cpu_s": (len(records) - 3) / loading_cpu,
        "restore.log_taken_alone": alone,
        "restore.match_pass_s": matching,
        "restore.match_pass_cpu_s": matching_cpu,
        "restore.match_pass_needs": NEEDS,
        "restore.snapshot_pause_ms": max(pauses) * 1000,
        "restore.snapshot_pause_p50_ms": statistics.median(pauses) * 1000,
        "restore.snapshot_pause_cpu_ms": max(pauses_cpu) * 1000,
        "restore.snapshot_pause_ms.limit": 20.0,
        "restore.snapshot_mb": size / 1e6,
    }


def _load(shard: MatchingShard, records: list[Record], offset: int) -> int:
    """Load records as a restoration does, many at once; how many had to be decoded alone."""
    batch, at, alone = shard.read(records), 0, 0
    while at < len(records):
        at, _ = shard.take(batch, at, len(records), silently=True)
        if at < len(records):
            shard.load(decode(records[at]), offset + at)
            at, alone = at + 1, alone + 1
    return alone


async def _on_kafka(folder: Path) -> dict[str, float]:
    service = kafka.find(folder)
    try:
        kafka.reset(service.address)
        bus = Bus.parse(f"kafka://{service.address}")
        await ensure_topics(bus)
        kafka.wait_for_topics(service.address)
        end = await asyncio.to_thread(fill, service.address, facts())
        await commit(bus, end)
        snapshots = SnapshotFolder(folder / "snapshots", TOPIC, PARTITIONS)
        from_log = await _restored(bus, folder, snapshots)
        from_snapshot = await _restored(bus, folder, snapshots)
    finally:
        service.stop()
    return {
        "restore.snapshot_s": from_snapshot,
        "restore.snapshot_s.limit": 2.0,
        "restore.log_s": from_log,
    }


async def _restored(bus: Bus, folder: Path, snapshots: SnapshotFolder) -> float:
    """Seconds from the assignment to work; a snapshot is there afterwards."""
    before = _seconds()
    shard_snapshots.EVERY_SECONDS = 0.0  # type: ignore[misc]  # at once, for the next restart
    async with at_work(bus, folder, snapshots) as (_, health), asyncio.timeout(300):
        while not (health.ready and snapshots.of(PLACE.partition)):  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.01)
        return _seconds() - before


def _seconds() -> float:
    for metric in SHARD_RESTORE_SECONDS.labels(TOPIC).collect():
        for sample in metric.samples:
            if sample.name.endswith("_sum"):
                return sample.value
    return 0.0
