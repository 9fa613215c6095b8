"""How a shard comes to where its group left off: from a snapshot or the log alone, in silence, to what was committed.

Positions rather than offsets are waited for: control records leave gaps. From a snapshot the rest is folded and what it
says is dropped; from the log alone everything is loaded first, and each open need is matched once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from aiokafka import ConsumerRecord, TopicPartition

from passerelles.bus.codec import decode
from passerelles.bus.consumer import PromptConsumer
from passerelles.bus.faults import fault
from passerelles.bus.patience import Fairness, stay
from passerelles.bus.poison import UndecodableError
from passerelles.bus.shard import FoldError, Held, KeptShard, Shard, refused
from passerelles.bus.shard_quick import Quick
from passerelles.bus.shard_watch import ShardWatch
from passerelles.bus.snapshots import Anchor, Refused, SnapshotFolder, SnapshotRefusedError
from passerelles.telemetry import SHARD_SNAPSHOTS_REFUSED

log = structlog.get_logger(__name__)

READ_RECORDS: Final = 5_000
"""What is read at once."""

_WORTH_MATCHING: Final = 200_000
"""Facts behind a snapshot from which loading them and matching every need once is quicker than folding each."""


@dataclass(slots=True)
class _Replay:
    """One shard on its way.

    Attributes:
        begin: where reading begins; `target`: the position to reach.
        log_begins: where it would begin without the snapshot.
        anchor, path: of the snapshot, until the log is known to hold the anchor.
        loads: it loads rather than folds.
    """

    held: Held
    begin: int
    target: int
    log_begins: int
    loads: bool = True
    anchor: Anchor | None = None
    path: Path | None = None


class Restoration:
    """Brings the shards of an assignment to where the group left off.

    Args:
        kept: the shards that this process held before, by partition; one that is not behind the group goes on.
        snapshots: where there may be some.
        left: set when the assignment is over.
        progress: told how much of the replay is done, from 0 to 1.
    """

    def __init__(
        self,
        consumer: PromptConsumer,
        make_shard: Callable[[int], Shard],
        kept: Mapping[int, Held],
        *,
        snapshots: SnapshotFolder | None,
        watch: ShardWatch,
        left: asyncio.Event,
        progress: Callable[[float], None],
    ) -> None:
        self._consumer = consumer
        self._make_shard = make_shard
        self._kept = kept
        self._snapshots = snapshots
        self._watch = watch
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
        replays: dict[TopicPartition, _Replay] = {}
        for each, (begin, target, end) in (await self._spans(assigned)).items():
            kept = self._kept.get(each.partition)
            # One that is ahead of what it said owes words that it would never say: it is restored.
            if kept is not None and kept.said == kept.position and target <= kept.position <= end:
                held[each.partition] = kept
            else:
                replays[each] = await self._from_snapshot(each, begin, target) or self._from_log(each, begin, target)
                self._read_from(each, replays[each].begin)
        await self._replay(replays)
        held |= {each.partition: replay.held for each, replay in replays.items()}
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

    def _from_log(self, each: TopicPartition, begin: int, target: int) -> _Replay:
        held = Held(self._make_shard(each.partition), begin, begin, kept_to=begin, kept_at=0.0)
        return _Replay(held, begin, target, begin)

    async def _from_snapshot(self, each: TopicPartition, begin: int, target: int) -> _Replay | None:
        """The newest snapshot that serves, if one does; those that don't are removed, with a line in the log."""
        if self._snapshots is None:
            return None
        for path in await asyncio.to_thread(self._snapshots.of, each.partition):
            try:
                replay = await asyncio.to_thread(self._resumed, path, each.partition, begin, target)
            except SnapshotRefusedError as refused:
                await self._refuse(each, path, refused.reason, refused.detail)
            else:
                stay(self._left)
                return replay
        return None

    def _resumed(self, path: Path, partition: int, begin: int, target: int) -> _Replay:
        assert self._snapshots is not None  # noqa: S101 (see the caller)
        header, parts = self._snapshots.read(path)
        if header.position > target:
            raise SnapshotRefusedError(Refused.AHEAD, f"at {header.position}, the group is at {target}")
        if header.anchor.offset < begin:
            raise SnapshotRefusedError(Refused.LOG_TRIMMED, f"at {header.position}, the log begins at {begin}")
        shard = self._make_shard(partition)
        assert isinstance(shard, KeptShard)  # noqa: S101 (whoever has snapshots has such shards)
        try:
            shard.resume(parts)
        except Exception as error:
            raise SnapshotRefusedError(Refused.OTHER_CONTENT, fault(error)) from error
        held = Held(shard, header.position, header.position, kept_to=header.position, kept_at=header.taken_at)
        loads = target - header.position > _WORTH_MATCHING
        return _Replay(held, header.anchor.offset, target, begin, loads, header.anchor, path)

    async def _refuse(self, each: TopicPartition, path: Path, reason: Refused, detail: str) -> None:
        assert self._snapshots is not None  # noqa: S101 (see the callers)
        SHARD_SNAPSHOTS_REFUSED.labels(each.topic, reason.value).inc()
        log.warning(
            "shard.snapshot_refused",
            topic=each.topic,
            partition=each.partition,
            file=path.name,
            reason=reason.value,
            detail=detail,
        )
        await asyncio.to_thread(self._snapshots.remove, path)

    def _read_from(self, each: TopicPartition, offset: int) -> None:
        self._consumer.seek(each, offset)
        self._consumer.resume(each)

    async def _replay(self, replays: dict[TopicPartition, _Replay]) -> None:
        waiting = dict(replays)
        while True:
            for each, replay in list(waiting.items()):
                position = await self._consumer.position(each)
                self._watch.restored_to(each, _ratio(position, replay))
                if position >= replay.target:
                    self._consumer.pause(each)
                    self._settle(replay)
                    del waiting[each]
                    await self._fairness.turn()
            stay(self._left)
            if not waiting:
                return
            batches = await self._consumer.poll(*waiting, max_records=READ_RECORDS)
            stay(self._left)
            for each, raws in batches.items():
                replay = replays[each]
                if replay.anchor is not None and Anchor.of(raws[0]) != replay.anchor:
                    assert replay.path is not None  # noqa: S101 (it has an anchor)
                    detail = f"another record, or none, at {replay.anchor.offset}"
                    await self._refuse(each, replay.path, Refused.OTHER_LOG, detail)
                    again = await self._from_snapshot(each, replay.log_begins, replay.target)
                    replays[each] = waiting[each] = again or self._from_log(each, replay.log_begins, replay.target)
                    self._read_from(each, replays[each].begin)
                else:
                    replay.anchor = None
                    await self._take(replay, raws)
            done = sum(max(0, replay.held.position - replay.begin) for replay in replays.values())
            total = sum(replay.target - replay.begin for replay in replays.values())
            self._progress(min(1.0, done / total))

    async def _take(self, replay: _Replay, raws: Sequence[ConsumerRecord]) -> None:
        held, loads = replay.held, replay.loads
        # Without the anchor, and what comes after the target.
        raws = [raw for raw in raws if raw.offset < replay.target]
        held.last = raws[-1] if raws else held.last
        raws = [raw for raw in raws if raw.offset >= held.position]
        if not raws:
            return
        quick, at = Quick(held.shard, raws, raws[0].offset, silently=loads), 0
        while at < len(raws):
            await self._fairness.turn()
            taken, _ = quick.take(at)
            if taken == at:
                _alone(held.shard, raws[at], silently=loads)
            at = max(taken, at + 1)
            held.position = raws[at - 1].offset + 1

    @staticmethod
    def _settle(replay: _Replay) -> None:
        held = replay.held
        if replay.loads:
            try:
                held.shard.settle()
            except Exception as error:
                raise FoldError(f"settle: {fault(error)}") from error
        held.position = held.said = replay.target


def _alone(shard: Shard, raw: ConsumerRecord, *, silently: bool) -> None:
    try:
        event = decode(raw)
    except UndecodableError:
        return  # parked when it was met for the first time
    try:
        if silently:
            shard.load(event, raw.offset)
        else:
            shard.fold(event, raw.offset)
    except Exception as error:
        raise refused(raw, error) from error


def _ratio(position: int, replay: _Replay) -> float:
    length = replay.target - replay.begin
    return 1.0 if position >= replay.target else (position - replay.begin) / length
