"""A pair that is withdrawn and proposed again, any number of times: the last message read is the one that is true."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelles.store.port import Store
from schemas.decisions import ProposalAccepted
from schemas.envelope import EPOCH_STRIDE
from schemas.proposals import Pair, WithdrawalReason
from schemas.vocabulary import Party
from services.notifications.channels.port import Attempt, Verdict
from tests.chaos.notifications.memory import MemoryStore
from tests.integration.notifications.ledger_world import CountingChannel, World
from tests.integration.notifications.test_ledger_truth import eventually
from tests.unit.notifications.samples import contact_json, made, outcome, some_id, withdrawn

SENT = Attempt(Verdict.SENT, "smtp_250")
AWAY = Attempt(Verdict.RETRY, "smtp_unreachable", reachable=False)
P, W, A = "proposed", "withdrawn", "accepted"


async def kinds_to(world: World, contact: str, channel: str = "email") -> list[str]:
    """What one contact was told of the only pair, in order."""
    said = [
        kind
        for (_, to, by), sendings in (await world.said()).items()
        for kind, state in sendings
        if (to, by) == (str(some_id(contact)), channel) and state in {"sent", "unknown"}
    ]
    assert all(one != next_ for one, next_ in pairwise(said)), said
    return said


@pytest.mark.parametrize("window", [timedelta(), timedelta(milliseconds=500)], ids=["at-once", "gathered"])
async def test_each_turn_that_was_told_is_told_back(store: Store, window: timedelta) -> None:
    world = World(store, window=window)
    for word in (made(1), withdrawn(2), made(3), made(4), withdrawn(5), made(6)):
        await world.hear(word)
        await world.rest()
        await world.hear(word)
        await world.rest()
    assert await kinds_to(world, "borrower-rh") == await kinds_to(world, "lender-rh") == [P, W, P, W, P]
    await world.hear(made(EPOCH_STRIDE + 1), epoch=2)
    await world.rest()
    assert await kinds_to(world, "borrower-rh") == [P, W, P, W, P]
    await world.stop()


async def test_a_turn_that_nobody_was_told_of_is_not_told_back(store: Store) -> None:
    world = World(store, window=timedelta(milliseconds=500))
    await world.hear(made(1))
    await world.rest()
    await world.hear(withdrawn(2))
    await world.hear(made(3))
    await world.rest()
    assert await kinds_to(world, "borrower-rh") == [P]
    await world.stop()


async def test_a_contact_that_comes_later_is_told_what_it_has_not_heard(store: Store) -> None:
    world = World(store)
    await world.hear(made(1))
    await world.hear(withdrawn(2))
    world.registry.borrowers = [contact_json("borrower-rh"), contact_json("borrower-new")]
    await world.hear(made(3))
    await world.hear(withdrawn(4))
    assert await kinds_to(world, "borrower-rh") == [P, W, P, W]
    assert await kinds_to(world, "borrower-new") == [P, W]


async def test_each_channel_has_its_own_last_word(store: Store) -> None:
    sms = CountingChannel()
    world = World(store, sms=sms)
    world.registry.borrowers = [contact_json("borrower-rh", sms=True)]
    sms.answer = lambda: AWAY
    await world.hear(made(1))
    await world.hear(withdrawn(2))
    await world.rest()
    sms.answer = lambda: SENT
    await world.hear(made(3))
    await world.rest()
    assert await kinds_to(world, "borrower-rh") == [P, W, P]
    assert await kinds_to(world, "borrower-rh", "sms") == [P]


async def test_a_withdrawal_that_waits_is_not_told_once_the_pair_is_back(store: Store) -> None:
    email = CountingChannel()
    world = World(store, email=email)
    await world.hear(made(1))
    email.answer = lambda: AWAY
    await world.hear(withdrawn(2))
    await world.hear(made(3))
    await world.rest()
    email.answer = lambda: SENT
    await world.rest()
    assert await kinds_to(world, "borrower-rh") == [P]
    await world.hear(withdrawn(4))
    await world.rest()
    assert await kinds_to(world, "borrower-rh") == [P, W]


async def test_a_pair_that_comes_back_while_its_withdrawal_leaves_is_told_after_it(store: Store) -> None:
    email = CountingChannel()
    world = World(store, email=email)
    await world.hear(made(1))
    email.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(world.hear(withdrawn(2)))
        await eventually(lambda: len(email.tries) == 4)
        group.create_task(world.hear(made(3)))
        await eventually(lambda: world.registry.calls == 6)
        await asyncio.sleep(0.05)
        email.gate.set()
    await world.rest()
    assert await kinds_to(world, "borrower-rh") == await kinds_to(world, "lender-rh") == [P, W, P]


async def test_an_accept_is_told_again_after_the_pair_was_told_as_withdrawn(store: Store) -> None:
    world = World(store)
    await world.hear(made(1))
    await world.hear(outcome(ProposalAccepted, 1, Party.LENDER))
    await world.hear(withdrawn(2, reason=WithdrawalReason.NO_LONGER_ELIGIBLE))
    await world.hear(made(3))
    await world.rest()
    assert await kinds_to(world, "borrower-rh") == [P, A, W, A]
    assert await kinds_to(world, "lender-rh") == [P, W], "nothing is expected of the one that has accepted"


@st.composite
def turns(draw: st.DrawFn) -> list[tuple[list[Pair], bool, float]]:
    """Batches of words, whether the mail server answers meanwhile, and the seconds that pass after each."""
    revision, batches = 0, []
    for _ in range(draw(st.integers(1, 8))):
        words: list[Pair] = []
        for closing in draw(st.lists(st.booleans(), min_size=1, max_size=3)):
            revision += 1
            moved = draw(st.sampled_from((WithdrawalReason.NEED_WITHDRAWN, WithdrawalReason.NEED_MOVED)))
            words.append(withdrawn(revision, reason=moved) if closing else made(revision))
        batches.append((words, draw(st.booleans()), draw(st.sampled_from((0.0, 1.0, 190.0)))))
    return batches


@given(turns(), st.sampled_from((0, 500)))
def test_in_the_end_the_last_message_read_is_true(
    batches: Sequence[tuple[list[Pair], bool, float]], window: int
) -> None:
    async def live() -> None:
        email = CountingChannel()
        world = World(MemoryStore(), email=email, window=timedelta(milliseconds=window))
        for words, up, seconds in batches:
            email.answer = (lambda: SENT) if up else (lambda: AWAY)
            await world.hear(*words)
            await world.sweep(seconds=seconds)
            await world.hear(*words)
        email.answer = lambda: SENT
        # A mail server that was away is asked again within a quarter of an hour, and the move is over.
        for _ in range(3):
            await world.sweep(minutes=20)
        await world.rest()
        pairs = await world.documents.known({str(batches[0][0][0].id)})
        said = await kinds_to(world, "borrower-rh")
        if said:
            assert (said[-1] == P) is next(iter(pairs.values())).open
        else:
            assert not next(iter(pairs.values())).open
        assert await kinds_to(world, "lender-rh") == said
        await world.stop()

    asyncio.run(live())
