"""Kill notifications between any two of its steps while digests and the hours of texts are waited for, and count."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from passerelles.store.port import Store
from schemas.deliveries import MessageKind
from schemas.preferences import Pace, Preferences
from services.notifications.verdicts import Limits
from tests.chaos.notifications.killed import Fate, KilledError, MortalChannel, MortalStore
from tests.chaos.notifications.memory import MemoryStore
from tests.integration.notifications.ledger_world import (
    Clock,
    CountingChannel,
    FakeRegistry,
    World,
    decisions_of,
    type_of,
)
from tests.unit.notifications.samples import contact_json, event, ids, made, some_id, withdrawn

DAILY = Preferences(email={MessageKind.PROPOSED: Pace.DIGEST})
EVENING = datetime(2026, 3, 3, 19, 30, tzinfo=UTC)
"""Half past eight in Paris: texts wait until the morning, and digests leave then."""

EVENTS = (
    [made(1), made(2, "a2", need="other")],
    [made(3, "a3"), made(4, "a4")],
    [withdrawn(5, "a4")],
)
UNTIL = (0.1, 0.2, 12.0, 36.0)
"""Hours after the first batch: when the next comes, and the end."""

TOLD = {
    # The second about the need joins the digest of the morning; a text has none.
    ("a1", "borrower-rh", "email"): ["proposed"],
    ("a2", "borrower-rh", "email"): ["proposed"],
    ("a3", "borrower-rh", "email"): ["proposed"],
    ("a1", "borrower-rh", "sms"): ["proposed"],
    ("a2", "borrower-rh", "sms"): ["proposed"],
    ("a1", "lender-rh", "email"): ["proposed"],
    ("a2", "lender-rh", "email"): ["proposed"],
    ("a3", "lender-rh", "email"): ["proposed"],
}
NAMES = {
    str(ids(name, need)["id"]): name for name, need in (("a1", "need"), ("a2", "other"), ("a3", "need"), ("a4", "need"))
}
CONTACTS = {str(some_id(name)): name for name in ("borrower-rh", "lender-rh")}


class Outside:
    """What outlives a process."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock, self.registry = store, Clock(), FakeRegistry()
        self.clock.now = EVENING
        self.registry.borrowers = [contact_json("borrower-rh", sms=True, preferences=Preferences())]
        self.registry.lenders = [contact_json("lender-rh", preferences=DAILY)]
        self.email, self.sms = CountingChannel(), CountingChannel()

    def process(self, fate: Fate) -> World:
        return World(
            MortalStore(self.store, fate),
            clock=self.clock,
            registry=self.registry,
            email=MortalChannel(self.email, fate),
            sms=MortalChannel(self.sms, fate),
            limits=Limits(),
        )


async def live(outside: Outside, fate: Fate) -> None:
    process = outside.process(fate)
    for batch, hours in zip((*EVENTS, []), UNTIL, strict=True):
        events = [event(word, type_of(word)) for word in batch]
        with suppress(KilledError):
            await process.reaction(events)
            await process.sender.settle()
            outside.clock.now = EVENING + timedelta(hours=hours)
            await process.sweep()
        await process.sender.settle()
        if fate.dead:
            process = outside.process(Fate())
            await process.reaction(events)
            await process.sweep()
            outside.clock.now = EVENING + timedelta(hours=hours)
            await process.sweep()
        for _ in range(3):
            with suppress(KilledError):
                await process.sweep(seconds=190)
            await process.sender.settle()
            if fate.dead:
                process = outside.process(Fate())
    await process.rest()
    await process.stop()


async def check(outside: Outside, step: int) -> None:
    world = outside.process(Fate())
    said = {
        (NAMES[proposal], CONTACTS[contact], channel): [kind for kind, _ in told]
        for (proposal, contact, channel), told in (await world.said()).items()
    }
    assert said == TOLD, step
    states = await world.states()
    assert set(states) <= {"sent", "unknown", "dropped"}, step
    assert states["unknown"] <= 3, step
    assert all(count == 1 for channel in (outside.email, outside.sms) for count in channel.tries.values()), step
    handed_over = {str(id_) for channel in (outside.email, outside.sms) for id_, _, _ in channel.sent}
    waiting = []
    for stored in await world.documents.deliveries.find():
        if stored.body["state"] == "sent":
            assert stored.id in handed_over, step
        waiting += [item for item in stored.body["later"] if stored.body["later_at"] is not None]
    assert waiting == [], step
    # Whatever was owed to a contact ends as sent, as gathered and then sent or settled, or as suppressed by a rule.
    decisions = decisions_of(await world.deliveries())
    about = Counter((each["contact_id"], each["channel"], each["proposal_id"], each["kind"]) for each in decisions)
    assert {NAMES[proposal] for _, _, proposal, kind in about if kind == "proposed"} == set(NAMES.values()), step


async def test_without_a_kill_each_is_told_once() -> None:
    outside = Outside(MemoryStore())
    await live(outside, Fate())
    await check(outside, 0)
    assert len(outside.sms.sent) == 2
    assert [subject.partition("\xa0–")[0] for subject in outside.email.to("lender-rh")] == ["Récapitulatif"]
    assert len(outside.email.to("borrower-rh")) == 3


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_kill_at_any_step_never_tells_twice_and_loses_nothing(*, after: bool) -> None:
    fate = Fate()
    await live(Outside(MemoryStore()), fate)
    assert fate.steps > 50
    for step in range(1, fate.steps + 1):
        outside = Outside(MemoryStore())
        await live(outside, Fate(step, after=after))
        await check(outside, step)
