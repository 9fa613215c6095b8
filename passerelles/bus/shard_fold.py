"""The work of the shards of one runner: facts are folded slice by slice, and stop at a record when they are taken back.

Records are taken many at once where the shard can (`shard_quick`); the others one by one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from aiokafka import ConsumerRecord, TopicPartition

from passerelles.bus.codec import decode
from passerelles.bus.consumer import Batches, PromptConsumer, place_of, record_of
from passerelles.bus.parking import Parking
from passerelles.bus.parking_limits import Tally
from passerelles.bus.patience import FAIR_SECONDS
from passerelles.bus.poison import UndecodableError
from passerelles.bus.producer import SLICE_EVENTS, Publisher
from passerelles.bus.set_aside import Aside
from passerelles.bus.shard import FoldError, Held, refused
from passerelles.bus.shard_quick import Quick
from passerelles.bus.shard_say import Saying, Slice, Span
from passerelles.bus.shard_watch import ShardWatch
from passerelles.health import Check
from schemas.envelope import Event
from schemas.vocabulary import Payload

SLICE_RECORDS: Final = 2_000
"""What is read at once: 20 to 100 ms of folding. A crash repeats the few that were not committed yet."""

_FULL: Final = SLICE_EVENTS * 3 // 4
"""Words with which a slice is closed: with those of its last record, they are still acknowledged at once."""


class Folding:
    """What a runner does with the records of its partitions.

    Args:
        check: red while the bus or the store is away.
        held: the shards at work, by partition.
    """

    def __init__(
        self,
        publisher: Publisher,
        parking: Parking,
        check: Check,
        watch: ShardWatch,
        *,
        group: str,
        held: dict[int, Held],
    ) -> None:
        self._held = held
        self._watch = watch
        self._saying = Saying(publisher, check, watch, group=group, held=held)
        self._tally = Tally(parking.limits)
        self._aside = Aside(parking, group, check)

    def forget(self) -> None:
        """The records taken so far are read again: those that were parked must not count twice."""
        self._tally.forget()

    async def run(self, consumer: PromptConsumer, batches: Batches, left: asyncio.Event) -> None:
        """Fold what was read, and have what it causes said and committed in the background, in slices.

        What is left of it when `left` is set is for whoever has the partitions next.

        Raises:
            FoldError: a shard refused a fact, or said what has no place on the bus.
            LeftError: `left` was set while something was away; nothing of the slice was committed.
            TooMuchParkedError: the runner has to stop; nothing of the slice was committed.
        """
        slice_ = Slice()
        due = time.perf_counter() + FAIR_SECONDS
        for each, raws in batches.items():
            held, first = self._held[each.partition], raws[0].offset
            self._watch.waits_since(each, raws[0].timestamp)
            quick, at = Quick(held.shard, raws, held.position), 0
            while at < len(raws):
                taken, words = quick.take(at)
                if taken > at:
                    self._tally.handled(taken - at)
                else:
                    words, taken = await self._alone(consumer, raws[at], held, left), at + 1
                raw, at = raws[taken - 1], taken
                slice_.words += words
                held.position = max(held.position, raw.offset + 1)
                if time.perf_counter() > due:
                    if left.is_set():
                        break
                    await asyncio.sleep(0)
                    due = time.perf_counter() + FAIR_SECONDS
                if len(slice_.words) > _FULL:
                    slice_.spans[each] = Span(first, held.position, raw.timestamp)
                    await self._saying.take(slice_, consumer, left)
                    slice_, first = Slice(), held.position
            held.last = raw
            if held.position > first:
                slice_.spans[each] = Span(first, held.position, raw.timestamp)
            if left.is_set():
                break
        if slice_.spans:
            await self._saying.take(slice_, consumer, left)

    async def finish(self) -> None:
        """Return once all that was folded is said and committed. Raises `FoldError` or `LeftError`."""
        await self._saying.finish()

    async def _alone(
        self, consumer: PromptConsumer, raw: ConsumerRecord, held: Held, left: asyncio.Event
    ) -> Sequence[Event[Payload]]:
        """Fold one record, park it, or pass over it if it was folded before; what it causes."""
        if raw.offset < held.position:
            return ()
        if raw.offset > held.position:
            await _only_a_gap(consumer, raw, held.position)
        try:
            event = decode(raw)
        except UndecodableError as error:
            await self._park(raw, error, left)
            return ()
        try:
            words = held.shard.fold(event, raw.offset)
        except Exception as error:
            raise refused(raw, error) from error
        self._tally.handled()
        return words

    async def _park(self, raw: ConsumerRecord, error: UndecodableError, left: asyncio.Event) -> None:
        self._tally.about_to_park()
        await self._aside.park((place_of(raw), record_of(raw)), error.reason, error.detail, left=left)


async def _only_a_gap(consumer: PromptConsumer, raw: ConsumerRecord, expected: int) -> None:
    """Tell a gap in the offsets, as control records leave, from facts that were deleted before they were read."""
    begin = (await consumer.beginning_offsets([TopicPartition(raw.topic, raw.partition)])).popitem()[1]
    if begin > expected:
        raise FoldError(f"{raw.topic}/{raw.partition}: the facts {expected} to {begin - 1} are gone")
