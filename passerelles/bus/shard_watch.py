"""What a runner shows of its shards, in `/readyz` and metrics: state, lag, age of what waits, progress, snapshots."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from aiokafka import TopicPartition

from passerelles.telemetry import (
    LAG,
    SHARD_OLDEST_SECONDS,
    SHARD_RESTORED,
    SHARD_SNAPSHOT_AGE,
    SHARD_SNAPSHOT_PAUSE,
    SHARD_STATE,
)


class ShardState(StrEnum):
    """Where a shard stands in this process."""

    RESTORING = "restoring"
    WORKING = "working"
    REVOKED = "revoked"


@dataclass(slots=True)
class _Shown:
    state: ShardState
    restored: float = 0.0
    position: int | None = None
    lag: int | None = None
    oldest: float | None = None
    kept_at: float | None = None


class ShardWatch:
    """The shards of one runner, as they are shown.

    Args:
        clock: seconds since 1970.

    Attributes:
        emitted: how many events the shards caused since the process started, all acknowledged by the bus.
    """

    def __init__(self, group: str, *, clock: Callable[[], float] = time.time) -> None:
        self._group = group
        self._clock = clock
        self.emitted = 0
        self._shown: dict[TopicPartition, _Shown] = {}

    def restoring(self, partitions: Iterable[TopicPartition]) -> None:
        """These were assigned."""
        for each in partitions:
            shown = self._shown[each] = _Shown(ShardState.RESTORING)
            self._state(each, shown.state)
            labels = (each.topic, str(each.partition))
            SHARD_RESTORED.labels(*labels).set(0)
            SHARD_OLDEST_SECONDS.labels(*labels).set_function(partial(self._oldest, shown))

    def restored_to(self, each: TopicPartition, ratio: float) -> None:
        """How much of its log a shard has gone over, from 0 to 1."""
        self._shown[each].restored = ratio
        SHARD_RESTORED.labels(each.topic, each.partition).set(ratio)

    def working(self, each: TopicPartition, position: int, kept_at: float | None) -> None:
        """A shard is restored."""
        shown = self._shown[each]
        shown.state, shown.position = ShardState.WORKING, position
        self.restored_to(each, 1.0)
        self._state(each, shown.state)
        if kept_at is not None:
            self._snapshot_of(each, shown, kept_at)

    def revoked(self) -> None:
        """Every shard was taken back; a figure of one that another process moves on would only mislead."""
        for each, shown in self._shown.items():
            if shown.state is ShardState.REVOKED:
                continue
            self._shown[each] = _Shown(ShardState.REVOKED)
            self._state(each, ShardState.REVOKED)
            for metric in (SHARD_RESTORED, SHARD_OLDEST_SECONDS, SHARD_SNAPSHOT_AGE):
                with suppress(KeyError):
                    metric.remove(each.topic, str(each.partition))
            with suppress(KeyError):
                LAG.remove(self._group, each.topic, str(each.partition))

    def waits_since(self, each: TopicPartition, timestamp_ms: int) -> None:
        """The oldest event that is not handled was written then."""
        shown = self._shown.get(each)
        if shown is not None and shown.oldest is None:
            shown.oldest = timestamp_ms / 1000

    def handled(self, each: TopicPartition, position: int, lag: int, last_ms: int) -> None:
        """All before `position` is committed; what waits, if anything does, was written after the last of it."""
        shown = self._shown.get(each)
        if shown is not None:
            shown.position, shown.lag = position, lag
            shown.oldest = last_ms / 1000 if lag else None

    def kept(self, each: TopicPartition, taken_at: float, pause: float) -> None:
        """A snapshot was written, for whose copy the fold stood still for `pause` seconds."""
        SHARD_SNAPSHOT_PAUSE.labels(each.topic).observe(pause)
        shown = self._shown.get(each)
        if shown is not None and shown.state is not ShardState.REVOKED:
            self._snapshot_of(each, shown, taken_at)

    def report(self) -> dict[str, dict[str, Any]]:
        """By partition, as JSON data; what is not known is left out."""
        return {str(each.partition): self._row(shown) for each, shown in sorted(self._shown.items())}

    def _row(self, shown: _Shown) -> dict[str, Any]:
        row = {
            "state": shown.state.value,
            "restored": round(shown.restored, 3) if shown.state is ShardState.RESTORING else None,
            "position": shown.position,
            "lag": shown.lag,
            "oldest_seconds": self._age(shown.oldest),
            "snapshot_age_seconds": self._age(shown.kept_at),
        }
        return {name: value for name, value in row.items() if value is not None}

    def _snapshot_of(self, each: TopicPartition, shown: _Shown, taken_at: float) -> None:
        shown.kept_at = taken_at
        SHARD_SNAPSHOT_AGE.labels(each.topic, each.partition).set_function(partial(self._kept, shown))

    def _age(self, since: float | None) -> float | None:
        return None if since is None else round(max(0.0, self._clock() - since), 1)

    def _oldest(self, shown: _Shown) -> float:
        return self._age(shown.oldest) or 0.0

    def _kept(self, shown: _Shown) -> float:
        return self._age(shown.kept_at) or 0.0

    @staticmethod
    def _state(each: TopicPartition, state: ShardState) -> None:
        for one in ShardState:
            SHARD_STATE.labels(each.topic, each.partition, one.value).set(one is state)
