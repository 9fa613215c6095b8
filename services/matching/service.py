"""The service: which topic it folds, where its words go, and its health; wiring only."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from weakref import WeakValueDictionary

import structlog
from starlette.applications import Starlette

from passerelles.bus.address import Bus
from passerelles.bus.faults import fault
from passerelles.bus.parking import Parking
from passerelles.bus.producer import Publisher
from passerelles.bus.shards import ShardRunner
from passerelles.bus.snapshots import SnapshotFolder
from passerelles.health import Health, health_routes
from passerelles.settings import Settings
from passerelles.store.port import Store
from schemas.topics import TopicName
from services.matching.accord import Accord
from services.matching.odd import Odd
from services.matching.shard import MatchingShard

log = structlog.get_logger(__name__)

GROUP: Final = "matching"

COMPARED_EVERY_SECONDS: Final = 60.0
"""What territories know of one availability is compared so often: a hundred thousand take a tenth of a second."""


def _now() -> datetime:
    return datetime.now(UTC)


def _warm_up() -> None:
    # Compiled functions come with it: the commands that import this module fold nothing.
    from services.matching.warming import warm_up  # noqa: PLC0415

    warm_up()


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
        self._shards: WeakValueDictionary[int, MatchingShard] = WeakValueDictionary()
        self._accord = Accord(self._at_work)
        self._comparing: asyncio.Task[None] | None = None
        self._publisher = Publisher(bus)
        self._starting: asyncio.Task[None] | None = None
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
        """Begin, in the background: get the engine ready, join the group, restore the shards; then the check is up."""
        await self._publisher.start()
        self._starting = asyncio.create_task(self._start(), name="start matching")

    async def stop(self) -> None:
        """Finish the slice under way, commit it, leave the group, and disconnect."""
        if self._starting is not None:
            await self._starting
        if self._comparing is not None:
            self._comparing.cancel()
            await asyncio.gather(self._comparing, return_exceptions=True)
        await self._runner.stop()
        await self._publisher.stop()

    async def _start(self) -> None:
        # In a thread, and before partitions are held: a first start compiles for some ten seconds.
        self.health.check(f"bus.{GROUP}").down("préparation du moteur en cours")
        await asyncio.to_thread(_warm_up)
        await self._runner.start()
        self._comparing = asyncio.create_task(self._compare(), name="compare territories")

    async def _compare(self) -> None:
        while True:
            await asyncio.sleep(COMPARED_EVERY_SECONDS)
            try:
                await self._accord.look()
            except Exception as error:  # noqa: BLE001 (it only watches: folding goes on, and so does it)
                log.error("matching.comparison_failed", fault=fault(error))  # noqa: TRY400 (no data in the log)

    def _snapshots(self, settings: Settings, bus: Bus) -> SnapshotFolder | None:
        if bus.embedded:
            return None
        return SnapshotFolder(settings.data / "snapshots" / GROUP, TopicName.FACTS, self._partitions)

    def _make_shard(self, partition: int) -> MatchingShard:
        shard = MatchingShard(partition, self._partitions)
        self._shards[partition], self._left_aside[partition] = shard, shard.odd
        self.health.check(f"bus.{GROUP}").figures(left_aside=self._left_aside, territories_disagree=self._disagreements)
        return shard

    def _at_work(self) -> list[MatchingShard]:
        # Shards are made in the thread that restores them: the references are copied at once.
        return [shard for each in self._shards.valuerefs() if (shard := each()) is not None]

    def _disagreements(self) -> int:
        return self._accord.disagreements
