"""What an operator does with parked messages: list, replay, drop, on the store and the bus of the settings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from passerelles.bus.address import Bus
from passerelles.bus.parking import Parking
from passerelles.bus.producer import Publisher
from passerelles.settings import Settings
from passerelles.store.address import open_store


async def listed(settings: Settings) -> list[tuple[str, ...]]:
    """A row for each parked message: identifier, group, topic, partition, offset, since when, state, reason, detail."""
    async with _parking(settings) as parking:
        return [
            (
                each.id,
                each.group,
                each.place.topic,
                str(each.place.partition),
                str(each.place.offset),
                each.at,
                each.state.value,
                each.reason,
                each.detail,
            )
            for each in await parking.list()
        ]


async def replayed(settings: Settings, bus: Bus, ids: Collection[str] | None) -> int:
    """Append parked messages anew (none named: all), and say how many."""
    publisher = Publisher(bus)
    async with _parking(settings) as parking:
        await publisher.start()
        try:
            return await parking.replay(publisher, ids)
        finally:
            await publisher.stop()


async def dropped(settings: Settings, ids: Collection[str] | None) -> int:
    """Forget parked messages for good (none named: all), and say how many."""
    async with _parking(settings) as parking:
        return await parking.drop(ids)


@asynccontextmanager
async def _parking(settings: Settings) -> AsyncIterator[Parking]:
    store = open_store(settings.store)
    parking = Parking(store)
    await store.open()
    try:
        yield parking
    finally:
        await store.close()
