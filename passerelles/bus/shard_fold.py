"""One slice of a shard's work: fold, have what it causes acknowledged, and only then commit."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import structlog
from aiokafka import ConsumerRecord, TopicPartition

from passerelles.bus.codec import UndecodableError, decode
from passerelles.bus.consumer import Batches, PromptConsumer, place_of, record_of, spans_of
from passerelles.bus.faults import fault
from passerelles.bus.parking import Parking
from passerelles.bus.parking_limits import Tally
from passerelles.bus.patience import Fairness, patiently
from passerelles.bus.producer import SLICE_EVENTS, Publisher
from passerelles.bus.set_aside import Aside
from passerelles.bus.shard_restore import FoldError, Held, Shard
from passerelles.health import Check
from passerelles.telemetry import BATCH_SECONDS, SHARD_EMITTED, SHARD_FOLDED, SHARD_POSITION
from schemas.envelope import Event
from schemas.vocabulary import Payload

log = structlog.get_logger(__name__)


class Folding:
    """What a runner does with the records of its partitions.

    Args:
        check: red while the bus or the store is away.
        held: the shards at work, by partition; one that is ahead of what it said is taken out.
    """

    def __init__(
        self, publisher: Publisher, parking: Parking, check: Check, *, group: str, held: dict[int, Held]
    ) -> None:
        self._publisher = publisher
        self._check = check
        self._group = group
        self._held = held
        self._tally = Tally(parking.limits)
        self._aside = Aside(parking, group, check)
        self._fairness = Fairness()

    def forget(self) -> None:
        """The records taken so far are read again: those that were parked must not count twice."""
        self._tally.forget()

    async def run(self, consumer: PromptConsumer, batches: Batches, left: asyncio.Event) -> None:
        """Fold a slice, have what it causes acknowledged, and commit it.

        Raises:
            FoldError: a shard refused a fact, or said what has no place on the bus.
            LeftError: `left` was set while something was away; nothing was committed.
            TooMuchParkedError: the runner has to stop; nothing was committed.
        """
        began = time.perf_counter()
        # Until all is said, these shards are ahead of what they said: if it cannot be, they are restored.
        in_hand = {each.partition: self._held.pop(each.partition) for each in batches}
        raws = [raw for of_one in batches.values() for raw in of_one]
        said: list[Event[Payload]] = []
        for raw in raws:
            await self._fairness.turn()
            held = in_hand[raw.partition]
            if raw.offset > held.position:
                await _only_a_gap(consumer, raw, held.position)
            if raw.offset >= held.position:
                said += await self._fold_one(held.shard, raw, left)
                held.position = raw.offset + 1
        await self._say(said, left)
        self._held.update(in_hand)
        ends = {each: in_hand[each.partition].position for each in batches}
        await consumer.commit_handled(self._group, ends)
        self._measure(ends, folded=len(raws), said=len(said), elapsed=time.perf_counter() - began)
        log.info(
            "shard.folded",
            group=self._group,
            events=len(raws),
            said=len(said),
            offsets=spans_of(raws),
            elapsed_ms=round((time.perf_counter() - began) * 1000, 1),
        )

    async def _say(self, said: list[Event[Payload]], left: asyncio.Event) -> None:
        for first in range(0, len(said), SLICE_EVENTS):
            # One at a time: what was acknowledged is not said again because something after it was not.
            some = said[first : first + SLICE_EVENTS]
            self._check.moved()
            try:
                await patiently(partial(self._publisher.publish, some), group=self._group, check=self._check, left=left)
            except (ValueError, LookupError) as error:
                raise FoldError(f"publish: {fault(error)}") from error

    async def _fold_one(self, shard: Shard, raw: ConsumerRecord, left: asyncio.Event) -> list[Event[Payload]]:
        record = record_of(raw)
        try:
            event = decode(record)
        except UndecodableError as error:
            self._tally.about_to_park()
            await self._aside.park((place_of(raw), record), error.reason, error.detail, left=left)
            return []
        try:
            said = list(shard.fold(event, raw.offset))
        except Exception as error:
            raise FoldError(f"{raw.topic}/{raw.partition}@{raw.offset}: {fault(error)}") from error
        self._tally.handled()
        return said

    def _measure(self, ends: dict[TopicPartition, int], *, folded: int, said: int, elapsed: float) -> None:
        SHARD_FOLDED.labels(self._group).inc(folded)
        SHARD_EMITTED.labels(self._group).inc(said)
        BATCH_SECONDS.labels(self._group).observe(elapsed)
        for each, end in ends.items():
            SHARD_POSITION.labels(each.topic, each.partition).set(end)


async def _only_a_gap(consumer: PromptConsumer, raw: ConsumerRecord, expected: int) -> None:
    """Tell a gap in the offsets, as control records leave, from facts that were deleted before they were read."""
    begin = (await consumer.beginning_offsets([TopicPartition(raw.topic, raw.partition)])).popitem()[1]
    if begin > expected:
        raise FoldError(f"{raw.topic}/{raw.partition}: the facts {expected} to {begin - 1} are gone")
