"""What a document owes is published at once, in order, at least once, and then no longer owed; on both pairs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from passerelles.bus.address import Bus
from passerelles.bus.codec import decode
from passerelles.bus.producer import Publisher
from passerelles.errors import UnavailableError
from passerelles.health import Health
from passerelles.outbox import Relay, owed
from passerelles.settling import Settlement
from passerelles.store.port import Body, Collection, Store, change
from schemas.envelope import Event
from schemas.vocabulary import Payload
from tests.integration.bus.conversation import FACTS, eventually, everything, fact, running

SINCE = "2026-01-01T00:00:00.000000Z"


def entry(number: int, territories: list[str] | None = None, subject: str = "46") -> Body:
    day = fact(number)
    return owed(
        "day.started",
        subject=subject,
        version=number,
        time=day.time,
        data=day.data,
        territories=["46"] if territories is None else territories,
    )


def owing(*entries: Body) -> Body:
    return {"pending": list(entries), "pending_since": SINCE}


class World:
    """A relay and the collection that it watches."""

    def __init__(self, bus: Bus, store: Store) -> None:
        self.bus = bus
        self.health = Health()
        self.days: Collection = store.collection("days", indexes=(("pending_since",),))
        self.publisher = Publisher(bus)
        self.relay = self.another()

    def another(self, **options: Any) -> Relay:
        relay = Relay(self.publisher, source="registry", epoch=lambda: 7, health=self.health, **options)
        relay.watch(self.days)
        return relay

    async def found(self) -> list[Event[Payload]]:
        return [decode(record) for record in await everything(self.bus, FACTS)]

    async def settled(self) -> bool:
        return not await self.relay._owing(self.days)


@pytest.fixture
async def world(pair: tuple[Bus, Store]) -> AsyncIterator[World]:
    world = World(*pair)
    await world.publisher.start()
    yield world
    await world.publisher.stop()


async def test_a_nudge_publishes_and_clears(world: World) -> None:
    await world.days.insert("a", owing(entry(1), entry(2), entry(3)))
    async with running(world.another(sweep_seconds=3600)) as (relay,):
        await asyncio.sleep(0.1)
        await world.days.insert("b", owing(entry(4, ["46", "12"], "b")))
        relay.nudge(world.days, "b")
        await eventually(world.settled)
    assert (await world.days.get("a")).body == {"pending": [], "pending_since": None}  # type: ignore[union-attr]
    found = await world.found()
    assert [event.id for event in found if event.subject == "46"] == [fact_id(number) for number in (1, 2, 3)]
    both = [event for event in found if event.subject == "b"]
    assert {(event.territory, event.key) for event in both} == {("46", "46:b"), ("12", "12:b")}
    assert len({event.id for event in both}) == 1
    assert {event.epoch for event in found} == {7}
    assert {event.source for event in found} == {"registry"}


def fact_id(number: int) -> Any:
    from schemas.vocabulary import event_id  # noqa: PLC0415

    return event_id("46", number, "day.started")


async def test_a_sweep_finds_what_nobody_nudged(world: World) -> None:
    async with running(world.another(sweep_seconds=0.1)):
        await asyncio.sleep(0.3)
        for number in range(30):
            await world.days.insert(f"day-{number}", owing(entry(number, subject=str(number))))
        await eventually(world.settled)
        await eventually(lambda: world.health.ready)
    assert len({event.id for event in await world.found()}) == 30


async def test_a_crash_between_publishing_and_clearing_publishes_again_and_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.days.insert("a", owing(entry(1), entry(2)))
    died = asyncio.Event()

    async def die(*_: object) -> None:
        died.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(Settlement, "_clear", die)
        relay = world.another()
        await relay.start()
        await died.wait()
        for task in [*relay._tasks, *relay._rounds]:
            task.cancel()
        await asyncio.gather(*relay._tasks, *relay._rounds, return_exceptions=True)
    await world.days.insert("b", owing(entry(3, subject="b")))
    async with running(world.relay):
        await eventually(world.settled)
    found = [event.id for event in await world.found() if event.subject == "46"]
    assert found == [fact_id(1), fact_id(2), fact_id(1), fact_id(2)]


async def test_what_is_owed_while_publishing_stays_owed_until_it_is_published(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.days.insert("a", owing(entry(1)))
    publish = world.publisher.publish

    async def slowly(events: Any) -> None:
        await publish(events)
        if any(event.id == fact_id(1) for event in events):
            await change(world.days, "a", lambda body: body and {**body, "pending": [*body["pending"], entry(2)]})

    monkeypatch.setattr(world.publisher, "publish", slowly)
    async with running(world.relay):
        await eventually(world.settled)
    assert [event.id for event in await world.found()] == [fact_id(1), fact_id(2)]


async def test_several_relays_keep_the_order_within_a_document(world: World) -> None:
    relays = [world.another(sweep_seconds=0.05) for _ in range(3)]

    async def write(name: str) -> None:
        await world.days.insert(name, owing(entry(0, subject=name)))
        for number in range(1, 20):
            await change(
                world.days,
                name,
                lambda body, number=number: (
                    body
                    and {**body, "pending": [*body["pending"], entry(number, subject=name)], "pending_since": SINCE}
                ),
            )
            relays[number % 3].nudge(world.days, name)

    async with running(*relays):
        await asyncio.gather(*(write(f"doc-{number}") for number in range(5)))
        await eventually(world.settled)
    found = await world.found()
    for name in (f"doc-{number}" for number in range(5)):
        first_seen = list(dict.fromkeys(event.time for event in found if event.subject == name))
        assert first_seen == sorted(first_seen)
        assert len(first_seen) == 20


async def test_what_cannot_be_published_holds_back_its_own_document_only(world: World) -> None:
    nowhere = entry(1, ["99"], "nowhere")
    await world.days.insert("nowhere", owing(nowhere, entry(2, subject="nowhere")))
    await world.days.insert("unknown", owing({**entry(3), "type": "moon.landed"}))
    await world.days.insert("good", owing(entry(4)))
    async with running(world.another(sweep_seconds=0.1)) as (relay,):
        await eventually(lambda: "2 document(s)" in (world.health.check("outbox").reason or ""))
        await eventually(lambda: _is_clear(world, "good"))
        await asyncio.wait_for(relay.drain(), 20)
        assert not await _is_clear(world, "nowhere")
        await world.days.delete("unknown")
        await change(world.days, "nowhere", lambda body: body and {**body, "pending": body["pending"][1:]})
        await eventually(world.settled)
        await eventually(lambda: world.health.ready)
    assert [event.subject for event in await world.found()] == ["46", "nowhere"]


async def _is_clear(world: World, id_: str) -> bool:
    stored = await world.days.get(id_)
    return stored is not None and not stored.body["pending"]


async def test_a_bus_that_is_away_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    publish = world.publisher.publish
    away = True

    async def sometimes(events: Any) -> None:
        if away:
            message = "Le bus ne répond pas."
            raise UnavailableError(message)
        await publish(events)

    monkeypatch.setattr(world.publisher, "publish", sometimes)
    async with running(world.relay) as (relay,):
        for number in range(10):
            await world.days.insert(f"day-{number}", owing(entry(number, subject=str(number))))
            relay.nudge(world.days, f"day-{number}")
        await eventually(lambda: world.health.check("outbox").reason == "Le bus ne répond pas.")
        with pytest.raises(UnavailableError):
            await relay.drain()
        away = False
        await eventually(world.settled)
        await eventually(lambda: world.health.ready)
    assert len({event.id for event in await world.found()}) == 10


async def test_a_fault_that_nobody_foresaw_ends_no_loop(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    find, faults = world.days.find, 2

    async def broken(*args: Any, **options: Any) -> Any:
        nonlocal faults
        if faults:
            faults -= 1
            message = "cursor not found"
            raise RuntimeError(message)
        return await find(*args, **options)

    monkeypatch.setattr(world.days, "find", broken)
    await world.days.insert("a", owing(entry(1)))
    async with running(world.another(sweep_seconds=0.05)):
        await eventually(lambda: faults == 1)
        assert not world.health.ready
        await eventually(lambda: _is_clear(world, "a"))
        await eventually(lambda: world.health.ready)


async def test_stopping_ends_whatever_befell_a_loop(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def die() -> None:
        raise RuntimeError

    relay = world.another()
    monkeypatch.setattr(relay, "_sweep", die)
    await relay.start()
    await asyncio.wait_for(relay.stop(), 10)
    assert world.health.check("outbox").reason == "arrêté"


async def test_those_that_cannot_be_published_hide_no_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passerelles.outbox._AT_ONCE", 5)
    for number in range(13):
        nowhere = owing(entry(number, ["99"], f"nowhere-{number}"))
        await world.days.insert(f"a-{number:02}", {**nowhere, "pending_since": f"2025-01-{number + 1:02}"})
    for number in range(7):
        await world.days.insert(f"b-{number}", owing(entry(number, subject=f"good-{number}")))
    async with running(world.another(sweep_seconds=0.05)):
        await eventually(lambda: _all_clear(world, "b", 7), 20)
        await eventually(lambda: "13 document(s)" in (world.health.check("outbox").reason or ""))
        for number in range(13):
            await world.days.delete(f"a-{number:02}")
        await eventually(lambda: world.health.ready)


async def test_draining_passes_over_those_that_cannot_be_published(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passerelles.outbox._AT_ONCE", 3)
    for number in range(7):
        nowhere = owing(entry(number, ["99"], f"nowhere-{number}"))
        await world.days.insert(f"a-{number}", {**nowhere, "pending_since": f"2025-01-0{number + 1}"})
        await world.days.insert(f"b-{number}", owing(entry(number, subject=f"good-{number}")))
    await asyncio.wait_for(world.relay.drain(), 20)
    assert await _all_clear(world, "b", 7)


async def _all_clear(world: World, name: str, number: int) -> bool:
    return all([await _is_clear(world, f"{name}-{each}") for each in range(number)])


async def test_what_may_wait_is_published_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    publications: list[int] = []
    publish = world.publisher.publish

    async def counted(events: Sequence[Event[Payload]]) -> None:
        publications.append(len(events))
        await publish(events)

    monkeypatch.setattr(world.publisher, "publish", counted)
    async with running(world.another(sweep_seconds=3600, pause_seconds=0.2)) as (relay,):
        await asyncio.sleep(0.3)
        for number in range(20):
            await world.days.insert(f"day-{number}", owing(entry(number, subject=str(number))))
        publications.clear()
        for number in range(20):
            relay.nudge(world.days, f"day-{number}")
            await asyncio.sleep(0.001)
        await eventually(world.settled)
    assert sum(publications) == 20
    assert len(publications) <= 10


async def test_stopping_publishes_what_was_asked_for(world: World) -> None:
    relay = world.another(sweep_seconds=3600)
    await relay.start()
    for number in range(50):
        await world.days.insert(f"day-{number}", owing(entry(number, subject=str(number))))
        relay.nudge(world.days, f"day-{number}")
    await asyncio.wait_for(relay.stop(), 20)
    assert await world.settled()
    assert len({event.id for event in await world.found()}) == 50


async def test_draining_publishes_everything_without_a_started_relay(world: World) -> None:
    for number in range(250):
        await world.days.insert(f"day-{number}", owing(entry(number, subject=str(number))))
    await world.days.insert("nothing", owing(entry(999, territories=[])))
    await world.relay.drain()
    assert await world.settled()
    assert len(await world.found()) == 250


def test_an_entry_is_one_for_all_its_territories_and_the_same_each_time() -> None:
    one = entry(1, ["46", "12"])
    assert one == entry(1, ["46", "12"])
    assert one["id"] == str(fact_id(1))
    assert one["territories"] == ["46", "12"]
    day = fact(1)
    other = owed("day.started", subject="46", version=1, time=day.time, data=day.data, key="k", causation_id=day.id)
    assert (other["territories"], other["key"], other["causation_id"]) == (None, "k", str(day.id))
    assert replace(day, id=fact_id(1)).data.model_dump(mode="json") == one["data"]
