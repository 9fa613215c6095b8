"""Who does not answer is reminded by email, then by text message, then its coordinator is told; an answer ends it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from passerelles.store.port import Store
from schemas.decisions import ProposalAccepted, ProposalAgreed, ProposalDeclined
from schemas.deliveries import MessageKind
from schemas.envelope import parse_time
from schemas.preferences import DigestTime, Every, Pace, Preferences
from schemas.vocabulary import Party
from services.notifications.channels.port import Attempt, Verdict
from services.notifications.ladder import FURTHER
from services.notifications.verdicts import Limits
from tests.integration.notifications.ledger_world import CountingChannel, World, decisions_of
from tests.unit.notifications.samples import COORDINATOR, contact_json, ids, made, outcome, some_id, withdrawn


def world_of(store: Store, *, sms: bool = True, preferences: Preferences | None = None) -> World:
    world = World(store, limits=Limits(), sms=CountingChannel())
    world.registry.borrowers = [contact_json("borrower-rh", sms=sms, preferences=preferences or Preferences())]
    world.registry.lenders = [contact_json("lender-rh", preferences=Preferences())]
    world.registry.coordinator = COORDINATOR
    return world


async def days(world: World, count: float) -> None:
    """Time that passes by the hour, as the sweep sees it."""
    for _ in range(round(count * 24)):
        await world.sweep(hours=1)


async def kinds_to(world: World, contact: str) -> list[tuple[str, str]]:
    """What was sent to a contact of its only pair, by which channel, in order."""
    found = [
        (stored["told_at"], item["kind"], stored["channel"])
        for stored in await world.deliveries()
        if stored["contact"] == str(some_id(contact)) and stored["state"] == "sent"
        for item in stored["items"]
        if not item["dropped"]
    ]
    return [(kind, channel) for _, kind, channel in sorted(found)]


async def rules(world: World, contact: str | None, kinds: Sequence[str]) -> list[tuple[str, str, str]]:
    wanted = None if contact is None else str(some_id(contact))
    said = [each for each in decisions_of(await world.deliveries()) if each["contact_id"] == wanted]
    return [(each["kind"], each["verdict"], each["rule"]) for each in said if each["kind"] in kinds]


async def test_the_ladder_goes_from_email_to_text_to_coordinator(store: Store) -> None:
    world = world_of(store)
    await world.hear(made(1))
    await days(world, 3)
    assert await kinds_to(world, "borrower-rh") == [("proposed", "email"), ("proposed", "sms")]
    await days(world, 0.1)
    assert (await kinds_to(world, "borrower-rh"))[2:] == [("reminded", "email")]
    assert world.email.to("borrower-rh")[-1].startswith("Votre réponse est attendue")
    await days(world, 1)
    assert (await kinds_to(world, "borrower-rh"))[3:] == [("reminded_again", "sms")]
    await days(world, 2)
    assert (await kinds_to(world, "borrower-rh"))[4:] == []
    assert await kinds_to(world, "coordinator") == [("escalated", "email"), ("escalated", "email")], "one a company"
    letters = [message for _, to, message in world.email.sent if to == COORDINATOR["email"]]
    assert letters[0].subject == "Proposition sans réponse\xa0: Conserverie des Causses"
    assert "vous suivez les entreprises du département\xa046" in letters[0].text
    assert "http" not in letters[0].text, "nobody answers in the company's place"
    assert await rules(world, "lender-rh", ["reminded_again"]) == [("reminded_again", "suppressed", "sms_not_asked")]
    before = await world.deliveries()
    await days(world, 5)
    assert await world.deliveries() == before, "the ladder has an end"


async def test_an_answer_ends_it_and_begins_that_of_the_other_side(store: Store) -> None:
    world = world_of(store)
    await world.hear(made(1))
    await days(world, 1)
    await world.hear(outcome(ProposalAccepted, 1, Party.BORROWER))
    await days(world, 3.2)
    assert await kinds_to(world, "borrower-rh") == [("proposed", "email"), ("proposed", "sms")]
    assert await kinds_to(world, "lender-rh") == [("proposed", "email"), ("accepted", "email"), ("reminded", "email")]
    await world.hear(outcome(ProposalAgreed, 2, Party.LENDER, headcount=1))
    await days(world, 4)
    assert (await kinds_to(world, "lender-rh"))[3:] == [("agreed", "email")]
    assert await kinds_to(world, "coordinator") == []


async def test_an_answer_while_the_reminder_waits_stops_it(store: Store) -> None:
    world = world_of(store)
    email = world.email
    assert isinstance(email, CountingChannel)
    await world.hear(made(1))
    await days(world, 2.9)
    email.answer = lambda: Attempt(Verdict.RETRY, "smtp_421")
    await days(world, 0.3)
    assert (await world.states())["reserved"] == 2
    await world.hear(outcome(ProposalDeclined, 1, Party.LENDER))
    email.answer = lambda: Attempt(Verdict.SENT, "smtp_250")
    await days(world, 4)
    assert "reminded" not in {kind for kind, _ in await kinds_to(world, "borrower-rh")}
    assert "reminded" not in {kind for kind, _ in await kinds_to(world, "lender-rh")}


async def test_the_registry_s_word_stops_it_before_the_event_comes(store: Store) -> None:
    world = world_of(store)
    await world.hear(made(1))
    await days(world, 2)
    world.registry.status = {ids()["id"]: "declined"}
    await days(world, 5)
    assert await kinds_to(world, "borrower-rh") == [("proposed", "email"), ("proposed", "sms")]
    assert await kinds_to(world, "coordinator") == []


async def test_without_a_coordinator_the_event_says_so(store: Store) -> None:
    world = world_of(store)
    world.registry.coordinator = None
    await world.hear(made(1))
    await days(world, 6)
    assert await rules(world, None, ["escalated"]) == [("escalated", "suppressed", "no_coordinator")] * 2


async def test_reminders_of_one_company_fill_one_message(store: Store) -> None:
    world = world_of(store)
    await world.hear(*(made(number, f"a{number}") for number in range(1, 9)))
    await days(world, 3.2)
    assert world.email.to("borrower-rh")[-1].startswith("8\xa0réponses attendues pour votre besoin")
    assert len(world.email.to("borrower-rh")) == 2


async def test_a_reminder_counts_from_what_was_told_in_the_digest(store: Store) -> None:
    weekly = Preferences(
        email={MessageKind.PROPOSED: Pace.DIGEST}, digest=DigestTime(every=Every.WEEK, weekday=0, hour=8)
    )
    world = world_of(store, sms=False, preferences=weekly)
    world.registry.lenders = []
    await world.hear(made(1))
    await days(world, 7.5)
    assert await kinds_to(world, "borrower-rh") == [("proposed", "email")]
    await days(world, 2)
    assert await kinds_to(world, "borrower-rh") == [("proposed", "email")]
    await days(world, 1)
    assert await kinds_to(world, "borrower-rh") == [("proposed", "email"), ("reminded", "email")]


async def test_a_company_that_nobody_could_tell_is_its_coordinator_s_to_call(store: Store) -> None:
    world = world_of(store, sms=False)
    world.registry.lenders = []
    world.registry.borrowers = [contact_json("borrower-rh") | {"unreachable": {"email": "smtp_550"}}]
    for _ in range(3):
        await world.hear(made(1))
    await days(world, 3.2)
    assert await rules(world, "borrower-rh", ["proposed"]) == [("proposed", "suppressed", "unreachable")]
    assert await kinds_to(world, "coordinator") == [("escalated", "email")] * 2
    letters = [message.text for _, to, message in world.email.sent if to == COORDINATOR["email"]]
    assert all("n’a peut-être pas été prévenue" in text for text in letters)
    assert sum("(les e-mails n’y arrivent plus)" in text for text in letters) == 1, "the other has no contact"


async def test_a_pair_that_ended_is_reminded_of_by_nobody(store: Store) -> None:
    world = world_of(store)
    await world.hear(made(1))
    await days(world, 2)
    await world.hear(withdrawn(2))
    await days(world, 8)
    assert await kinds_to(world, "borrower-rh") == [("proposed", "email"), ("proposed", "sms")]


@pytest.mark.parametrize("restarts", [0, 1])
async def test_timers_outlive_the_process_and_two_of_them_remind_once(store: Store, restarts: int) -> None:
    world = world_of(store)
    await world.hear(made(1))
    await world.stop()
    shared = {"clock": world.clock, "registry": world.registry, "email": world.email, "limits": Limits()}
    others = [World(store, **shared) for _ in range(1 + restarts)]  # type: ignore[arg-type]
    for _ in range(75):
        world.clock.advance(hours=1)
        for other in others:
            await other.sender.sweep()
        for other in others:
            await other.sender.settle()
    reminded = [kind for kind, _ in await kinds_to(world, "borrower-rh")]
    assert reminded == ["proposed", "proposed", "reminded"]


@pytest.mark.parametrize("every", Every)
async def test_a_reminder_that_waits_for_a_digest_holds_the_steps_behind_it(store: Store, every: Every) -> None:
    preferences = Preferences(digest=DigestTime(every=every, weekday=0, hour=8))
    world = world_of(store, sms=False, preferences=preferences)
    await world.hear(made(1))
    await days(world, 2.5)
    await world.hear(made(2, "a2"))
    await days(world, 14)
    told = {
        item["kind"]: parse_time(stored["told_at"])
        for stored in await world.deliveries()
        if stored["company"] == str(some_id("borrower")) and stored["state"] == "sent"
        for item in stored["items"]
        if item["proposal"] == str(ids("a1")["id"])
    }
    assert told["escalated"] >= told["reminded"] + FURTHER
