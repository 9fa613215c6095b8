"""What slices of facts caused: acknowledged by the bus, then committed, while the next slice is folded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import structlog
from aiokafka import TopicPartition

from passerelles.bus.consumer import PromptConsumer
from passerelles.bus.faults import fault
from passerelles.bus.patience import patiently
from passerelles.bus.producer import SLICE_EVENTS, Publisher
from passerelles.bus.shard import FoldError, Held
from passerelles.bus.shard_watch import ShardWatch
from passerelles.health import Check
from passerelles.telemetry import BATCH_SECONDS, SHARD_EMITTED, SHARD_FOLDED, SHARD_POSITION
from schemas.envelope import Event
from schemas.vocabulary import Payload

log = structlog.get_logger(__name__)


class Span(NamedTuple):
    """The offsets from `first` to before `end`; the last record was written at `last_ms`, since 1970."""

    first: int
    end: int
    last_ms: int


@dataclass(slots=True)
class Slice:
    """What was folded between two commits.

    Attributes:
        spans: by partition, what was folded of it.
        words: what it caused, in order.
    """

    spans: dict[TopicPartition, Span] = field(default_factory=dict)
    words: list[Event[Payload]] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)

    @property
    def ends(self) -> dict[TopicPartition, int]:
        """The offsets to commit."""
        return {each: span.end for each, span in self.spans.items()}

    @property
    def folded(self) -> int:
        """How many offsets it goes over."""
        return sum(span.end - span.first for span in self.spans.values())


class Saying:
    """Says one slice at a time, in the background and in order.

    Args:
        check: red while the bus is away.
        held: the shards at work, by partition; told up to where what they caused is acknowledged.
    """

    def __init__(
        self, publisher: Publisher, check: Check, watch: ShardWatch, *, group: str, held: Mapping[int, Held]
    ) -> None:
        self._publisher = publisher
        self._check = check
        self._watch = watch
        self._group = group
        self._held = held
        self._under_way: asyncio.Task[None] | None = None

    async def take(self, slice_: Slice, consumer: PromptConsumer, left: asyncio.Event) -> None:
        """Take a slice over once the one before is committed. Raises what `finish` raises."""
        await self.finish()
        self._under_way = asyncio.create_task(self._say(slice_, consumer, left), name=f"say {self._group}")

    async def finish(self) -> None:
        """Return once all that was taken over is acknowledged and committed.

        Raises:
            FoldError: a shard said what has no place on the bus.
            LeftError: `left` was set while the bus was away; nothing of the slice was committed.
        """
        if self._under_way is not None:
            # Whoever waits may be cancelled; the slice is then still said to its end.
            under_way = self._under_way
            await asyncio.wait([under_way])
            self._under_way = None
            under_way.result()

    async def _say(self, slice_: Slice, consumer: PromptConsumer, left: asyncio.Event) -> None:
        words, ends = slice_.words, slice_.ends
        for first in range(0, len(words), SLICE_EVENTS):
            # One at a time: what was acknowledged is not said again because something after it was not.
            some = words[first : first + SLICE_EVENTS]
            self._check.moved()
            try:
                await patiently(partial(self._publisher.publish, some), group=self._group, check=self._check, left=left)
            except (ValueError, LookupError) as error:
                raise FoldError(f"publish: {fault(error)}") from error
        for each, end in ends.items():
            self._held[each.partition].said = end
        await consumer.commit_handled(self._group, ends)
        elapsed = time.perf_counter() - slice_.began
        SHARD_FOLDED.labels(self._group).inc(slice_.folded)
        SHARD_EMITTED.labels(self._group).inc(len(words))
        self._watch.emitted += len(words)
        BATCH_SECONDS.labels(self._group).observe(elapsed)
        for each, span in slice_.spans.items():
            SHARD_POSITION.labels(each.topic, each.partition).set(span.end)
            lag = max(0, (consumer.highwater(each) or 0) - span.end) if each in consumer.assignment() else 0
            self._watch.handled(each, span.end, lag, span.last_ms)
        log.info(
            "shard.folded",
            group=self._group,
            events=slice_.folded,
            said=len(words),
            offsets={f"{each.topic}/{each.partition}": f"{of.first}-{of.end - 1}" for each, of in slice_.spans.items()},
            elapsed_ms=round(elapsed * 1000, 1),
        )
