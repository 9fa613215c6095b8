"""The publisher returns once all is acknowledged, keeps the order, and says when the bus is away."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from passerelles.bus.address import Bus
from passerelles.bus.codec import decode
from passerelles.bus.embedded import EmbeddedBroker
from passerelles.bus.producer import Placed, Publisher
from passerelles.errors import UnavailableError
from tests.integration.bus.conversation import FACTS, everything, fact, running


async def test_all_that_was_published_is_there_in_order(bus: Bus) -> None:
    events = [fact(number, name) for number in range(300) for name in ("46", "12")]
    async with running(Publisher(bus)) as (publisher,):
        await publisher.publish(events)
        await asyncio.gather(*(publisher.publish([fact(number, "31-0")]) for number in range(50)))
    found = [decode(record) for record in await everything(bus, FACTS)]
    for name in ("46", "12"):
        assert [event for event in found if event.territory == name] == [fact(number, name) for number in range(300)]
    assert {event.id for event in found if event.territory == "31-0"} == {fact(n, "31-0").id for n in range(50)}


async def test_many_events_are_acknowledged_slice_by_slice_each_in_its_own_time(
    embedded_bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passerelles.bus.producer.SLICE_EVENTS", 100)
    slices: list[int] = []
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with running(Publisher(embedded_bus, patience=0.5)) as (publisher,):
        append = publisher._append

        async def slowly(records: list[Placed]) -> None:
            slices.append(len(records))
            await append(records)
            await asyncio.sleep(0.2)  # together, this is longer than the patience for one

        monkeypatch.setattr(publisher, "_append", slowly)
        beside = asyncio.create_task(others())
        await publisher.publish([fact(number) for number in range(450)])
        beside.cancel()
    assert slices == [100, 100, 100, 100, 50]
    assert turns > len(slices)
    assert [decode(record) for record in await everything(embedded_bus, FACTS)] == [fact(n) for n in range(450)]


async def test_what_has_no_place_or_is_too_large_is_refused(bus: Bus) -> None:
    async with running(Publisher(bus)) as (publisher,):
        with pytest.raises(LookupError):
            await publisher.publish([fact(0), replace(fact(1), territory="99")])
        with pytest.raises(ValueError, match="larger"):
            await publisher.publish([replace(fact(0), subject="x" * 2_000_000)])
        await publisher.publish([fact(1)])
    assert [decode(record) for record in await everything(bus, FACTS)] == [fact(1)]


async def test_a_bus_that_was_never_there_is_told_at_once() -> None:
    async with running(Publisher(Bus("127.0.0.1:1", embedded=True), patience=2)) as (publisher,):
        with pytest.raises(UnavailableError):
            await publisher.publish([fact(0)])


async def test_a_bus_that_goes_away_is_told_in_time_and_stopping_does_not_hang() -> None:
    with EmbeddedBroker() as broker:
        publisher = Publisher(broker.bus, patience=2)
        await publisher.start()
        await publisher.publish([fact(0)])
    with pytest.raises(UnavailableError):
        await publisher.publish([fact(1)])
    with pytest.raises(UnavailableError):
        await publisher.publish([fact(1)])
    await asyncio.wait_for(publisher.stop(), 10)
    with pytest.raises(UnavailableError):
        await publisher.publish([fact(1)])
