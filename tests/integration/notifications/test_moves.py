"""A need that moves to another territory: who hears of it, whichever of the two words comes first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from passerelles.store.port import Store
from schemas.decisions import ProposalAccepted
from schemas.proposals import WithdrawalReason
from schemas.vocabulary import Party
from services.notifications.policy import MOVING
from tests.chaos.notifications.memory import MemoryStore
from tests.integration.notifications.ledger_world import World
from tests.integration.notifications.test_ledger_truth import eventually, kinds
from tests.unit.notifications.samples import made, outcome, withdrawn

WINDOWS = (timedelta(), timedelta(milliseconds=500))

HERE = made(9_999)
GONE = withdrawn(10_000, reason=WithdrawalReason.NEED_MOVED)
THERE = made(5, territory="12")


@pytest.mark.parametrize("window", WINDOWS, ids=["at-once", "gathered"])
@pytest.mark.parametrize("order", [(GONE, THERE), (THERE, GONE)], ids=["gap", "overlap"])
async def test_a_pair_that_moves_and_stays_proposed_is_news_to_nobody(
    order: tuple[object, object], window: timedelta
) -> None:
    world = World(MemoryStore(), window=window)
    await world.hear(HERE)
    await world.sweep(seconds=10)
    assert kinds(await world.told()) == {"proposed": 2}
    await world.hear(order[0])  # type: ignore[arg-type]
    await world.sweep(seconds=10)
    await world.hear(order[1])  # type: ignore[arg-type]
    await world.hear(GONE, THERE)
    await world.rest()
    assert kinds(await world.told()) == {"proposed": 2}
    await world.hear(outcome(ProposalAccepted, 1, Party.LENDER))
    await world.rest()
    assert kinds(await world.told()) == {"proposed": 2, "accepted": 1}
    await world.stop()


async def test_a_pair_that_is_not_taken_up_again_is_told_once_that_is_clear(store: Store) -> None:
    world = World(store)
    await world.hear(HERE)
    await world.hear(GONE)
    await world.sweep(seconds=MOVING.total_seconds() - 1)
    assert kinds(await world.told()) == {"proposed": 2}
    await world.rest()
    assert kinds(await world.told()) == {"proposed": 2, "withdrawn": 2}
    assert "le lieu du besoin a changé" in world.email.sent[-1][2].text
    await world.stop()


async def test_what_is_held_delays_nothing_else_of_its_gathering(store: Store) -> None:
    world = World(store, window=timedelta(milliseconds=20))
    world.clock.tick()
    await world.hear(HERE)
    await eventually(lambda: len(world.settled) == 2)
    await world.hear(GONE)
    await world.hear(made(10_001, "a2"))
    await eventually(lambda: len(world.settled) == 4)
    assert kinds(await world.told()) == {"proposed": 4}
    await world.stop()


async def test_another_end_during_the_move_is_told_without_delay(store: Store) -> None:
    world = World(store)
    await world.hear(HERE)
    await world.hear(GONE)
    await world.hear(THERE, withdrawn(6, territory="12", reason=WithdrawalReason.NEED_FILLED))
    assert kinds(await world.told()) == {"proposed": 2, "withdrawn": 2}
    assert "le besoin est pourvu" in world.email.sent[-1][2].text
    await world.stop()
