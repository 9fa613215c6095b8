"""Kill notifications at any step of the ladder, from the first telling to the coordinator, and count."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest

from schemas.preferences import Preferences
from services.notifications.verdicts import Limits
from tests.chaos.notifications.killed import Fate, KilledError, MortalChannel, MortalStore
from tests.chaos.notifications.memory import MemoryStore
from tests.integration.notifications.ledger_world import Clock, CountingChannel, FakeRegistry, World, type_of
from tests.integration.notifications.test_reminders import COORDINATOR, kinds_to
from tests.unit.notifications.samples import NOW, contact_json, event, made

HOURS = (0, 73, 98, 123, 172)
"""After the proposal: when each step of the ladder is surely due, and the end."""

TOLD = {
    "borrower-rh": [("proposed", "email"), ("proposed", "sms"), ("reminded", "email"), ("reminded_again", "sms")],
    "coordinator": [("escalated", "email"), ("escalated", "email")],
}


async def live(fate: Fate) -> tuple[World, CountingChannel, CountingChannel]:
    """A proposal that nobody answers; a process that dies is replaced by one that does not."""
    store, clock, registry = MemoryStore(), Clock(), FakeRegistry()
    email, sms = CountingChannel(), CountingChannel()
    registry.borrowers = [contact_json("borrower-rh", sms=True, preferences=Preferences())]
    registry.lenders, registry.coordinator = [], COORDINATOR

    def process(fate: Fate) -> World:
        return World(
            MortalStore(store, fate),
            clock=clock,
            registry=registry,
            email=MortalChannel(email, fate),
            sms=MortalChannel(sms, fate),
            limits=Limits(),
        )

    word = made(1)
    world = process(fate)
    for hours in HOURS:
        clock.now = NOW + timedelta(hours=hours)
        for seconds in (0, 190, 190, 190):
            with suppress(KilledError):
                await world.reaction([event(word, type_of(word))])
                await world.sweep(seconds=seconds)
            await world.sender.settle()
            if fate.dead:
                world = process(Fate())
    return world, email, sms


async def check(world: World, email: CountingChannel, sms: CountingChannel, step: int) -> None:
    states = await world.states()
    assert set(states) <= {"sent", "unknown"}, (step, states)
    assert states["unknown"] <= 2, step
    assert all(count == 1 for channel in (email, sms) for count in channel.tries.values()), step
    # Where nobody knows whether it was told, the message may be missing from what was sent; none is there twice.
    for contact, expected in TOLD.items():
        told = await kinds_to(world, contact)
        assert not Counter(told) - Counter(expected), step
    # The coordinator is told of the lender too, whom nobody could tell: all of them but what a kill left in doubt.
    assert sum(states.values()) == 6, step


async def test_without_a_kill_each_step_is_told_once() -> None:
    world, email, sms = await live(Fate())
    await check(world, email, sms, 0)
    assert await kinds_to(world, "borrower-rh") == TOLD["borrower-rh"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_kill_at_any_step_never_reminds_twice_and_loses_nothing(*, after: bool) -> None:
    fate = Fate()
    await live(fate)
    assert fate.steps > 40
    for step in range(1, fate.steps + 1):
        world, email, sms = await live(Fate(step, after=after))
        await check(world, email, sms, step)
