"""What is not told at once: gathered durably, told at the contact's hour if it is still true and calls for action."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from passerelles.store.port import Store
from schemas.decisions import ProposalAccepted, ProposalAgreed, ProposalDeclined
from schemas.deliveries import Channel, MessageKind
from schemas.preferences import DigestTime, Every, Pace, Preferences
from schemas.proposals import WithdrawalReason
from schemas.vocabulary import Party
from services.notifications.channels.port import Attempt, Verdict
from services.notifications.verdicts import INFORMS_FOR, Limits
from services.registry.domain.choices import without_alerts
from tests.chaos.notifications.memory import MemoryStore
from tests.integration.notifications.ledger_world import Clock, CountingChannel, World, decisions_of, events_of
from tests.integration.notifications.test_ledger_truth import kinds
from tests.unit.notifications.samples import contact_json, ids, made, outcome, some_id, withdrawn

USUAL = Preferences()
DAILY = Preferences(email={MessageKind.PROPOSED: Pace.DIGEST})
NIGHT = timedelta(hours=23)
"""From the moment of these tests, a Monday at 10:30 in Paris, to behind the next digest and before the one after."""


def world_of(store: Store, preferences: Preferences = USUAL, *, sms: CountingChannel | None = None) -> World:
    world = World(store, limits=Limits(), sms=sms)
    world.registry.borrowers = [contact_json("borrower-rh", preferences=preferences, sms=sms is not None)]
    world.registry.lenders = [contact_json("lender-rh", preferences=preferences)]
    return world


async def decided(world: World, contact: str = "borrower-rh", channel: str | None = None) -> list[tuple[str, str, str]]:
    """What was decided about one contact, in order."""
    said = decisions_of(await world.deliveries())
    said = [each for each in said if each["contact_id"] == str(some_id(contact))]
    said = [each for each in said if channel in {None, each["channel"]}]
    return [(each["kind"], each["verdict"], each["rule"]) for each in sorted(said, key=lambda each: each["at"])]


async def test_what_follows_an_alert_about_a_need_joins_the_digest_of_the_day(store: Store) -> None:
    world = world_of(store)
    await world.hear(made(1))
    await world.sweep(hours=1)
    await world.hear(made(2, "a2"), made(3, "a3"))
    await world.hear(made(2, "a2"), made(3, "a3"))
    await world.rest()
    assert len(world.email.to("borrower-rh")) == 1
    await world.sweep(seconds=NIGHT.total_seconds())
    await world.rest()
    (_, digest) = world.email.to("borrower-rh")
    assert digest == "Récapitulatif\xa0– 2\xa0profils pour votre besoin «\xa0Opérateur de conditionnement\xa0»"
    assert kinds(await world.told()) == {"proposed": 6}
    assert await decided(world) == [
        ("proposed", "sent", "preference"),
        ("proposed", "gathered", "need_limit"),
        ("proposed", "gathered", "need_limit"),
    ]
    sent = [each for each in events_of(await world.deliveries()) if each["state"] == "sent"]
    assert len(sent) == 6, "each is told to the bus, whichever way it went"


async def test_a_second_alert_about_the_need_leaves_at_once_a_day_later(store: Store) -> None:
    world = world_of(store)
    await world.hear(made(1))
    await world.sweep(hours=24)
    await world.hear(made(2, "a2"))
    assert len(world.email.to("borrower-rh")) == 2


async def test_another_need_and_a_decision_are_told_at_once(store: Store) -> None:
    world = world_of(store)
    await world.hear(made(1))
    await world.hear(made(2, "a2", need="other"))
    await world.hear(outcome(ProposalAccepted, 1, Party.LENDER))
    await world.hear(outcome(ProposalAgreed, 2, Party.BORROWER, headcount=1))
    assert len(world.email.to("borrower-rh")) == 4
    assert len(world.email.to("lender-rh")) == 3


async def test_an_alert_that_nobody_got_makes_way_for_the_next(store: Store) -> None:
    email = CountingChannel()
    world = World(store, limits=Limits(), email=email)
    email.answer = lambda: Attempt(Verdict.RETRY, "smtp_unreachable", reachable=False)
    await world.hear(made(1))
    await world.hear(withdrawn(2))
    await world.rest()
    email.answer = lambda: Attempt(Verdict.SENT, "smtp_250")
    await world.hear(made(3, "a2"))
    assert email.to("borrower-rh") == ["Un profil pour votre besoin «\xa0Opérateur de conditionnement\xa0»"]


async def test_only_what_is_still_true_is_told_and_an_empty_digest_is_not_sent(store: Store) -> None:
    world = world_of(store, DAILY)
    await world.hear(made(1), made(2, "a2"), made(3, "a3", need="other"))
    assert world.email.sent == []
    await world.hear(withdrawn(4), withdrawn(5, "a2"))
    await world.sweep(seconds=NIGHT.total_seconds())
    assert len(world.email.sent) == 2
    assert {proposal for proposal, *_ in await world.told()} == {str(ids("a3", "other")["id"])}
    assert ("proposed", "suppressed", "no_longer_true") in await decided(world)

    await world.hear(made(6, "a4"))
    await world.hear(withdrawn(7, "a4"))
    await world.sweep(hours=24)
    await world.rest()
    assert len(world.email.sent) == 2, "nothing was left to tell"


async def test_what_only_informs_waits_for_a_digest_that_has_something_to_do(store: Store) -> None:
    world = world_of(store)
    await world.hear(made(1))
    await world.hear(outcome(ProposalDeclined, 1, Party.LENDER))
    for _ in range(2):
        await world.sweep(hours=24)
        await world.rest()
    assert len(world.email.to("borrower-rh")) == 1
    await world.hear(made(2, "a2"))
    await world.hear(made(3, "a3"))
    await world.sweep(hours=24)
    (*_, digest) = [message.text for _, to, message in world.email.sent if to.startswith("borrower-rh")]
    assert world.email.to("borrower-rh")[-1].startswith("Récapitulatif\xa0– un profil")
    assert "PROPOSITION DÉCLINÉE" in digest
    assert ("declined", "gathered", "nothing_to_do") in await decided(world)


async def test_many_needs_in_a_morning_are_a_few_alerts_and_a_digest(store: Store) -> None:
    world = world_of(store)
    for number in range(1, 21):
        await world.hear(made(number, need=f"need{number}"))
        await world.sweep(seconds=60)
    most = Limits().contact
    assert len(world.email.to("lender-rh")) == most
    assert ("proposed", "gathered", "contact_limit") in await decided(world, "lender-rh")
    await world.hear(outcome(ProposalAccepted, 1, Party.BORROWER, need="need20"))
    assert len(world.email.to("lender-rh")) == most + 1, "what a company decided knows no limit"
    await world.sweep(seconds=NIGHT.total_seconds())
    await world.rest()
    *_, digest = world.email.to("lender-rh")
    assert digest.startswith("Récapitulatif")
    assert len(world.email.to("lender-rh")) == most + 2
    told = {
        pair
        for pair, kind, contact, _ in await world.told()
        if (kind, contact) == ("proposed", str(some_id("lender-rh")))
    }
    assert len(told) == 20, "none is missed"


async def test_alerts_that_nobody_got_do_not_count(store: Store) -> None:
    email = CountingChannel()
    world = World(store, limits=Limits(contact=2), email=email)
    email.answer = lambda: Attempt(Verdict.FAILED, "smtp_550")
    await world.hear(made(1, need="n1"))
    await world.hear(made(2, need="n2"))
    email.answer = lambda: Attempt(Verdict.SENT, "smtp_250")
    for number in (3, 4, 5):
        await world.hear(made(number, need=f"n{number}"))
    assert len(email.to("lender-rh")) == 2


async def test_alerts_at_the_same_moment_do_not_pass_the_limit_together(store: Store) -> None:
    world = World(store, limits=Limits(contact=3))
    await asyncio.gather(*(world.hear(made(number, need=f"n{number}")) for number in range(1, 13)))
    assert len(world.email.to("lender-rh")) == 3


@pytest.mark.parametrize("gone", [True, False])
async def test_whom_no_email_tells_has_its_digest_by_text(store: Store, gone: bool) -> None:
    sms = CountingChannel()
    world = world_of(store, without_alerts(USUAL), sms=sms)
    if gone:
        world = world_of(store, sms=sms)
        (contact,) = world.registry.borrowers
        contact["unreachable"] = {"email": "smtp_550"}
    await world.hear(made(1))
    await world.sweep(hours=1)
    await world.hear(made(2, "a2"), made(3, "a3"))
    assert len(sms.sent) == 1
    await world.sweep(seconds=NIGHT.total_seconds())
    await world.rest()
    assert world.email.to("borrower-rh") == []
    _, text = [message.text for *_, message in sms.sent]
    assert text.startswith("Passerelles industries"), text
    assert "2 profils" in text
    assert await decided(world, channel="sms") == [
        ("proposed", "sent", "preference"),
        ("proposed", "gathered", "need_limit"),
        ("proposed", "gathered", "need_limit"),
    ]


async def test_who_accepted_is_told_at_once_that_the_other_declined(store: Store) -> None:
    world = world_of(store)
    await world.hear(made(1))
    await world.hear(outcome(ProposalAccepted, 1, Party.BORROWER))
    await world.hear(outcome(ProposalDeclined, 2, Party.LENDER))
    assert world.email.to("borrower-rh")[1:] == ["Proposition déclinée\xa0: «\xa0Opérateur de conditionnement\xa0»"]
    assert ("declined", "sent", "preference") in await decided(world)


@pytest.mark.parametrize("pace", [Pace.DIGEST, Pace.NEVER])
async def test_who_accepted_and_chose_otherwise_is_told_as_it_chose(store: Store, pace: Pace) -> None:
    world = world_of(store, Preferences(email={MessageKind.DECLINED: pace}))
    await world.hear(made(1))
    await world.hear(outcome(ProposalAccepted, 1, Party.BORROWER))
    await world.hear(outcome(ProposalDeclined, 2, Party.LENDER))
    assert len(world.email.to("borrower-rh")) == 1
    await world.sweep(hours=24)
    await world.rest()
    told = world.email.to("borrower-rh")[1:]
    assert len(told) == (1 if pace is Pace.DIGEST else 0), "a digest leaves for what its reader waits for"


async def test_who_accepted_is_told_by_the_next_digest_that_the_pair_was_withdrawn(store: Store) -> None:
    world = world_of(store)
    await world.hear(made(1))
    await world.hear(outcome(ProposalAccepted, 1, Party.BORROWER))
    await world.hear(withdrawn(2, reason=WithdrawalReason.AVAILABILITY_WITHDRAWN))
    await world.sweep(hours=24)
    await world.rest()
    assert [subject.startswith("Récapitulatif") for subject in world.email.to("borrower-rh")] == [False, True]
    assert len(world.email.to("lender-rh")) == 2, "that the borrower had accepted; the lender waits for nothing"


async def test_what_only_informs_is_old_news_after_a_week(store: Store) -> None:
    world = world_of(store)
    await world.hear(made(1))
    await world.hear(withdrawn(2))
    for _ in range(INFORMS_FOR.days + 4):
        await world.sweep(hours=24)
    assert len(world.email.sent) == 2
    assert (await decided(world))[-1] == ("withdrawn", "suppressed", "nothing_to_do")
    before = await world.deliveries()
    await world.sweep(hours=24)
    assert await world.deliveries() == before, "it is over"


async def test_a_pair_that_turns_is_told_again_by_the_digest_and_the_last_message_is_true(store: Store) -> None:
    world = world_of(store, Preferences(email={MessageKind.WITHDRAWN: Pace.AT_ONCE}))
    world.registry.lenders = []
    await world.hear(made(1))
    await world.sweep(hours=24)
    await world.hear(withdrawn(2), made(9, "a9"))
    await world.sweep(seconds=NIGHT.total_seconds())
    assert ("withdrawn", "gathered", "pair_limit") in await decided(world)
    assert "PROPOSITION RETIRÉE" not in world.email.sent[-1][2].text
    await world.hear(made(10, "a10"))
    await world.sweep(hours=24)
    assert "PROPOSITION RETIRÉE" in world.email.sent[-1][2].text
    await world.hear(made(11))
    assert ("proposed", "gathered", "pair_limit") in await decided(world)
    await world.sweep(hours=24)
    await world.rest()
    said = [
        kind
        for (proposal, *_), each in (await world.said()).items()
        if proposal == str(ids()["id"])
        for kind, _ in each
    ]
    assert said == ["proposed", "withdrawn", "proposed"]


async def test_nothing_is_told_twice_when_the_preferences_change_meanwhile(store: Store) -> None:
    world = world_of(store, DAILY)
    await world.hear(made(1))
    world.registry.borrowers = [contact_json("borrower-rh", preferences=USUAL)]
    await world.hear(made(1))
    await world.hear(withdrawn(2))
    await world.hear(made(3))
    await world.sweep(seconds=NIGHT.total_seconds())
    await world.rest()
    assert len(world.email.to("borrower-rh")) == 1
    world.registry.borrowers = [contact_json("borrower-rh", preferences=DAILY)]
    await world.hear(made(4, "a2"))
    world.registry.borrowers = [
        contact_json("borrower-rh", preferences=Preferences(email={MessageKind.PROPOSED: Pace.NEVER}))
    ]
    await world.sweep(hours=24)
    assert len(world.email.to("borrower-rh")) == 1
    assert (await decided(world))[-1] == ("proposed", "suppressed", "preference")


async def test_a_digest_tells_a_company_of_both_its_sides(store: Store) -> None:
    world = world_of(store, DAILY)
    mirrored = made(2, "a2", need="theirs").model_copy(
        update={"borrower_id": ids()["lender_id"], "lender_id": ids()["borrower_id"]}
    )
    await world.hear(made(1), mirrored)
    await world.sweep(seconds=NIGHT.total_seconds())
    await world.rest()
    assert len(world.email.sent) == 2, "one for each company"
    for _, _, message in world.email.sent:
        assert "UN PROFIL POUR VOTRE BESOIN" in message.text
        assert "UN BESOIN POUR VOS ÉQUIPES" in message.text
        assert message.subject.endswith("(et 1\xa0autre nouvelle)")


@pytest.mark.parametrize("down", ["registry", "mail"])
async def test_a_digest_waits_for_what_it_depends_on(store: Store, down: str) -> None:
    email = CountingChannel()
    world = World(store, limits=Limits(), email=email)
    world.registry.borrowers = [contact_json("borrower-rh", preferences=DAILY)]
    await world.hear(made(1))
    world.registry.down = down == "registry"
    email.answer = lambda: Attempt(Verdict.RETRY, "smtp_421")
    if down == "registry":
        email.answer = lambda: Attempt(Verdict.SENT, "smtp_250")
    await world.sweep(seconds=NIGHT.total_seconds())
    await world.sweep(seconds=60)
    assert email.to("borrower-rh") == []
    world.registry.down = False
    email.answer = lambda: Attempt(Verdict.SENT, "smtp_250")
    await world.rest()
    assert len(email.to("borrower-rh")) == 1


async def test_two_processes_make_one_digest(store: Store) -> None:
    email = CountingChannel()
    first = World(store, limits=Limits(), email=email)
    first.registry.borrowers = [contact_json("borrower-rh", preferences=DAILY)]
    first.registry.lenders = [contact_json("lender-rh", preferences=DAILY)]
    second = World(store, limits=Limits(), email=email, clock=first.clock, registry=first.registry)
    await first.hear(*(made(number, f"a{number}") for number in range(1, 6)))
    await second.hear(*(made(number, f"a{number}") for number in range(6, 9)))
    first.clock.advance(seconds=NIGHT.total_seconds())
    for _ in range(3):
        await asyncio.gather(first.sender.sweep(), second.sender.sweep())
        await asyncio.gather(first.sender.settle(), second.sender.settle())
        first.clock.advance(seconds=190)
    assert kinds(await first.told()) == {"proposed": 16}
    assert len(email.sent) == 2
    assert set(email.tries.values()) == {1}


async def test_two_messages_about_a_need_decided_at_once_leave_one_alert(store: Store) -> None:
    email = CountingChannel()
    first = World(store, limits=Limits(), email=email)
    first.registry.lenders = []
    second = World(store, limits=Limits(), email=email, clock=first.clock, registry=first.registry)
    await asyncio.gather(first.hear(made(1)), second.hear(made(2, "a2")))
    await first.rest()
    assert len(email.to("borrower-rh")) == 1
    await first.sweep(hours=24)
    assert kinds(await first.told()) == {"proposed": 2}


async def test_a_weekly_digest_leaves_at_its_hour_in_paris_in_the_week_when_the_clocks_change() -> None:
    sunday = Preferences(
        email={MessageKind.PROPOSED: Pace.DIGEST}, digest=DigestTime(every=Every.WEEK, weekday=6, hour=2)
    )
    clock = Clock()
    clock.now = datetime(2026, 3, 28, 12, tzinfo=UTC)
    world = World(MemoryStore(), limits=Limits(), clock=clock)
    world.registry.borrowers, world.registry.lenders = [contact_json("borrower-rh", preferences=sunday)], []
    await world.hear(made(1))
    await world.sweep(hours=12, minutes=59)
    assert world.email.sent == []
    await world.sweep(minutes=11)
    assert len(world.email.sent) == 1, "2 o'clock does not exist on that night: as 3 o'clock begins"


async def test_a_contact_that_is_gone_or_unreachable_is_said(store: Store) -> None:
    world = world_of(store, DAILY)
    world.registry.lenders = [contact_json("lender-rh") | {"unreachable": {"email": "smtp_550"}}]
    await world.hear(made(1))
    assert await decided(world, "lender-rh") == [("proposed", "suppressed", "unreachable")]
    world.registry.borrowers = []
    await world.sweep(seconds=NIGHT.total_seconds())
    assert world.email.sent == []
    assert [(each["state"], each["code"]) for each in events_of(await world.deliveries())] == [
        ("dropped", "contact_gone")
    ]


async def test_a_text_message_has_no_digest(store: Store) -> None:
    sms = CountingChannel()
    world = world_of(store, sms=sms)
    await world.hear(made(1))
    await world.hear(made(2, "a2"))
    assert len(sms.sent) == 1
    said = [each for each in decisions_of(await world.deliveries()) if each["channel"] == Channel.SMS]
    assert [(each["verdict"], each["rule"]) for each in said] == [("sent", "preference"), ("suppressed", "need_limit")]
