"""What slices of facts caused: acknowledged by the bus, then committed, while the next slice is folded."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping
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

_UNDER_WAY: Final = 2
"""Slices that are encoded or wait to be acknowledged; a crash makes the shard say again what was not committed."""


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
    """Says slices in the background, one after another, and commits what is acknowledged.

    Folding goes on meanwhile: a slice is encoded while the one before it waits to be acknowledged, and none waits for a
    commit, of which there is one at a time, for all that was acknowledged since the last.

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
        self._waiting = asyncio.Lock()
        self._under_way: deque[asyncio.Task[None]] = deque()
        self._acknowledged: list[Slice] = []
        self._committing: asyncio.Task[None] | None = None

    async def take(self, slice_: Slice, consumer: PromptConsumer, left: asyncio.Event) -> None:
        """Take a slice over once few enough of those before are not acknowledged. Raises what `finish` raises."""
        await self._said_but(_UNDER_WAY - 1)
        before = self._under_way[-1] if self._under_way else None
        saying = self._say(slice_, before, consumer, left)
        self._under_way.append(asyncio.create_task(saying, name=f"say {self._group}"))

    async def finish(self) -> None:
        """Return once all that was taken over is acknowledged and committed.

        Raises:
            FoldError: a shard said what has no place on the bus.
            LeftError: `left` was set while the bus was away; nothing from there on was committed.
        """
        try:
            await self._said_but(0)
        finally:
            await _ended(self._committing)

    async def _said_but(self, few: int) -> None:
        """Return once no more than a few slices are under way. One that waits may be cancelled; the slices go on."""
        async with self._waiting:
            while len(self._under_way) > few:
                oldest = self._under_way[0]
                await asyncio.wait([oldest])
                if oldest.cancelled() or oldest.exception() is not None:
                    behind, self._under_way = self._under_way, deque()
                    await asyncio.gather(*behind, return_exceptions=True)  # they end likewise
                    oldest.result()
                self._under_way.popleft()

    async def _say(
        self, slice_: Slice, before: asyncio.Task[None] | None, consumer: PromptConsumer, left: asyncio.Event
    ) -> None:
        try:
            prepared = await self._publisher.prepare(slice_.words)
            await _ended(before)
            for some in prepared:
                # One at a time: what was acknowledged is not said again because something after it was not.
                self._check.moved()
                publishing = partial(self._publisher.publish_prepared, some)
                await patiently(publishing, group=self._group, check=self._check, left=left)
        except (ValueError, LookupError) as error:
            raise FoldError(f"publish: {fault(error)}") from error
        for each, end in slice_.ends.items():
            self._held[each.partition].said = end
        self._acknowledged.append(slice_)
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit(consumer), name=f"commit {self._group}")

    async def _commit(self, consumer: PromptConsumer) -> None:
        while self._acknowledged:
            slices, self._acknowledged = self._acknowledged, []
            ends: dict[TopicPartition, int] = {}
            for slice_ in slices:
                ends |= slice_.ends
            try:
                await consumer.commit_handled(self._group, ends)
            except Exception as error:  # noqa: BLE001 (the next commit covers this one, else the slices are said again)
                log.error("shard.commit_failed", group=self._group, fault=fault(error))  # noqa: TRY400 (no data)
            for slice_ in slices:
                self._tell(slice_, consumer)

    def _tell(self, slice_: Slice, consumer: PromptConsumer) -> None:
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
