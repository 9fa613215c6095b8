"""A text message that comes in the quiet hours waits for the morning, and is told if it is still true."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from passerelles.store.port import Store
from schemas.deliveries import Channel
from services.notifications.channels.port import Attempt, Verdict
from services.notifications.verdicts import Limits
from tests.integration.notifications.ledger_world import Clock, CountingChannel, World, decisions_of
from tests.unit.notifications.samples import contact_json, made, withdrawn

EVENINGS = {
    "a weekday": (datetime(2026, 3, 3, 19, 0, tzinfo=UTC), datetime(2026, 3, 4, 7, 0, tzinfo=UTC)),
    "before the clocks go on": (datetime(2026, 3, 28, 19, 0, tzinfo=UTC), datetime(2026, 3, 30, 6, 0, tzinfo=UTC)),
    "before the clocks go back": (datetime(2026, 10, 24, 18, 0, tzinfo=UTC), datetime(2026, 10, 26, 7, 0, tzinfo=UTC)),
    "before a public holiday": (datetime(2026, 4, 30, 18, 0, tzinfo=UTC), datetime(2026, 5, 2, 6, 0, tzinfo=UTC)),
}


def world_at(store: Store, now: datetime) -> tuple[World, CountingChannel]:
    clock, sms = Clock(), CountingChannel()
    clock.now = now
    world = World(store, limits=Limits(), sms=sms, clock=clock)
    world.registry.borrowers = [contact_json("borrower-rh", sms=True)]
    return world, sms


@pytest.mark.parametrize("evening", EVENINGS)
async def test_it_waits_for_the_first_minute_at_which_texts_leave(store: Store, evening: str) -> None:
    now, morning = EVENINGS[evening]
    world, sms = world_at(store, now)
    await world.hear(made(1))
    assert len(world.email.sent) == 2, "email keeps no hours"
    restarted = World(store, limits=Limits(), sms=sms, clock=world.clock, registry=world.registry, email=world.email)
    await restarted.hear(made(1))
    await restarted.rest()
    world.clock.now = morning.replace(hour=morning.hour - 1, minute=59, second=59)
    await restarted.sweep()
    assert sms.sent == []
    world.clock.now = morning
    await restarted.sweep()
    assert len(sms.sent) == 1
    said = [each for each in decisions_of(await world.deliveries()) if each["channel"] == Channel.SMS]
    assert [(each["verdict"], each["rule"]) for each in said] == [("waiting", "quiet_hours")]
    assert datetime.fromisoformat(said[0]["until"]) == morning


async def test_what_is_no_longer_true_in_the_morning_is_dropped(store: Store) -> None:
    now, morning = EVENINGS["a weekday"]
    world, sms = world_at(store, now)
    await world.hear(made(1))
    await world.hear(withdrawn(2))
    world.clock.now = morning
    await world.rest()
    assert sms.sent == []
    ends = [each["state"] for each in await world.deliveries() if each["channel"] == Channel.SMS and each["items"]]
    assert ends == ["dropped"]


async def test_a_retry_that_would_fall_into_the_evening_waits_too(store: Store) -> None:
    now, morning = EVENINGS["a weekday"]
    world, sms = world_at(store, now.replace(hour=18, minute=59, second=50))
    sms.answer = lambda: Attempt(Verdict.RETRY, "sms_unreachable")
    await world.hear(made(1))
    sms.answer = lambda: Attempt(Verdict.SENT, "sms_202")
    await world.rest()
    assert sms.sent == []
    world.clock.now = morning
    await world.sweep()
    assert len(sms.sent) == 1


NO_TEXTS = {
    "a STOP": contact_json("borrower-rh", sms=True) | {"sms": False},
    "its preferences": contact_json("borrower-rh", sms=True) | {"preferences": {"sms": {"proposed": "never"}}},
    "a number that does not answer": contact_json("borrower-rh", sms=True) | {"unreachable": {"sms": "twilio_30005"}},
}


@pytest.mark.parametrize("said", NO_TEXTS)
async def test_who_ends_texts_overnight_gets_none_in_the_morning(store: Store, said: str) -> None:
    now, morning = EVENINGS["a weekday"]
    world, sms = world_at(store, now)
    await world.hear(made(1))
    world.registry.borrowers = [NO_TEXTS[said]]
    world.clock.now = morning
    await world.sweep()
    assert sms.sent == []
    (text,) = [each for each in await world.deliveries() if each["channel"] == Channel.SMS and each["items"]]
    assert text["state"] == "dropped"


async def test_who_ends_alerts_while_the_mail_server_is_dead_gets_none_once_it_lives(store: Store) -> None:
    world, _ = world_at(store, EVENINGS["a weekday"][0].replace(hour=9))
    world.email.answer = lambda: Attempt(Verdict.RETRY, "smtp_unreachable")
    await world.hear(made(1))
    never = {"preferences": {"email": {"proposed": "never"}}}
    world.registry.borrowers = [contact_json("borrower-rh") | never]
    world.email.answer = lambda: Attempt(Verdict.SENT, "smtp_250")
    world.clock.advance(hours=1)
    await world.sweep()
    assert [address for _, address, _ in world.email.sent if "borrower" in address] == []
    assert world.email.sent, "the other side is told"


async def test_what_waits_for_a_channel_that_is_shut_by_then_says_so(store: Store) -> None:
    now, morning = EVENINGS["a weekday"]
    world, sms = world_at(store, now)
    await world.hear(made(1))
    restarted = World(store, limits=Limits(), clock=world.clock, registry=world.registry, email=world.email)
    restarted.clock.now = morning
    await restarted.sweep()
    assert sms.sent == []
    (text,) = [each for each in await restarted.deliveries() if each["channel"] == Channel.SMS and each["items"]]
    assert (text["state"], text["code"]) == ("dropped", "channel_off")
