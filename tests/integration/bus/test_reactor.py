"""A reaction loses nothing and blocks nothing: it waits, tries again, parks, and stops when too much fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from passerelles.bus import consumer
from passerelles.bus.address import Bus
from passerelles.bus.codec import encode
from passerelles.bus.parking import Parking
from passerelles.bus.parking_limits import ParkingLimits
from passerelles.bus.poison import PoisonReason
from passerelles.bus.producer import Publisher
from passerelles.bus.reactor import Reactor
from passerelles.errors import UnavailableError
from passerelles.health import Health
from passerelles.store.sqlite import SqliteStore
from schemas.envelope import Event
from schemas.vocabulary import Payload
from tests.integration.bus.conversation import (
    FACTS,
    committed,
    eventually,
    fact,
    partition_of,
    poison,
    publish_all,
    publish_unreadable_name,
    running,
)

GROUP = "notifications"


class Listener:
    """A handler that remembers, and fails as it is told to."""

    def __init__(self, fail: Callable[[Event[Payload]], Exception | None] = lambda _: None) -> None:
        self.fail = fail
        self.heard: list[Event[Payload]] = []
        self.batches = 0

    async def __call__(self, events: Sequence[Event[Payload]]) -> None:
        self.batches += 1
        for event in events:
            if (error := self.fail(event)) is not None:
                raise error
        self.heard += events

    @property
    def subjects(self) -> list[str]:
        return [event.subject for event in self.heard]


class Desk:
    """A reactor with all that it stands on."""

    def __init__(self, bus: Bus, store: SqliteStore, handler: Listener, limits: ParkingLimits | None = None) -> None:
        self.health = Health()
        self.parking = Parking(store, limits=limits)
        self.publisher = Publisher(bus)
        self.reactor = Reactor(bus, self.parking, self.health, group=GROUP)
        self.reactor.on(FACTS, handler)
        self.check = self.health.check(f"bus.{GROUP}")

    async def start(self) -> None:
        await self.publisher.start()
        await self.reactor.start()

    async def stop(self) -> None:
        await self.reactor.stop()
        await self.publisher.stop()


async def test_events_come_in_order_once_and_are_committed(bus: Bus, shelf: SqliteStore) -> None:
    await publish_all(bus, [fact(number) for number in range(1200)])
    listener = Listener()
    async with running(Desk(bus, shelf, listener)) as (desk,):
        await eventually(lambda: len(listener.heard) == 1200)
        assert desk.health.ready
        await desk.publisher.publish([fact(number) for number in range(1200, 1210)])
        await eventually(lambda: len(listener.heard) == 1210)
    assert listener.heard == [fact(number) for number in range(1210)]
    assert listener.batches < 30
    assert await committed(bus, GROUP, FACTS, partition_of(bus, fact(0))) == 1210
    assert not desk.health.ready


async def test_poison_of_each_kind_is_parked_with_its_bytes_and_blocks_nothing(bus: Bus, shelf: SqliteStore) -> None:
    partition = partition_of(bus, fact(0))
    listener = Listener()
    async with running(Desk(bus, shelf, listener)) as (desk,):
        await desk.publisher.publish([fact(0)])
        for record in poison(1).values():
            await desk.publisher.publish_record(FACTS, partition, record)
        await desk.publisher.publish([fact(1)])
        await eventually(lambda: len(listener.heard) == 2)
        assert desk.health.ready
    parked = await desk.parking.list()
    assert {PoisonReason(each.reason): each.record for each in parked} == poison(1)
    assert sorted(each.place.offset for each in parked) == list(range(1, 7))
    assert {(each.group, each.place.topic, each.place.partition) for each in parked} == {(GROUP, FACTS, partition)}
    assert await committed(bus, GROUP, FACTS, partition) == 8


async def test_a_header_whose_name_is_not_text_blocks_nothing(bus: Bus, shelf: SqliteStore) -> None:
    listener = Listener()
    async with running(Desk(bus, shelf, listener)) as (desk,):
        await desk.publisher.publish([fact(0)])
        strange = await publish_unreadable_name(bus, 1)
        await desk.publisher.publish([fact(2)])
        await eventually(lambda: listener.heard == [fact(0), fact(2)])
        (parked,) = await desk.parking.list()
        assert (parked.record, parked.place.offset, parked.reason) == (strange, 1, "bad_header")
        assert desk.health.ready
        assert await desk.parking.replay(desk.publisher) == 1
        await eventually(lambda: listener.heard == [fact(0), fact(2), fact(1)])
    assert await committed(bus, GROUP, FACTS, partition_of(bus, fact(0))) == 4


async def test_what_a_handler_refuses_is_parked_and_only_its_subject_waits_behind(bus: Bus, shelf: SqliteStore) -> None:
    refused = {"a"}
    listener = Listener(lambda event: ValueError("name of a person") if event.subject in refused else None)
    async with running(Desk(bus, shelf, listener)) as (desk,):
        await desk.publisher.publish([fact(number, subject=name) for number, name in enumerate("abab")])
        await eventually(lambda: len(listener.heard) == 2)
        assert set(listener.subjects) == {"b"}
        await eventually(lambda: _count(desk.parking, 2))
        refused.clear()
        await desk.publisher.publish([fact(4, subject="a"), fact(5, subject="b")])
        await eventually(lambda: len(listener.heard) == 3)
        await eventually(lambda: _count(desk.parking, 3))
        parked = sorted(await desk.parking.list(), key=lambda each: each.place)
        assert [each.reason for each in parked] == ["handler_failed", "behind_parked", "behind_parked"]
        assert [each.record for each in parked] == [encode(fact(number, subject="a")) for number in (0, 2, 4)]
        assert all("person" not in each.detail for each in parked)
        assert await desk.parking.replay(desk.publisher, [parked[1].id]) == 3
        await eventually(lambda: listener.subjects.count("a") == 3)
        assert [event for event in listener.heard if event.subject == "a"] == [
            fact(number, subject="a") for number in (0, 2, 4)
        ]
        assert not await desk.parking.list()
        await desk.publisher.publish([fact(6, subject="a")])
        await eventually(lambda: listener.subjects.count("a") == 4)


async def _count(parking: Parking, number: int) -> bool:
    return len(await parking.list()) == number


async def test_a_failure_that_passes_is_tried_again_and_parks_nothing(bus: Bus, shelf: SqliteStore) -> None:
    failures = iter([True, True])
    listener = Listener(lambda event: RuntimeError() if event.subject == "a" and next(failures, False) else None)
    async with running(Desk(bus, shelf, listener)) as (desk,):
        await desk.publisher.publish([fact(0, subject="a"), fact(1, subject="b")])
        await eventually(lambda: len(listener.heard) == 2)
        assert listener.subjects == ["a", "b"]
        assert not await desk.parking.list()


async def test_a_dependency_that_is_away_is_waited_for_and_nothing_is_parked(bus: Bus, shelf: SqliteStore) -> None:
    away = True
    listener = Listener(lambda _: UnavailableError("Le registre ne répond pas.") if away else None)
    async with running(Desk(bus, shelf, listener)) as (desk,):
        await eventually(lambda: desk.check.reason is None)
        await desk.publisher.publish([fact(0), fact(1)])
        await eventually(lambda: desk.check.reason == "Le registre ne répond pas.")
        await asyncio.sleep(1)
        assert not listener.heard
        away = False
        await eventually(lambda: len(listener.heard) == 2)
        assert desk.health.ready
        assert not await desk.parking.list()


async def test_stopping_while_waiting_leaves_the_batch_to_the_next(bus: Bus, shelf: SqliteStore) -> None:
    waiting = Listener(lambda _: UnavailableError("Le registre ne répond pas."))
    async with running(Desk(bus, shelf, waiting)) as (desk,):
        await desk.publisher.publish([fact(0), fact(1)])
        await eventually(lambda: waiting.batches > 0)
        await asyncio.wait_for(desk.reactor.stop(), 10)
    assert not await committed(bus, GROUP, FACTS, partition_of(bus, fact(0)))
    listener = Listener()
    async with running(Desk(bus, shelf, listener)):
        await eventually(lambda: len(listener.heard) == 2)


async def test_too_many_failures_stop_the_consumer_without_a_commit(bus: Bus, shelf: SqliteStore) -> None:
    broken = Listener(lambda _: RuntimeError())
    async with running(Desk(bus, shelf, broken, ParkingLimits(consecutive=3))) as (desk,):
        await desk.publisher.publish([fact(number, subject=str(number)) for number in range(6)])
        await eventually(lambda: "Plus de 3 messages" in (desk.check.reason or ""))
        assert len(await desk.parking.list()) == 3
        await asyncio.wait_for(desk.reactor._running, 40)
        assert "Plus de 3 messages" in (desk.check.reason or "")
    assert not await committed(bus, GROUP, FACTS, partition_of(bus, fact(0)))
    # The deploy is put right: what was parked stays for the operator, the others are handled.
    listener = Listener()
    async with running(Desk(bus, shelf, listener)) as (desk,):
        await eventually(lambda: len(listener.heard) == 3)
        assert listener.subjects == ["3", "4", "5"]
        assert len(await desk.parking.list()) == 3
        assert await desk.parking.replay(desk.publisher) == 3
        await eventually(lambda: len(listener.heard) == 6)


async def test_a_store_that_cannot_park_is_waited_for(
    bus: Bus, shelf: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener()
    async with running(Desk(bus, shelf, listener)) as (desk,):
        park = desk.parking.park
        away = iter([True, True])

        async def flaky(*args: object, **options: object) -> str:
            if next(away, False):
                message = "Le stockage ne répond pas."
                raise UnavailableError(message)
            return await park(*args, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(desk.parking, "park", flaky)
        spoilt = replace(encode(fact(0)), value=b"{")
        await desk.publisher.publish_record(FACTS, partition_of(bus, fact(0)), spoilt)
        await desk.publisher.publish([fact(1)])
        await eventually(lambda: len(listener.heard) == 1)
        assert [each.record for each in await desk.parking.list()] == [spoilt]


@pytest.mark.parametrize("where", ["blocked", "park"])
async def test_a_fault_that_nobody_foresaw_skips_no_batch(
    bus: Bus, shelf: SqliteStore, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    listener = Listener()
    async with running(Desk(bus, shelf, listener, ParkingLimits(consecutive=1))) as (desk,):
        await eventually(lambda: desk.check.reason is None)
        call = getattr(desk.parking, where)
        faults = 2  # one more than may be parked in a row: it is the same record
        failed = asyncio.Event()

        async def broken(*args: object, **options: object) -> object:
            nonlocal faults
            if faults:
                faults -= 1
                failed.set()
                message = "cursor not found"
                raise RuntimeError(message)
            return await call(*args, **options)

        monkeypatch.setattr(desk.parking, where, broken)
        spoilt = replace(encode(fact(0)), value=b"{")
        await desk.publisher.publish_record(FACTS, partition_of(bus, fact(0)), spoilt)
        await desk.publisher.publish([fact(1)])
        await failed.wait()
        await desk.publisher.publish([fact(2)])
        await eventually(lambda: listener.heard == [fact(1), fact(2)])
        await eventually(lambda: desk.check.reason is None)
        assert [each.record for each in await desk.parking.list()] == [spoilt]
    assert await committed(bus, GROUP, FACTS, partition_of(bus, fact(0))) == 3


async def test_a_fault_that_lasts_keeps_the_check_red(
    bus: Bus, shelf: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener()
    async with running(Desk(bus, shelf, listener)) as (desk,):
        await eventually(lambda: desk.check.reason is None)
        faults = 0
        ups = []

        async def broken(*_: object) -> object:
            nonlocal faults
            faults += 1
            message = "cursor not found"
            raise RuntimeError(message)

        monkeypatch.setattr(desk.parking, "blocked", broken)
        await desk.publisher.publish([fact(0)])
        await eventually(lambda: faults == 1)
        monkeypatch.setattr(desk.check, "up", lambda: ups.append(faults))
        await eventually(lambda: faults == 2)
        assert ups == []
        assert not desk.health.ready
    assert not await committed(bus, GROUP, FACTS, partition_of(bus, fact(0)))


async def test_a_member_that_waits_stays_and_a_rebalance_takes_its_batch(kafka_bus: Bus, shelf: SqliteStore) -> None:
    away = True
    first = Listener(lambda _: UnavailableError("Le registre ne répond pas.") if away else None)
    second = Listener(first.fail)
    async with running(Desk(kafka_bus, shelf, first)) as (one,):
        await eventually(lambda: one.check.reason is None)
        await one.publisher.publish([fact(number, name) for number in range(10) for name in ("46", "84")])
        await eventually(lambda: first.batches > 1)
        async with running(Desk(kafka_bus, shelf, second)):
            await eventually(lambda: second.batches > 1)
            away = False
            await eventually(lambda: len({event.id for event in first.heard + second.heard}) == 20)
            assert first.heard
            assert second.heard
    for listener in (first, second):
        for name in ("46", "84"):
            numbers = [event.time for event in listener.heard if event.territory == name]
            assert numbers == sorted(numbers)


async def test_a_bus_without_topics_is_not_given_any(kafka_bus: Bus, shelf: SqliteStore) -> None:
    from tests.real import kafka  # noqa: PLC0415

    kafka.reset(kafka_bus.bootstrap_servers)
    async with running(Desk(kafka_bus, shelf, Listener())) as (desk,):
        await eventually(lambda: "topics" in (desk.check.reason or ""))
        with pytest.raises(UnavailableError, match="topics"):
            await desk.publisher.publish([fact(0)])


async def test_what_was_written_piece_by_piece_is_handled_together(
    embedded_bus: Bus, shelf: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "_TOGETHER_SECONDS", 30.0)
    async with running(Publisher(embedded_bus)) as (publisher,):
        for number in range(40):
            await publisher.publish([fact(number)])
        listener = Listener()
        async with running(Desk(embedded_bus, shelf, listener).reactor):
            await eventually(lambda: len(listener.heard) == 40)
    assert listener.heard == [fact(number) for number in range(40)]
    # Before the first answer of the broker nobody knows how much there is.
    assert listener.batches <= 2
