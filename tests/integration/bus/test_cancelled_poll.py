"""A poll that waits for more and is cancelled loses nothing of what it had read."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from aiokafka import TopicPartition

from passerelles.bus import consumer as consuming
from passerelles.bus.address import Bus
from passerelles.bus.consumer import Batches, PromptConsumer, Watch
from passerelles.bus.producer import Publisher
from passerelles.health import Health
from schemas.topics import partition_of_territory
from tests.integration.bus.conversation import FACTS, fact, running


async def test_what_a_cancelled_poll_had_read_is_read_again(embedded_bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    place = TopicPartition(FACTS, partition_of_territory("46", embedded_bus.partitions(FACTS)))
    async with running(Publisher(embedded_bus)) as (publisher,):
        for number in range(3):  # one by one: a fetch is answered with one of them
            await publisher.publish([fact(number)])
    watch = Watch(Health().check("bus.test"), ended=asyncio.Event())
    settings = consuming.settings(embedded_bus)
    consumer = PromptConsumer(watch=watch, bootstrap_servers=embedded_bus.bootstrap_servers, **settings)
    await consumer.start()
    try:
        consumer.assign([place])
        consumer.seek(place, 0)
        take, waits = consumer._take, asyncio.Event()

        async def once(*arguments: Any) -> Batches:
            if once.calls:  # type: ignore[attr-defined]
                waits.set()
                await asyncio.Event().wait()
            once.calls += 1  # type: ignore[attr-defined]
            return await take(*arguments)

        once.calls = 0  # type: ignore[attr-defined]
        monkeypatch.setattr(consumer, "_take", once)
        polling = asyncio.create_task(consumer.poll(max_records=100))
        await asyncio.wait_for(waits.wait(), 20)
        polling.cancel()
        with suppress(asyncio.CancelledError):
            await polling
        monkeypatch.undo()
        offsets: list[int] = []
        async with asyncio.timeout(20):
            while len(offsets) < 3:
                offsets += [raw.offset for raws in (await consumer.poll(max_records=100)).values() for raw in raws]
        assert offsets == [0, 1, 2]
    finally:
        await consumer.stop()
