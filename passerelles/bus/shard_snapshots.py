"""When a runner keeps its shards in snapshots: one at a time, copied between two slices and written in a thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Final

import structlog
from aiokafka import TopicPartition

from passerelles.bus.faults import fault
from passerelles.bus.shard import Held, KeptShard
from passerelles.bus.shard_watch import ShardWatch
from passerelles.bus.snapshots import Anchor, Header, Parts, SnapshotFolder

log = structlog.get_logger(__name__)

EVERY_FACTS: Final = 50_000
"""Facts after which a shard is kept again: what a restart then replays takes about a second."""

EVERY_SECONDS: Final = 600.0
"""A shard with fewer facts is kept this often, if it has some: quiet weeks are not replayed at each start."""


class Snapshots:
    """Keeps the shards that a runner holds.

    Args:
        watch: told of each snapshot, and of how long the fold stood still for it.
    """

    def __init__(self, folder: SnapshotFolder, watch: ShardWatch, *, group: str) -> None:
        self._folder = folder
        self._watch = watch
        self._group = group
        self._writing: asyncio.Task[None] | None = None
        self._preparing: asyncio.Task[None] | None = None

    def due(self, held: Mapping[int, Held]) -> int | None:
        """A partition whose shard is to be kept now, if nothing is being written."""
        if self._writing is not None and not self._writing.done():
            return None
        now = self._folder.clock()
        for partition, each in held.items():
            news = each.position - each.kept_to
            if each.last is not None and (news >= EVERY_FACTS or (news > 0 and now - each.kept_at >= EVERY_SECONDS)):
                return partition
        return None

    def ready(self, held: Held) -> bool:
        """Whether a shard can be copied now; else what that takes is begun in a thread, while the fold goes on."""
        if self._preparing is not None and not self._preparing.done():
            return False
        assert isinstance(held.shard, KeptShard)  # noqa: S101 (see `take`)
        preparation = held.shard.preparation()
        if preparation is None:
            return True
        self._preparing = asyncio.create_task(asyncio.to_thread(preparation), name=f"prepare {self._group}")
        return False

    def take(self, partition: int, held: Held) -> None:
        """Copy a shard, all of whose words are acknowledged, and begin to write the copy."""
        assert held.last is not None  # noqa: S101 (see `due`)
        assert isinstance(held.shard, KeptShard)  # noqa: S101 (whoever has snapshots has such shards)
        began = time.perf_counter()
        parts = held.shard.parts()
        pause = time.perf_counter() - began
        held.kept_to, held.kept_at = held.position, self._folder.clock()
        folder = self._folder
        header = Header(
            topic=folder.topic,
            partition=partition,
            partitions=folder.partitions,
            position=held.position,
            anchor=Anchor.of(held.last),
            taken_at=held.kept_at,
        )
        self._writing = asyncio.create_task(self._write(header, parts, pause), name=f"snapshot {self._group}")

    async def finish(self) -> None:
        """Return once nothing is being prepared or written."""
        for task in (self._preparing, self._writing):
            if task is not None:
                await asyncio.wait([task])

    async def _write(self, header: Header, parts: Parts, pause: float) -> None:
        began = time.perf_counter()
        try:
            path = await asyncio.to_thread(self._folder.write, header, parts)
        except OSError as error:
            # The shard goes on: it only restarts more slowly until the next one succeeds.
            log.error("shard.snapshot_failed", group=self._group, partition=header.partition, fault=fault(error))  # noqa: TRY400
            return
        self._watch.kept(TopicPartition(header.topic, header.partition), header.taken_at, pause)
        log.info(
            "shard.snapshot",
            group=self._group,
            partition=header.partition,
            position=header.position,
            file=path.name,
            bytes=sum(memoryview(part).nbytes for part in parts.values()),
            pause_ms=round(pause * 1000, 2),
            elapsed_ms=round((time.perf_counter() - began) * 1000, 1),
        )
