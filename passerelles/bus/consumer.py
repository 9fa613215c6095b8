"""The consumer that reactions and shards share: its settings, and how it notices that the broker is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CommitFailedError, ConsumerStoppedError, IllegalStateError, KafkaError

from passerelles.bus import mending  # noqa: F401 (mends the client)
from passerelles.bus.address import Bus
from passerelles.bus.codec import Record
from passerelles.bus.parking import Place
from passerelles.health import Check
from passerelles.telemetry import LAG

log = structlog.get_logger(__name__)

BATCH_RECORDS: Final = 500
"""What is handled between two commits at most: a commit is a round trip, and a crash repeats no more than this."""

# A member that waits for a database, perhaps for a week-end, is well: it must stay, or its partitions would go from one
# member to the next, each to wait for the same database. aiokafka leaves the group by itself after this long without a
# poll. A dead process is found by its heartbeats (session), a stuck one by `/healthz`.
_MAX_POLL_INTERVAL_MS: Final = 7 * 24 * 3600 * 1000
_SESSION_MS: Final = 10_000
_HEARTBEAT_MS: Final = 3_000
# The embedded broker makes a member that comes back wait for as long as a session, less a second.
_EMBEDDED_SESSION_MS: Final = 5_000
# How long the others wait for a member to finish its batch before they share its partitions out without it.
REBALANCE_MS: Final = 60_000
FINISH_SECONDS: Final = 20.0
"""What a batch under way may take when its partitions are taken back or the process stops: below what the group waits
for its members, and what a supervisor waits before it kills (30 s, usually)."""

_COMMIT_SECONDS: Final = 10.0

# A fetch is answered within `fetch_max_wait_ms` even when nothing is new: a broker silent for this long is away.
_SILENCE_SECONDS: Final = 8.0
_POLL_MS: Final = 1_000

_TOGETHER_SECONDS: Final = 0.05
"""How long a poll that is behind waits for more: the embedded broker answers a fetch with one batch of a producer's,
whatever there is behind it, and what is handled together costs far less than what is handled piece by piece."""

Batches = dict[TopicPartition, list[ConsumerRecord]]

SETTINGS: Final[Mapping[str, Any]] = {
    "auto_offset_reset": "earliest",
    "partition_assignment_strategy": (RangePartitionAssignor,),
    "max_poll_interval_ms": _MAX_POLL_INTERVAL_MS,
    "session_timeout_ms": _SESSION_MS,
    "heartbeat_interval_ms": _HEARTBEAT_MS,
    "rebalance_timeout_ms": REBALANCE_MS,
}
"""Of every consumer, whichever library makes it."""


def settings(bus: Bus) -> dict[str, Any]:
    """The settings of a consumer of this bus."""
    embedded = {"session_timeout_ms": _EMBEDDED_SESSION_MS, "heartbeat_interval_ms": _EMBEDDED_SESSION_MS // 4}
    return {**SETTINGS, **(embedded if bus.embedded else {}), "fetch_max_wait_ms": bus.fetch_max_wait_ms}


class Watch:
    """Follows a consumer's polls: turns its check red while the broker says nothing.

    Args:
        ended: set when the consumer has failed for good, and is to be made anew.
        calm: called when a poll has found nothing: all that there was has been handled.
    """

    def __init__(
        self,
        check: Check,
        *,
        ended: asyncio.Event,
        calm: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._check = check
        self._ended = ended
        self._calm = calm
        self._clock = clock
        self._silent = False
        self._idle_since: float | None = None

    def idle(self, consumer: AIOKafkaConsumer) -> None:
        """A poll has found nothing."""
        self._check.moved()
        now = self._clock()
        if self._idle_since is None:
            self._idle_since = now
        answers = [consumer.last_poll_timestamp(each) or 0 for each in consumer.assignment()]
        if not answers:
            return
        if now - max(self._idle_since, max(answers) / 1000) > _SILENCE_SECONDS:
            self._silent = True
            self._check.down("le bus ne répond plus")
        else:
            self._found()
            self._calm()

    def answered(self) -> None:
        """A poll has found records."""
        self._check.moved()
        self._idle_since = None
        self._found()

    def _found(self) -> None:
        if self._silent:
            self._silent = False
            self._check.up()

    def failed(self, error: Exception) -> None:
        """The consumer raised what it does not recover from by itself."""
        log.warning("bus.consumer_failed", error=type(error).__name__)
        self._check.down("la lecture du bus a échoué, elle reprend")
        self._ended.set()


class PromptConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """A consumer whose `getmany` returns with records only, at once when there are some.

    FastStream sleeps after each poll that found nothing, as long as the poll may take: this is a latency of its own.
    """

    def __init__(self, *topics: str, watch: Watch, **options: Any) -> None:
        super().__init__(*topics, **options)
        self._watch = watch

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> Batches:
        """Records by partition; waits until there are some, whatever `timeout_ms` says."""
        del timeout_ms
        while not (batches := await self.poll(*partitions, max_records=max_records)):
            self._watch.idle(self)
        self._watch.answered()
        return batches

    async def poll(self, *partitions: TopicPartition, max_records: int | None = None) -> Batches:
        """Records by partition, or none after a second; while there are more, they are waited for a little."""
        batches = await self._take(partitions, _POLL_MS, max_records)
        over = time.monotonic() + _TOGETHER_SECONDS
        while max_records and self._behind(batches):
            room = max_records - sum(map(len, batches.values()))
            left_ms = round((over - time.monotonic()) * 1000)
            if room <= 0 or left_ms <= 0:
                break
            try:
                more = await self._take(partitions, left_ms, room)
            except asyncio.CancelledError:
                self._read_again(batches)
                raise
            for each, records in more.items():
                batches.setdefault(each, []).extend(records)
        return batches

    def _read_again(self, batches: Batches) -> None:
        """Whoever cancelled is not given these: the next to poll is."""
        assigned = self.assignment()
        for each, records in batches.items():
            if each in assigned:
                self.seek(each, records[0].offset)

    async def _take(self, partitions: Iterable[TopicPartition], timeout_ms: int, max_records: int | None) -> Batches:
        try:
            batches: Batches = await super().getmany(*partitions, timeout_ms=timeout_ms, max_records=max_records)
        except ConsumerStoppedError:
            raise
        except Exception as error:
            self._watch.failed(error)
            raise
        return batches

    def _behind(self, batches: Batches) -> bool:
        """Whether the broker had more of what was read when it was last asked."""
        assigned = self.assignment()
        return any(
            (self.highwater(each) or 0) > records[-1].offset + 1
            for each, records in batches.items()
            if each in assigned
        )

    async def stop(self) -> None:
        """Leave the group, and close every connection whatever befalls."""
        try:
            await super().stop()
        finally:
            if self._fetcher is not None:
                await self._fetcher.close()
            await self._client.close()

    async def commit_handled(self, group: str, ends: Mapping[TopicPartition, int]) -> None:
        """Commit these offsets, each the next to read; what cannot be committed is read again by someone."""
        try:
            async with asyncio.timeout(_COMMIT_SECONDS):
                await self.commit(dict(ends))
        except (CommitFailedError, IllegalStateError):
            log.info("bus.commit_refused", group=group, why="the partitions went to another member")
        except (KafkaError, TimeoutError) as error:
            # The next commit of these partitions covers this one; a restart before it repeats the batch.
            log.warning("bus.commit_failed", group=group, error=type(error).__name__)
        else:
            self._tell_lag(group, ends)

    def _tell_lag(self, group: str, ends: Mapping[TopicPartition, int]) -> None:
        for each, end in ends.items():
            if each in self.assignment() and (highwater := self.highwater(each)) is not None:
                LAG.labels(group, each.topic, each.partition).set(max(0, highwater - end))


def place_of(raw: ConsumerRecord) -> Place:
    """Where a consumed record lies."""
    return Place(raw.topic, raw.partition, raw.offset)


def record_of(raw: ConsumerRecord) -> Record:
    """A consumed record, as it was written."""
    return Record(raw.key, raw.value, tuple(raw.headers))


def ends_of(raws: Iterable[ConsumerRecord]) -> dict[TopicPartition, int]:
    """The offsets to commit once these records are handled: the next of each partition."""
    ends: dict[TopicPartition, int] = {}
    for raw in raws:
        each = TopicPartition(raw.topic, raw.partition)
        ends[each] = max(raw.offset + 1, ends.get(each, 0))
    return ends


def spans_of(raws: Iterable[ConsumerRecord]) -> dict[str, str]:
    """The first and last offset by partition, for a log line."""
    offsets: dict[str, list[int]] = {}
    for raw in raws:
        offsets.setdefault(f"{raw.topic}/{raw.partition}", []).append(raw.offset)
    return {where: f"{min(of)}-{max(of)}" for where, of in offsets.items()}
