"""How a shard comes to where its group left off: it replays the log in silence up to the committed offset.

From the log alone, positions rather than offsets are waited for: control records leave gaps. This is where a snapshot
would spare the beginning of the replay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from aiokafka import ConsumerRecord, TopicPartition

from passerelles.bus.codec import UndecodableError, decode
from passerelles.bus.consumer import BATCH_RECORDS, PromptConsumer, record_of
from passerelles.bus.faults import fault
from passerelles.bus.patience import Fairness, stay
from passerelles.telemetry import SHARD_RESTORED
from schemas.envelope import Event
from schemas.vocabulary import Payload

log = structlog.get_logger(__name__)


class Shard(Protocol):
    """The fold of one partition: pure, so that the same log gives the same state and the same words.

    Whatever it raises stops the runner: a shard never skips a fact.
    """

    def load(self, event: Event[Payload], offset: int) -> None:
        """Take an event whose consequences were said already."""

    def settle(self) -> None:
        """The loading is over: derive what depends on all of it. Called once, also when there was nothing to load."""

    def fold(self, event: Event[Payload], offset: int) -> Sequence[Event[Payload]]:
        """Take an event, and give what it causes, in order: each time the same, to the byte."""


class FoldError(Exception):
    """A shard refused a fact; `str` tells where, without the data."""


@dataclass(slots=True)
class Held:
    """A shard at work.

    Attributes:
        position: the next offset to fold.
        said: what is caused by all before this offset is acknowledged.
    """

    shard: Shard
    position: int
    said: int


class Restoration:
    """Brings the shards of an assignment to where the group left off.

    Args:
        kept: the shards that this process held before, by partition; one that is not behind the group goes on.
        left: set when the assignment is over.
        progress: told how much of the replay is done, from 0 to 1.
    """

    def __init__(
        self,
        consumer: PromptConsumer,
        make_shard: Callable[[int], Shard],
        kept: Mapping[int, Held],
        *,
        left: asyncio.Event,
        progress: Callable[[float], None],
    ) -> None:
        self._consumer = consumer
        self._make_shard = make_shard
        self._kept = kept
        self._left = left
        self._progress = progress
        self._fairness = Fairness()

    async def run(self, assigned: set[TopicPartition]) -> dict[int, Held]:
        """The shards of these partitions, the consumer placed at the position of each.

        Raises:
            FoldError: a shard refused a fact.
            LeftError: `left` was set.
            KafkaError: the broker, or the assignment, is gone.
        """
        if not assigned:
            return {}
        consumer = self._consumer
        consumer.pause(*assigned)
        held: dict[int, Held] = {}
        targets: dict[TopicPartition, int] = {}
        for each, (begin, target, end) in (await self._spans(assigned)).items():
            kept = self._kept.get(each.partition)
            # One that is ahead of what it said is behind the words that it owes: it is restored.
            if kept is not None and kept.said == kept.position and target <= kept.position <= end:
                held[each.partition] = kept
            else:
                held[each.partition] = Held(self._make_shard(each.partition), begin, begin)
                targets[each] = target
                consumer.seek(each, begin)
                consumer.resume(each)
        await self._replay(targets, held)
        for each in assigned:
            consumer.seek(each, held[each.partition].position)
        consumer.resume(*assigned)
        return held

    async def _spans(self, assigned: set[TopicPartition]) -> dict[TopicPartition, tuple[int, int, int]]:
        """Where the log of each partition begins, up to where was said what it caused, and where it ends."""
        consumer, partitions = self._consumer, sorted(assigned)
        committed = await asyncio.gather(*(consumer.committed(each) for each in partitions))
        begins = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        spans: dict[TopicPartition, tuple[int, int, int]] = {}
        for each, offset in zip(partitions, committed, strict=True):
            if begins[each]:
                # Harmless where an epoch was trimmed away whole; otherwise the shard stays mute until the next one.
                log.error("shard.log_trimmed", topic=each.topic, partition=each.partition, begin=begins[each])
            target = begins[each] if offset is None else max(offset, begins[each])
            if target > ends[each]:
                # A commit that outlived its log: this is another log, of which nothing was said yet.
                log.error("shard.commit_beyond_log", topic=each.topic, partition=each.partition, committed=offset)
                target = begins[each]
            spans[each] = (begins[each], target, ends[each])
        return spans

    async def _replay(self, targets: Mapping[TopicPartition, int], held: Mapping[int, Held]) -> None:
        begins = {each: held[each.partition].position for each in targets}
        total = sum(target - begins[each] for each, target in targets.items())
        waiting = dict(targets)
        while True:
            for each, target in list(waiting.items()):
                position = await self._consumer.position(each)
                ratio = 1.0 if position >= target else (position - begins[each]) / (target - begins[each])
                SHARD_RESTORED.labels(each.topic, each.partition).set(ratio)
                if position >= target:
                    self._consumer.pause(each)
                    self._settle(held[each.partition])
                    held[each.partition].position = held[each.partition].said = target
                    del waiting[each]
                    await self._fairness.turn()
            stay(self._left)
            if not waiting:
                return
            batches = await self._consumer.poll(*waiting, max_records=BATCH_RECORDS)
            stay(self._left)
            for each, raws in batches.items():
                await self._load(held[each.partition], raws, targets[each])
            done = sum(held[each.partition].position - begins[each] for each in targets)
            self._progress(done / total)

    async def _load(self, held: Held, raws: Sequence[ConsumerRecord], target: int) -> None:
        for raw in raws:
            if raw.offset >= target:
                return
            await self._fairness.turn()
            try:
                event = decode(record_of(raw))
            except UndecodableError:
                continue  # parked when it was met for the first time
            try:
                held.shard.load(event, raw.offset)
            except Exception as error:
                raise FoldError(f"{raw.topic}/{raw.partition}@{raw.offset}: {fault(error)}") from error
            held.position = raw.offset + 1

    @staticmethod
    def _settle(held: Held) -> None:
        try:
            held.shard.settle()
        except Exception as error:
            raise FoldError(f"settle: {fault(error)}") from error
