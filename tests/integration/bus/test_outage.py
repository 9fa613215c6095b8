"""A broker that dies is waited for with readiness red, by whoever publishes and consumes, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from passerelles.bus.address import Bus
from passerelles.bus.codec import decode
from passerelles.bus.parking import Parking
from passerelles.bus.producer import Publisher
from passerelles.bus.reactor import Reactor
from passerelles.bus.shards import ShardRunner
from passerelles.errors import UnavailableError
from passerelles.health import Health
from passerelles.outbox import Relay, owed
from passerelles.store.sqlite import SqliteStore
from schemas.envelope import Event
from schemas.vocabulary import Payload
from tests.integration.bus.conversation import (
    FACTS,
    PROPOSALS,
    CountingShard,
    counts_said,
    eventually,
    everything,
    fact,
    running,
)
from tests.real.service import RealService


@pytest.mark.timeout(240)
async def test_everyone_waits_for_the_broker_and_goes_on(
    kafka_bus: Bus, restartable_kafka: RealService, tmp_path: Path
) -> None:
    store = SqliteStore(tmp_path / "store.sqlite")
    days = store.collection("days", indexes=(("pending_since",),))
    parking = Parking(store)
    await store.open()
    heard: list[Event[Payload]] = []

    async def hear(events: Sequence[Event[Payload]]) -> None:
        heard.extend(events)

    health = Health()
    publisher = Publisher(kafka_bus, patience=4)
    relay = Relay(publisher, source="registry", epoch=lambda: 1, health=health)
    relay.watch(days)
    reactor = Reactor(kafka_bus, parking, health, group="listeners")
    reactor.on(PROPOSALS, hear)
    runner = ShardRunner(kafka_bus, publisher, parking, health, topic=FACTS, group="shards", make_shard=CountingShard)

    async def owe(number: int) -> None:
        day = fact(number)
        entry = owed(
            "day.started", subject="46", version=number, time=day.time, data=day.data, territories=["46"], key="46"
        )
        await days.insert(f"day-{number}", {"pending": [entry], "pending_since": "2026-01-01T00:00:00.000000Z"})
        relay.nudge(days, f"day-{number}")

    async with running(publisher, relay, reactor, runner):
        await eventually(lambda: health.ready)
        for number in range(5):
            await owe(number)
        await eventually(lambda: len(heard) == 5)
        restartable_kafka.kill()
        for number in range(5, 10):
            await owe(number)
        await eventually(lambda: len(_red(health)) == 3)
        with pytest.raises(UnavailableError):
            await publisher.publish([fact(99)])
        assert len(heard) == 5
        await asyncio.to_thread(restartable_kafka.start)
        await eventually(lambda: len({event.id for event in heard}) >= 10, 90)
        await eventually(lambda: health.ready, 60)
    assert not (await days.get("day-9")).body["pending"]  # type: ignore[union-attr]
    await store.close()
    said = [record for record in await everything(kafka_bus, PROPOSALS) if decode(record).data]
    assert counts_said(said) == list(range(1, len(counts_said(said)) + 1))
    assert len(counts_said(said)) >= 10


def _red(health: Health) -> set[str]:
    return {name for name, check in health.report()["checks"].items() if not check["up"]}
