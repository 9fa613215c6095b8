"""A replica that runs while another one opens the next epoch says nothing more in the old, and goes on in the new."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import cast

import pytest

from passerelles.bus.producer import Publisher
from passerelles.errors import UnavailableError
from passerelles.outbox import Relay
from passerelles.store.lease import Lease
from passerelles.store.port import Body
from schemas.envelope import Event
from schemas.proposals import WithdrawalReason
from schemas.vocabulary import Payload
from services.registry.days import DAY, LEASE_SECONDS, Days
from services.registry.epochs import Epochs
from services.registry.office import EPOCH
from services.registry.statements import InEpoch
from tests.unit.registry.world import START, World, said, withdrawn


def epochs(world: World, holder: str = "here") -> Epochs:
    return Epochs(world.office, world.log, holder, notice_seconds=0)


async def stored(world: World) -> Body:
    found = await world.office.singles.get(EPOCH)
    assert found is not None
    return found.body


async def elsewhere(world: World, **fields: object) -> None:
    """Another replica, or an operator, changes the epoch's document."""
    found = await world.office.singles.get(EPOCH)
    assert found is not None
    assert await world.office.singles.replace(EPOCH, {**found.body, **fields}, found.revision)


@pytest.fixture
async def opened(world: World) -> Epochs:
    opened = epochs(world)
    await opened.ensure(anew=False)
    world.log.events.clear()
    return opened


async def test_nothing_happens_while_the_epoch_stands(world: World, opened: Epochs) -> None:
    assert await opened.keep_up() == 1
    assert (world.office.epoch, world.log.events) == (1, [])


async def test_commands_wait_while_another_opens_the_next_epoch_and_go_on_in_it(world: World, opened: Epochs) -> None:
    other = Lease(world.store, EPOCH, "other", LEASE_SECONDS, clock=lambda: world.time)
    assert await other.acquire()
    await elsewhere(world, number=2, state="opening")
    with pytest.raises(UnavailableError):
        await opened.keep_up()
    with pytest.raises(UnavailableError, match="s'ouvre"):
        await world.company()
    await elsewhere(world, state="open")
    assert await opened.keep_up() == 2
    await world.company()
    assert world.office.epoch == 2


async def test_what_another_left_unfinished_is_opened_with_a_higher_number(world: World, opened: Epochs) -> None:
    await elsewhere(world, number=2, state="opening")
    assert await opened.keep_up() == 3
    assert {event.epoch for event in world.log.of("epoch.opened")} == {3}


async def test_an_operator_asks_for_an_epoch_without_a_restart(world: World, opened: Epochs) -> None:
    await elsewhere(world, state="asked")
    assert await opened.keep_up() == 2


async def test_a_bus_that_is_away_holds_no_round_up(world: World, opened: Epochs) -> None:
    """A process that stops waits for its rounds: an opening that fails is begun again by the next one."""
    await elsewhere(world, state="asked")
    world.log.away = True
    with pytest.raises(UnavailableError):
        async with asyncio.timeout(10):
            await opened.keep_up()
    world.log.away = False
    assert await opened.keep_up() == 3


@pytest.mark.parametrize("state", ["open", "opening"])
async def test_an_epoch_of_other_rules_is_left_to_the_build_that_has_them(
    world: World, opened: Epochs, state: str
) -> None:
    """Otherwise two builds that run side by side would open one epoch after another."""
    await elsewhere(world, number=2, state=state, rules="0" * 64)
    for _ in range(2):
        with pytest.raises(UnavailableError, match="règles"):
            await opened.keep_up()
    assert (await stored(world))["number"] == 2
    assert (world.office.epoch, world.log.events) == (0, [])


async def test_what_was_opened_while_the_lease_was_awaited_is_taken_up(world: World) -> None:
    late = epochs(world, "late")
    acquire = late._lease.acquire

    async def after_another() -> bool:
        late._lease.acquire = acquire  # type: ignore[method-assign]
        await epochs(world, "first").ensure(anew=False)
        return await acquire()

    late._lease.acquire = after_another  # type: ignore[method-assign]
    assert await late.ensure(anew=False) == 1


async def test_what_was_published_in_an_epoch_that_ended_is_owed_to_the_next(world: World, opened: Epochs) -> None:
    gated = InEpoch(world.log, world.office)
    relay = Relay(cast("Publisher", gated), source="registry", epoch=lambda: world.office.epoch)
    relay.watch(world.office.companies)
    publish = world.log.publish

    async def overtaken(events: Sequence[Event[Payload]]) -> None:
        await publish(events)
        await elsewhere(world, number=2, state="opening")

    world.log.publish = overtaken  # type: ignore[method-assign]
    company = await world.company()
    with pytest.raises(UnavailableError):
        await relay.drain()
    world.log.publish = publish  # type: ignore[method-assign]
    with pytest.raises(UnavailableError):
        await relay.drain()
    await elsewhere(world, state="open")
    await opened.keep_up()
    await relay.drain()
    assert [(event.subject, event.epoch) for event in world.log.of("company.recorded")] == [
        (str(company.id), 1),
        (str(company.id), 2),
    ]


async def test_words_of_the_old_epoch_are_passed_over_from_when_the_next_one_is_begun(
    world: World, opened: Epochs
) -> None:
    need, staff, id_ = await world.scene()
    other = Lease(world.store, EPOCH, "other", LEASE_SECONDS, clock=lambda: world.time)
    assert await other.acquire()
    await elsewhere(world, number=2, state="opening")
    with pytest.raises(UnavailableError):
        await opened.keep_up()
    word = withdrawn(need, staff, WithdrawalReason.NEED_EXPIRED, revision=(1 << 40) + 99)
    await world.projections.proposals([said(word, START, epoch=1)])
    assert (await world.proposal(id_)).status == "open"


async def test_a_replica_left_behind_takes_no_day(world: World, opened: Epochs) -> None:
    world.time += timedelta(days=1)
    await elsewhere(world, number=2)
    assert await Days(world.office, world.log, "here").catch_up() == []
    assert await Lease(world.store, DAY, "other", LEASE_SECONDS, clock=lambda: world.time).acquire()
    await opened.keep_up()
    assert world.log.events == []
