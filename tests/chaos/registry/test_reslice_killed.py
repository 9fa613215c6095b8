"""A département is cut otherwise, and whoever asks or opens is killed at any step: run again, it is done, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from passerelles.store.port import Store
from passerelles.store.sqlite import SqliteStore
from schemas.decisions import Standing
from schemas.territories import CURRENT
from services.registry.epochs import LEASE_SECONDS, Epochs
from services.registry.reslicing import reslice, slicing
from tests.chaos.registry.mortal import Fate, Killed, MortalLog, MortalStore
from tests.unit.registry.world import RODEZ, Log, World

LONGEST = 60
CUT = CURRENT.cut({"12": 4})


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = SqliteStore(tmp_path / "registry.sqlite")
    await store.open()
    yield store
    await store.close()


def epochs(world: World, holder: str) -> Epochs:
    return Epochs(world.office, world.log, holder, notice_seconds=0)


async def cut(world: World, holder: str) -> None:
    """The command, and a registry that runs."""
    await reslice(world.office.singles, "12", 4)
    await epochs(world, holder).keep_up()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_reslice_killed_at_every_step(store: Store, *, after: bool) -> None:
    log = Log()
    world = World(store, log)
    await epochs(world, "first").ensure(anew=False)
    borrower, lender = await world.company(commune=RODEZ), await world.company(443061841, commune=RODEZ)
    needs = [await world.need(borrower) for _ in range(4)]
    pair = await world.pair(needs[0], await world.staff(lender))
    await world.decline(pair, "lender")
    kills = 0
    for at in range(1, LONGEST):
        await reslice(world.office.singles, "12", 1)
        await epochs(world, f"before-{at}").keep_up()
        fate = Fate(at, after=after)
        mortal = World(MortalStore(store, fate), MortalLog(log, fate), now=world.time)
        mortal.office.epoch = world.office.epoch
        with suppress(Killed):
            await cut(mortal, f"mortal-{at}")
        killed = fate.steps >= at
        kills += killed
        world.time += timedelta(seconds=LEASE_SECONDS + 1)
        log.events.clear()
        await reslice(world.office.singles, "12", 4)
        await epochs(world, f"again-{at}").keep_up()
        state = await slicing(world.office.singles)
        assert (state.open, state.table, world.office.table) == (True, CUT, CUT)
        assert state.epoch == world.office.epoch
        if log.events:
            assert {event.epoch for event in log.events} == {state.epoch}
            told = {fact.id: fact.territories for fact in log.told("need.recorded")}
            assert told == {need.id: (f"12-{need.id.int % 4}",) for need in needs}
            assert [fact.standing for fact in log.told("decision.recorded")] == [Standing.DECLINED]
            assert {event.territory for event in log.of("epoch.opened")} == set(CUT.names)
        if not killed:
            break
    assert kills > 8
    assert not log.events, "what was done to its end is not done again"
