"""What slices of facts caused: acknowledged by the bus, then committed, while the next slice is folded."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

import structlog
from aiokafka import TopicPartition

from passerelles.bus.consumer import PromptConsumer
from passerelles.bus.faults import fault
from passerelles.bus.patience import patiently
from passerelles.bus.producer import Publisher
from passerelles.bus.shard import FoldError, Held
from passerelles.bus.shard_watch import ShardWatch
from passerelles.health import Check
from passerelles.telemetry import BATCH_SECONDS, SHARD_EMITTED, SHARD_FOLDED, SHARD_POSITION
from schemas.envelope import Event
from schemas.vocabulary import Payload

log = structlog.get_logger(__name__)

_UNDER_WAY: Final = 3
"""Slices that are said or committed at one time; a crash makes the shard say them again."""


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
    """Says slices in the background, one after another, and commits each once it is acknowledged.

    A few may be under way, so that folding goes on while the bus takes its time: one is encoded while the one before it
    waits to be acknowledged, and that one is sent before the commit of another is answered.

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
        self._published: asyncio.Task[None] | None = None
        self._under_way: deque[asyncio.Task[None]] = deque()

    async def take(self, slice_: Slice, consumer: PromptConsumer, left: asyncio.Event) -> None:
        """Take a slice over once few enough of those before are under way. Raises what `finish` raises."""
        await self._finish(all_but=_UNDER_WAY - 1)
        name = f"say {self._group}"
        self._published = asyncio.create_task(self._publish(slice_.words, self._published, left), name=name)
        before = self._under_way[-1] if self._under_way else None
        self._under_way.append(asyncio.create_task(self._commit(slice_, self._published, before, consumer), name=name))

    async def finish(self) -> None:
        """Return once all that was taken over is acknowledged and committed.

        Raises:
            FoldError: a shard said what has no place on the bus.
            LeftError: `left` was set while the bus was away; nothing of the slice was committed.
        """
        await self._finish(all_but=0)

    async def _finish(self, *, all_but: int) -> None:
        while len(self._under_way) > all_but:
            # Whoever waits may be cancelled; the slice is then still said to its end.
            oldest = self._under_way[0]
            await asyncio.wait([oldest])
            if oldest.cancelled() or oldest.exception() is not None:
                await asyncio.wait(self._under_way)  # those behind it end likewise
                self._under_way.clear()
                self._published = None
            else:
                self._under_way.popleft()
            oldest.result()

    async def _publish(
        self, words: Sequence[Event[Payload]], before: asyncio.Task[None] | None, left: asyncio.Event
    ) -> None:
        try:
            prepared = await self._publisher.prepare(words)
            await _ended(before)
            for some in prepared:
                # One at a time: what was acknowledged is not said again because something after it was not.
                self._check.moved()
                publishing = partial(self._publisher.publish_prepared, some)
                await patiently(publishing, group=self._group, check=self._check, left=left)
        except (ValueError, LookupError) as error:
            raise FoldError(f"publish: {fault(error)}") from error

    async def _commit(
        self,
        slice_: Slice,
        published: asyncio.Task[None],
        before: asyncio.Task[None] | None,
        consumer: PromptConsumer,
    ) -> None:
        await _ended(published)
        await _ended(before)
        ends = slice_.ends
        for each, end in ends.items():
            self._held[each.partition].said = end
        await consumer.commit_handled(self._group, ends)
        elapsed = time.perf_counter() - slice_.began
        SHARD_FOLDED.labels(self._group).inc(slice_.folded)
        SHARD_EMITTED.labels(self._group).inc(len(slice_.words))
        self._watch.emitted += len(slice_.words)
        BATCH_SECONDS.labels(self._group).observe(elapsed)
        for each, span in slice_.spans.items():
            SHARD_POSITION.labels(each.topic, each.partition).set(span.end)
            lag = max(0, (consumer.highwater(each) or 0) - span.end) if each in consumer.assignment() else 0
            self._watch.handled(each, span.end, lag, span.last_ms)
        log.info(
            "shard.folded",
            group=self._group,
            events=slice_.folded,
            said=len(slice_.words),
            offsets={f"{each.topic}/{each.partition}": f"{of.first}-{of.end - 1}" for each, of in slice_.spans.items()},
            elapsed_ms=round(elapsed * 1000, 1),
        )


async def _ended(task: asyncio.Task[None] | None) -> None:
    """Return once it has, raising what it raised; it goes on should this be cancelled."""
    if task is not None:
        await asyncio.wait([task])
        task.result()
