"""What is told, to whom and how often: the ledger on a real store, event by event."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from passerelles.store.port import Store
from schemas.decisions import ProposalAccepted, ProposalAgreed, ProposalCancelled, ProposalDeclined
from schemas.proposals import WithdrawalReason
from schemas.vocabulary import DeclineReason, Party
from services.notifications.channels.port import Attempt, Verdict
from services.notifications.ledger.documents import GRACE
from tests.integration.notifications.ledger_world import CountingChannel, World, events_of
from tests.unit.notifications.samples import contact_json, ids, made, outcome, withdrawn

INELIGIBLE = WithdrawalReason.NO_LONGER_ELIGIBLE
WINDOW = timedelta(milliseconds=500)


def kinds(told: dict[tuple[str, str, str, str], str]) -> Counter[str]:
    return Counter(kind for _, kind, _, _ in told)


async def eventually(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not check():  # noqa: ASYNC110 - what is watched is a count, not an event
            await asyncio.sleep(0.002)


async def test_a_new_proposal_is_told_once_to_each_side(store: Store) -> None:
    world = World(store)
    await world.hear(made(1))
    await world.hear(made(1))
    await world.hear(made(9))
    await world.rest()
    assert len(world.email.sent) == 2
    assert world.email.to("borrower-rh") == ["Un profil pour votre besoin «\xa0Opérateur de conditionnement\xa0»"]
    assert kinds(await world.told()) == {"proposed": 2}
    assert await world.states() == {"sent": 2}


async def test_a_new_epoch_that_states_everything_again_alerts_nobody(store: Store) -> None:
    world = World(store)
    await world.hear(made(1), made(2, "a2"))
    before = len(world.email.sent)
    restarted = World(store, clock=world.clock, email=world.email)
    await restarted.hear(made(1 << 41, "a2"), made((1 << 41) + 1), epoch=2)
    await restarted.rest()
    assert len(world.email.sent) == before
    assert restarted.epoch() == 2


async def test_the_window_gathers_the_proposals_of_one_need_and_of_one_lender(store: Store) -> None:
    world = World(store, window=WINDOW)
    await world.hear(made(1), made(2, "a2"))
    await world.hear(made(3, "a3"), made(4, "a4", need="other"))
    assert world.email.sent == []
    await world.sweep(seconds=0.5 + GRACE.total_seconds())
    assert len(world.email.to("borrower-rh")) == 2, "one for each need"
    assert world.email.to("lender-rh") == [
        "2\xa0besoins pour vos équipes\xa0: Conduite d’équipement de production alimentaire"
    ], "needs are counted, not pairs"
    await world.stop()


async def test_what_is_no_longer_true_at_the_end_of_the_window_is_not_told(store: Store) -> None:
    world = World(store, window=WINDOW)
    await world.hear(made(1), made(2, "a2"))
    await world.hear(withdrawn(3))
    await world.rest()
    assert {proposal for proposal, *_ in await world.told()} == {str(ids("a2")["id"])}
    assert kinds(await world.told()) == {"proposed": 2}, "nobody is told of the end of what nobody was told of"
    await world.stop()


async def test_what_became_true_again_within_the_window_is_told_once(store: Store) -> None:
    world = World(store, window=WINDOW)
    await world.hear(made(1), withdrawn(2), made(3))
    await world.hear(withdrawn(4))
    await world.hear(made(5))
    await world.rest()
    assert kinds(await world.told()) == {"proposed": 2}
    await world.stop()


async def test_a_withdrawal_is_told_only_to_contacts_that_were_told_of_the_pair(store: Store) -> None:
    world = World(store)
    world.registry.borrowers = [contact_json("borrower-rh")]
    await world.hear(made(1))
    world.registry.borrowers = [contact_json("borrower-rh"), contact_json("borrower-new")]
    await world.hear(withdrawn(2))
    await world.hear(withdrawn(2))
    assert len(world.email.to("borrower-rh")) == 2
    assert world.email.to("borrower-new") == []
    assert kinds(await world.told()) == {"proposed": 2, "withdrawn": 2}


async def test_a_delivery_without_an_answer_counts_as_told(store: Store) -> None:
    email = CountingChannel()
    world = World(store, email=email)
    email.answer = lambda: Attempt(Verdict.UNKNOWN, "smtp_no_answer")
    await world.hear(made(1))
    email.answer = lambda: Attempt(Verdict.SENT, "smtp_250")
    await world.hear(withdrawn(2))
    assert Counter((await world.told()).values()) == {"unknown": 2, "sent": 2}


async def test_a_withdrawal_waits_for_a_delivery_that_is_under_way(store: Store) -> None:
    email = CountingChannel()
    world = World(store, email=email)
    email.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(world.hear(made(1)))
        await eventually(lambda: len(email.tries) == 2)
        group.create_task(world.hear(withdrawn(2)))
        await eventually(lambda: world.registry.calls == 4)
        await asyncio.sleep(0.05)
        email.gate.set()
    assert kinds(await world.told()) == {"proposed": 2}
    await world.rest()
    assert kinds(await world.told()) == {"proposed": 2, "withdrawn": 2}


async def test_what_could_not_be_sent_is_dropped_once_untrue_and_told_when_true_again(store: Store) -> None:
    email = CountingChannel()
    world = World(store, email=email)
    email.answer = lambda: Attempt(Verdict.RETRY, "smtp_unreachable", reachable=False)
    await world.hear(made(1))
    assert await world.states() == {"reserved": 2}
    assert world.observed["email"] == "ne répond pas (smtp_unreachable)"
    await world.hear(withdrawn(2))
    await world.rest()
    assert await world.states() == {"dropped": 2}
    email.answer = lambda: Attempt(Verdict.SENT, "smtp_250")
    await world.hear(made(3))
    await world.hear(made(3))
    await world.rest()
    assert await world.states() == {"dropped": 2, "sent": 2}
    assert len(email.sent) == 2
    assert world.observed["email"] is None


async def test_an_accept_is_told_to_the_other_side_and_outlives_a_better_newcomer(store: Store) -> None:
    world = World(store)
    await world.hear(made(1))
    await world.hear(outcome(ProposalAccepted, 1, Party.LENDER))
    await world.hear(withdrawn(2, reason=WithdrawalReason.OUTRANKED))
    await world.rest()
    assert kinds(await world.told()) == {"proposed": 2, "accepted": 1}
    assert world.email.to("borrower-rh")[-1].startswith("L’entreprise d’origine accepte")


@pytest.mark.parametrize("early", [False, True], ids=["decided-before", "decided-meanwhile"])
async def test_an_accept_that_was_untrue_for_a_moment_is_told_when_true_again(store: Store, *, early: bool) -> None:
    world = World(store, window=WINDOW)
    await world.hear(made(1))
    await world.rest()
    decided, gone = outcome(ProposalAccepted, 1, Party.LENDER), withdrawn(2, reason=INELIGIBLE)
    await world.hear(*((decided, gone) if early else (gone, decided)))
    await world.rest()
    assert kinds(await world.told()) == {"proposed": 2, "withdrawn": 2}
    await world.hear(made(3))
    await world.hear(made(3))
    await world.rest()
    assert kinds(await world.told()) == {"proposed": 2, "withdrawn": 2, "accepted": 1}
    assert world.email.to("borrower-rh")[-1].startswith("L’entreprise d’origine accepte")
    await world.stop()


async def test_an_accept_that_could_not_be_sent_is_told_when_true_again(store: Store) -> None:
    email = CountingChannel()
    world = World(store, email=email)
    await world.hear(made(1))
    email.answer = lambda: Attempt(Verdict.RETRY, "smtp_unreachable", reachable=False)
    await world.hear(outcome(ProposalAccepted, 1, Party.LENDER))
    await world.hear(withdrawn(2, reason=INELIGIBLE))
    await world.rest()
    assert await world.states() == {"sent": 2, "dropped": 1, "reserved": 2}
    await world.hear(made(3))
    await world.rest()
    email.answer = lambda: Attempt(Verdict.SENT, "smtp_250")
    await world.rest()
    assert kinds(await world.told()) == {"proposed": 2, "accepted": 1}
    assert len(email.sent) == 3


async def test_an_agreement_is_told_to_both_with_the_other_side(store: Store) -> None:
    world = World(store)
    await world.hear(made(1))
    await world.hear(outcome(ProposalAccepted, 1, Party.LENDER))
    await world.hear(outcome(ProposalAgreed, 2, Party.BORROWER, headcount=3))
    assert kinds(await world.told()) == {"proposed": 2, "accepted": 1, "agreed": 2}
    assert "m.delmas@aero.example.org" in world.email.sent[-1][2].text
    await world.hear(outcome(ProposalCancelled, 3, Party.BORROWER, reason=DeclineReason.OTHER))
    assert kinds(await world.told())["cancelled"] == 1
    assert world.email.sent[-1][1].startswith("lender-rh")


async def test_a_decline_is_told_to_the_other_side_if_it_knew(store: Store) -> None:
    world = World(store)
    await world.hear(made(1))
    await world.hear(outcome(ProposalDeclined, 1, Party.BORROWER, reason=DeclineReason.DISTANCE))
    await world.hear(outcome(ProposalDeclined, 1, Party.BORROWER, "never-told", reason=DeclineReason.DISTANCE))
    assert kinds(await world.told()) == {"proposed": 2, "declined": 1}
    assert "Motif\xa0: distance." in world.email.sent[-1][2].text


async def test_the_registry_has_the_last_word_when_it_is_ahead(store: Store) -> None:
    world = World(store)
    world.registry.status = {ids()["id"]: "declined"}
    await world.hear(made(1))
    assert world.email.sent == []
    assert await world.states() == {"dropped": 2}


async def test_text_messages_go_to_those_who_asked_for_them(store: Store) -> None:
    sms = CountingChannel()
    world = World(store, sms=sms)
    world.registry.borrowers = [contact_json("borrower-rh", sms=True)]
    await world.hear(made(1))
    assert [to for _, to, _ in sms.sent] == ["+33612345678"]
    assert len(world.email.sent) == 2


async def test_a_registry_that_is_down_is_waited_for(store: Store) -> None:
    world = World(store)
    world.registry.down = True
    await world.hear(made(1))
    await world.sweep(seconds=30)
    assert world.observed["registry"] == "Le registre ne répond pas."
    world.registry.down = False
    await world.rest()
    assert await world.states() == {"sent": 2}


async def test_a_dead_server_is_given_up_after_a_day(store: Store) -> None:
    email = CountingChannel()
    world = World(store, email=email)
    email.answer = lambda: Attempt(Verdict.RETRY, "smtp_421")
    await world.hear(made(1))
    for _ in range(60):
        await world.sweep(minutes=25)
    assert await world.states() == {"failed": 2}
    events = events_of(await world.deliveries())
    assert Counter(event["state"] for event in events) == {"reserved": 2, "failed": 2}, "a dead server is said once"
    assert max(email.tries.values()) > 20


async def test_a_contact_that_is_gone_before_the_next_attempt_is_left_alone(store: Store) -> None:
    email = CountingChannel()
    world = World(store, email=email)
    email.answer = lambda: Attempt(Verdict.RETRY, "smtp_421")
    await world.hear(made(1))
    world.registry.borrowers = []
    email.answer = lambda: Attempt(Verdict.SENT, "smtp_250")
    await world.rest()
    assert await world.states() == {"sent": 1, "dropped": 1}
    assert email.to("borrower-rh") == []


async def test_each_result_is_owed_to_the_bus_by_proposal(store: Store) -> None:
    world = World(store, window=WINDOW)
    await world.hear(made(1), made(2, "a2"))
    await world.rest()
    deliveries = await world.deliveries()
    events = events_of(deliveries)
    assert Counter((event["state"], event["party"]) for event in events) == {
        ("sent", "borrower"): 2,
        ("sent", "lender"): 2,
    }
    assert {event["proposal_id"] for event in events} == {str(ids("a1")["id"]), str(ids("a2")["id"])}
    entries = [entry for delivery in deliveries for entry in delivery["pending"]]
    assert Counter(entry["type"] for entry in entries) == {"alert.decided": 4, "delivery.recorded": 4}
    assert len({entry["id"] for entry in entries}) == 8
    assert {entry["key"] for entry in entries} == {event["proposal_id"] for event in events}
    assert set(world.settled) == {stored.id for stored in await world.documents.deliveries.find()}
    await world.stop()


async def test_two_processes_that_handle_the_same_batches_send_once(store: Store) -> None:
    email = CountingChannel()
    first = World(store, email=email)
    second = World(store, clock=first.clock, registry=first.registry, email=email)

    batch = [made(number, f"a{number}") for number in range(1, 9)]
    await asyncio.gather(first.hear(*batch), second.hear(*reversed(batch)), first.hear(*batch))
    for _ in range(3):
        first.clock.advance(seconds=190)
        await asyncio.gather(first.sender.sweep(), second.sender.sweep())
        await asyncio.gather(first.sender.settle(), second.sender.settle())
    told = await first.told()
    assert kinds(told) == {"proposed": 16}
    assert set(told.values()) == {"sent"}
    assert set(email.tries.values()) == {1}
