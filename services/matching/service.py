"""The service: which topic it folds, where its words go, and its health; wiring only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from starlette.applications import Starlette

from passerelles.bus.address import Bus
from passerelles.bus.parking import Parking
from passerelles.bus.producer import Publisher
from passerelles.bus.shards import ShardRunner
from passerelles.bus.snapshots import SnapshotFolder
from passerelles.health import Health, health_routes
from passerelles.settings import Settings
from passerelles.store.port import Store
from schemas.topics import TopicName
from services.matching.odd import Odd
from services.matching.shard import MatchingShard

GROUP: Final = "matching"


def _now() -> datetime:
    return datetime.now(UTC)


class MatchingService:
    """Facts in, proposals out. Members of the group share the partitions of the facts out between them.

    The store serves to park what cannot be read; it is opened and closed by whoever made it, after this object is made
    and before `start`. Snapshots of the shards lie in `DATA`, unless the log lives in memory and is gone at each start.
    The clock only dates what is parked: the fold has none.

    Attributes:
        health: the check of the consumer, with the partitions held and what their folds left aside.
        app: the ASGI application of `/healthz`, `/readyz` and `/metrics`.
    """

    def __init__(self, settings: Settings, bus: Bus, store: Store, *, clock: Callable[[], datetime] = _now) -> None:
        self.health = Health()
        self.app = Starlette(routes=health_routes(self.health))
        self._partitions = bus.partitions(TopicName.FACTS)
        self._left_aside: dict[int, Counter[Odd]] = {}
        self._publisher = Publisher(bus)
        self._runner = ShardRunner(
            bus,
            self._publisher,
            Parking(store, clock=clock),
            self.health,
            topic=TopicName.FACTS,
            group=GROUP,
            make_shard=self._make_shard,
            snapshots=self._snapshots(settings, bus),
        )

    async def start(self) -> None:
        """Join the group; the shards are restored in the background, and the check is up once they are."""
        await self._publisher.start()
        await self._runner.start()

    async def stop(self) -> None:
        """Finish the slice under way, commit it, leave the group, and disconnect."""
        await self._runner.stop()
        await self._publisher.stop()

    def _snapshots(self, settings: Settings, bus: Bus) -> SnapshotFolder | None:
        if bus.embedded:
            return None
        return SnapshotFolder(settings.data / "snapshots" / GROUP, TopicName.FACTS, self._partitions)

    def _make_shard(self, partition: int) -> MatchingShard:
        shard = MatchingShard(partition, self._partitions)
        self._left_aside[partition] = shard.odd
        self.health.check(f"bus.{GROUP}").figures(left_aside=self._left_aside)
        return shard
