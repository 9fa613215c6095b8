"""Stateful shards: one fold a partition, restored from the log, whose words are acknowledged before its offsets.

A crash between the two makes a shard say again what it said, to the byte; a rebalance never makes it skip a fact.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError

from passerelles.bus import consumer as consuming
from passerelles.bus.address import Bus
from passerelles.bus.consumer import FINISH_SECONDS, PromptConsumer, Watch
from passerelles.bus.faults import fault
from passerelles.bus.parking import Parking
from passerelles.bus.parking_limits import TooMuchParkedError
from passerelles.bus.patience import Backoff, LeftError, unless
from passerelles.bus.producer import Publisher
from passerelles.bus.shard import FoldError, Held, Shard
from passerelles.bus.shard_fold import SLICE_RECORDS, Folding
from passerelles.bus.shard_restore import Restoration
from passerelles.bus.shard_snapshots import Snapshots
from passerelles.bus.shard_watch import ShardWatch
from passerelles.bus.snapshots import SnapshotFolder
from passerelles.bus.topics import verify_topics
from passerelles.errors import UnavailableError
from passerelles.health import Health
from passerelles.telemetry import SHARD_RESTORE_SECONDS

__all__ = ["Shard", "ShardRunner"]

log = structlog.get_logger(__name__)

_RESTORING: Final = "reprise du journal en cours"

_SHARING: Final = {"partition_assignment_strategy": (RoundRobinPartitionAssignor,)}
"""By turns: by ranges, two members would have Occitanie on one side and the départements around it on the other. It is
the only one, since aiokafka joins the group anew for each that it is given."""


class ShardRunner:
    """One member of a group that shares the partitions of a topic out: a shard for each that is assigned to it.

    Args:
        publisher: where what the shards say goes; started and stopped by its owner, around the runner.
        group: the consumer group, and the name under which it parks; its check is `bus.GROUP`.
        make_shard: an empty shard of a partition.
        snapshots: where shards are kept and found again, each a `KeptShard`; none where nothing is kept.
    """

    def __init__(
        self,
        bus: Bus,
        publisher: Publisher,
        parking: Parking,
        health: Health,
        *,
        topic: str,
        group: str,
        make_shard: Callable[[int], Shard],
        snapshots: SnapshotFolder | None = None,
    ) -> None:
        self._bus = bus
        self._topic = topic
        self._group = group
        self._make_shard = make_shard
        self._check = health.check(f"bus.{group}")
        self._held: dict[int, Held] = {}
        self._watch = ShardWatch(group)
        self._check.figures(shards=self._watch.report, emitted=lambda: self._watch.emitted)
        self._folding = Folding(publisher, parking, self._check, self._watch, group=group, held=self._held)
        self._folder = snapshots
        self._snapshots = None if snapshots is None else Snapshots(snapshots, self._watch, group=group)
        self._assigned: set[TopicPartition] | None = None
        self._working = asyncio.Lock()
        self._left = asyncio.Event()
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, in the background: the check is up once the assigned shards are restored."""
        self._running = asyncio.create_task(self._run(), name=f"shards {self._group}")

    async def stop(self) -> None:
        """Finish the slice under way, commit, and leave the group."""
        self._stopping.set()
        self._left.set()
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        backoff = Backoff()
        while not self._stopping.is_set():
            try:
                await self._connect_and_work()
                backoff = Backoff()
            except (FoldError, TooMuchParkedError) as error:
                # A shard that went on would skip a fact: a person has to look.
                log.error("shard.halted", group=self._group, why=str(error))  # noqa: TRY400 (no data in the log)
                self._check.down(f"arrêté : {error}")
                break
            except (KafkaError, OSError) as error:
                log.warning("bus.not_connected", group=self._group, error=type(error).__name__)
                self._check.down("le bus ne répond pas")
            except UnavailableError as error:
                self._check.down(error.detail)
            except Exception as error:  # noqa: BLE001 (unforeseen: the consumer is made anew, from what was committed)
                log.error("bus.consumer_broke", group=self._group, fault=fault(error))  # noqa: TRY400
                self._folding.forget()
                self._check.down("la lecture du bus a échoué, elle reprend")
            self._check.moved()
            await backoff.wait(self._stopping)
        self._check.rested()
        if self._stopping.is_set():
            self._check.down("arrêté")

    async def _connect_and_work(self) -> None:
        await verify_topics(self._bus, (self._topic,))
        self._ended.clear()
        self._assigned = None
        watch = Watch(self._check, ended=self._ended)
        consumer = PromptConsumer(
            watch=watch,
            bootstrap_servers=self._bus.bootstrap_servers,
            group_id=self._group,
            enable_auto_commit=False,
            **consuming.settings(self._bus) | _SHARING,
        )
        try:
            consumer.subscribe([self._topic], listener=_Listener(self, consumer))
            await unless(self._stopping, consumer.start())
            while not (self._stopping.is_set() or self._ended.is_set()):
                await self._turn(consumer, watch)
        finally:
            self._left.set()
            try:
                with contextlib.suppress(LeftError):
                    await self._folding.finish()
                if self._snapshots is not None:
                    await self._snapshots.finish()
            finally:
                await consumer.stop()
                self._watch.revoked()

    async def _turn(self, consumer: PromptConsumer, watch: Watch) -> None:
        """Restore what was assigned, or fold what is next."""
        left = self._left
        try:
            async with self._working:
                if self._assigned is not None:
                    await self._restore(consumer, self._assigned, left)
            batches = await unless(left, consumer.poll(max_records=SLICE_RECORDS))
            if not batches:
                async with self._working:
                    await self._folding.finish()
                    if not left.is_set():
                        await self._keep()
                watch.idle(consumer)
                return
            watch.answered()
            async with self._working:
                if not left.is_set():
                    await self._folding.run(consumer, batches, left)
                    await self._keep()
        except LeftError:
            log.info("shard.left", group=self._group)
        except IllegalStateError:
            if not left.is_set():
                raise  # else the partitions were taken back in the middle of it
        if left.is_set() and not self._stopping.is_set():
            await asyncio.sleep(0.05)  # the assignment is under way

    async def _keep(self) -> None:
        """Take a snapshot of a shard if one is due, once its words are acknowledged."""
        partition = None if self._snapshots is None else self._snapshots.due(self._held)
        if self._snapshots is not None and partition is not None and self._snapshots.ready(self._held[partition]):
            await self._folding.finish()
            self._snapshots.take(partition, self._held[partition])

    async def _restore(self, consumer: PromptConsumer, assigned: set[TopicPartition], left: asyncio.Event) -> None:
        began = time.perf_counter()
        with contextlib.suppress(LeftError):
            await self._folding.finish()
        self._check.down(_RESTORING)

        def progress(ratio: float) -> None:
            self._check.moved()
            self._check.figures(restored=round(ratio, 3))

        if self._snapshots is not None:
            await self._snapshots.finish()
        self._watch.restoring(assigned)
        restoration = Restoration(
            consumer,
            self._make_shard,
            self._held,
            snapshots=self._folder,
            watch=self._watch,
            left=left,
            progress=progress,
        )
        kept = set(map(id, self._held.values()))
        restored = await restoration.run(assigned)
        self._held.clear()
        self._held.update(restored)
        self._assigned = None
        for each in assigned:
            held = self._held[each.partition]
            self._watch.working(each, held.position, held.kept_at or None)
        elapsed = time.perf_counter() - began
        SHARD_RESTORE_SECONDS.labels(self._topic).observe(elapsed)
        self._check.figures(partitions=sorted(self._held), restored=1.0)
        self._check.up()
        log.info(
            "shard.restored",
            group=self._group,
            kept=sum(id(held) in kept for held in self._held.values()),
            positions={partition: held.position for partition, held in sorted(self._held.items())},
            elapsed_ms=round(elapsed * 1000, 1),
        )

    async def revoked(self) -> None:
        """The partitions are taken back: end the slices under way, committed; wait for nothing any more."""
        self._left.set()
        try:
            async with asyncio.timeout(FINISH_SECONDS), self._working:
                await self._folding.finish()
        except LeftError:
            log.info("shard.left", group=self._group)
        except TimeoutError:
            log.warning("bus.batch_outlived", group=self._group)
        self._watch.revoked()

    def assigned(self, consumer: PromptConsumer, partitions: set[TopicPartition]) -> None:
        """Partitions were assigned: nothing of them is read before their shards are restored."""
        if partitions:
            consumer.pause(*partitions)
        self._assigned = partitions
        if not self._stopping.is_set():
            self._left = asyncio.Event()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, runner: ShardRunner, consumer: PromptConsumer) -> None:
        self._runner = runner
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        del revoked
        await self._runner.revoked()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._runner.assigned(self._consumer, assigned)
