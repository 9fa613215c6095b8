"""Kill notifications between any two of its steps, start it again, and count what reached the contacts."""

from __future__ import annotations

from contextlib import suppress

import pytest

from passerelles.store.port import Store
from schemas.decisions import ProposalAccepted
from schemas.vocabulary import Party
from tests.chaos.notifications.killed import Fate, KilledError, MortalChannel, MortalStore
from tests.chaos.notifications.memory import MemoryStore
from tests.integration.notifications.ledger_world import Clock, CountingChannel, FakeRegistry, World, type_of
from tests.unit.notifications.samples import event, ids, made, outcome, withdrawn

BATCHES = (
    [made(1), made(2, "a2")],
    [outcome(ProposalAccepted, 1, Party.LENDER)],
    [withdrawn(3, "a2"), made(4, "a3")],
    [made(5)],
    [made(6, "a2")],
)

EXPECTED = {
    ("a1", "borrower-rh"): ["proposed", "accepted"],
    ("a1", "lender-rh"): ["proposed"],
    ("a2", "borrower-rh"): ["proposed", "withdrawn", "proposed"],
    ("a2", "lender-rh"): ["proposed", "withdrawn", "proposed"],
    ("a3", "borrower-rh"): ["proposed"],
    ("a3", "lender-rh"): ["proposed"],
}

NAMES = {str(ids(name)["id"]): name for name in ("a1", "a2", "a3")}


class Outside:
    """What outlives a process: time, the registry, the mail server and the store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock, self.registry, self.email = Clock(), FakeRegistry(), CountingChannel()

    def process(self, fate: Fate) -> World:
        return World(
            MortalStore(self.store, fate),
            clock=self.clock,
            registry=self.registry,
            email=MortalChannel(self.email, fate),
        )


async def live(outside: Outside, fate: Fate) -> None:
    """The batches one after the other, at least once each; a process that dies is replaced by one that does not."""
    process = outside.process(fate)
    for batch in BATCHES:
        events = [event(word, type_of(word)) for word in batch]
        with suppress(KilledError):
            await process.reaction(events)
            await process.sender.settle()
            await process.rest()
        await process.sender.settle()
        if fate.dead:
            # Whether its offsets were committed does not matter: the same events again change nothing.
            process = outside.process(Fate())
            await process.reaction(events)
            await process.rest()
    await process.stop()


async def count_steps() -> int:
    fate = Fate()
    await live(Outside(MemoryStore()), fate)
    return fate.steps


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_kill_at_any_step_never_sends_twice_and_loses_nothing(*, after: bool) -> None:
    steps = await count_steps()
    assert steps > 50
    killed = 0
    for step in range(1, steps + 1):
        outside = Outside(MemoryStore())
        fate = Fate(step, after=after)
        await live(outside, fate)
        await check(outside, step)
        killed += fate.dead
    # Where two write at once the number of steps varies by a retry: the very last may not have come.
    assert killed >= steps - 5


async def check(outside: Outside, step: int) -> None:
    world = outside.process(Fate())
    contacts = {
        each["id"]: each["email"].split("@")[0] for each in outside.registry.borrowers + outside.registry.lenders
    }
    named = {
        (NAMES[proposal], contacts[contact]): [kind for kind, _ in said]
        for (proposal, contact, _), said in (await world.said()).items()
    }
    assert named == EXPECTED, step
    states = await world.states()
    assert set(states) <= {"sent", "unknown"}, step
    # One process died once: with two deliveries under way at a time, that many may be in doubt.
    assert states["unknown"] <= 2, step
    assert all(count == 1 for count in outside.email.tries.values()), step
    handed_over = {str(id_) for id_, _, _ in outside.email.sent}
    for stored in await world.documents.deliveries.find():
        assert stored.id in handed_over or stored.body["state"] == "unknown", step


async def test_without_a_kill_each_is_sent_once() -> None:
    outside = Outside(MemoryStore())
    await live(outside, Fate())
    await check(outside, 0)
    world = outside.process(Fate())
    assert (await world.states()).keys() == {"sent"}
