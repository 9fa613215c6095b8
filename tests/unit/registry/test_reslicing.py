"""A département is cut otherwise by the next epoch: everything is stated to the new slices, whenever it was written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelles.bus.producer import Publisher
from passerelles.errors import InvalidInputError, NotFoundError, UnavailableError
from passerelles.outbox import Relay
from passerelles.reference.rulebook import rulebook
from schemas.decisions import Standing
from schemas.envelope import Event
from schemas.territories import CURRENT, MOST_SLICES, TerritoryTable
from schemas.vocabulary import Payload
from services.registry.days import Days
from services.registry.domain.caller import OPERATOR
from services.registry.domain.need import Need
from services.registry.epochs import Epochs
from services.registry.layout import laid_out
from services.registry.office import EPOCH
from services.registry.reslicing import reslice, slicing
from services.registry.statements import InEpoch
from tests.unit.matching import scenery
from tests.unit.registry.world import RODEZ, World, made, need_draft, said

CUT = CURRENT.cut({"12": 4})


def epochs(world: World) -> Epochs:
    return Epochs(world.office, world.log, "here", notice_seconds=0)


def relay(world: World) -> Relay:
    gated = cast("Publisher", InEpoch(world.log, world.office))
    relay = Relay(gated, source="registry", epoch=lambda: world.office.epoch)
    relay.watch(world.office.needs)
    relay.watch(world.office.availabilities)
    relay.watch(world.office.proposals)
    return relay


def slice_of(need: Need) -> str:
    return f"12-{need.id.int % 4}"


@pytest.fixture
async def opened(world: World) -> Epochs:
    opened = epochs(world)
    await opened.ensure(anew=False)
    return opened


async def resliced(world: World, opened: Epochs, into: int = 4) -> None:
    await reslice(world.office.singles, "12", into)
    world.log.events.clear()
    await opened.keep_up()


async def test_the_next_epoch_states_everything_to_the_slices(world: World, opened: Epochs) -> None:
    borrower, lender = await world.company(commune=RODEZ), await world.company(443061841, commune=RODEZ)
    needs = [await world.need(borrower) for _ in range(8)]
    staff = await world.staff(lender)
    pair = await world.pair(needs[0], staff)
    await world.decline(pair, "lender")
    await resliced(world, opened)
    assert world.office.epoch == 2
    assert {event.territory for event in world.log.of("epoch.opened")} == set(CUT.names)
    told = {event.data.id: (event.territory, event.data.territories) for event in world.log.of("need.recorded")}  # type: ignore[attr-defined]
    assert told == {need.id: (slice_of(need), (slice_of(need),)) for need in needs}
    heard = {event.territory for event in world.log.of("availability.recorded")}
    assert {"12-0", "12-1", "12-2", "12-3"} <= heard
    assert all(set(event.data.territories) == heard for event in world.log.of("availability.recorded"))  # type: ignore[attr-defined]
    (decided,) = world.log.of("decision.recorded")
    assert (decided.territory, decided.data.territory) == (slice_of(needs[0]), slice_of(needs[0]))  # type: ignore[attr-defined]
    assert decided.key == f"{decided.territory}:{pair}"


async def test_the_cut_is_adopted_with_a_digest_of_its_own(world: World, opened: Epochs) -> None:
    await resliced(world, opened)
    (adopted, *_) = world.log.told("rules.adopted")
    assert adopted.cut == {"12": 4}
    assert adopted.rules_digest == rulebook(1).digest_under({"12": 4}) != rulebook(1).digest


async def test_what_was_owed_before_goes_to_the_slices(world: World, opened: Epochs) -> None:
    """An outbox need not be empty: nothing is said any more to a territory that nobody folds."""
    company = await world.company(commune=RODEZ)
    need, staff = await world.need(company), await world.staff(company)
    await resliced(world, opened)
    world.log.events.clear()
    await relay(world).drain()
    (event,) = world.log.of("need.recorded")
    assert (event.territory, event.data.territories) == (slice_of(need), (slice_of(need),))  # type: ignore[attr-defined]
    heard = [event.territory for event in world.log.of("availability.recorded")]
    assert len(heard) == len(set(heard))
    assert "12" not in heard
    assert {f"12-{number}" for number in range(4)} <= set(heard)
    assert [fact.id for fact in world.log.told("availability.recorded")] == [staff.id]


async def test_a_decision_is_told_to_the_slice_after_the_cut_is_taken_back(world: World, opened: Epochs) -> None:
    borrower, lender = await world.company(commune=RODEZ), await world.company(443061841, commune=RODEZ)
    need = await world.need(borrower)
    await resliced(world, opened)
    word = made(need, await world.staff(lender), revision=(2 << 40) + 1, territory=slice_of(need))
    await world.projections.proposals([said(word, world.time, epoch=2)])
    await world.decline(word.id, "lender")
    await resliced(world, opened, 1)
    world.log.events.clear()
    await relay(world).drain()
    (event,) = world.log.of("decision.recorded")
    assert (event.territory, event.data.territory) == ("12", "12")  # type: ignore[attr-defined]


async def test_days_and_needs_that_move_are_told_to_the_slices(world: World, opened: Epochs) -> None:
    need, staff, pair = await world.scene()
    await world.decline(pair, "lender")
    await resliced(world, opened)
    await world.needs.change(OPERATOR, need.id, need_draft(need.company_id, commune=RODEZ), None)
    world.log.events.clear()
    await relay(world).drain()
    home = slice_of(need)
    assert [event.type for event in world.log.events if event.territory == home and event.subject != str(staff.id)] == [
        "decision.recorded",
        "need.recorded",
    ]
    world.time = world.time.replace(day=world.time.day + 1)
    await Days(world.office, world.log, "here").catch_up()
    assert {event.territory for event in world.log.of("day.started")} == set(CUT.names)


async def test_asked_again_nothing_is_written_and_asked_during_an_opening_it_is_opened_next(
    world: World, opened: Epochs
) -> None:
    await resliced(world, opened)
    before = await world.office.singles.get(EPOCH)
    again = await reslice(world.office.singles, "12", 4)
    assert (again.epoch, again.open, again.table) == (2, True, CUT)
    assert await world.office.singles.get(EPOCH) == before
    publish, asked = world.log.publish, False

    async def asked_meanwhile(events: Sequence[Event[Payload]]) -> None:
        nonlocal asked
        await publish(events)
        if not asked:
            asked = True
            await reslice(world.office.singles, "34", 2)

    world.log.publish = asked_meanwhile  # type: ignore[method-assign]
    await reslice(world.office.singles, "12", 8)
    with pytest.raises(UnavailableError, match="demandée"):
        await opened.keep_up()
    assert await opened.keep_up() == 4
    state = await slicing(world.office.singles)
    assert (state.open, dict(state.table.cuts)) == (True, {"12": 8, "34": 2})


async def test_a_cut_outlives_restarts_and_logs_in_memory(world: World, opened: Epochs) -> None:
    await resliced(world, opened)
    for anew in (False, True):
        again = World(world.store)
        await epochs(again).ensure(anew=anew)
        assert again.office.table == CUT


async def test_what_cannot_be_cut_is_said(world: World) -> None:
    with pytest.raises(NotFoundError):
        await reslice(world.office.singles, "12", 4)
    await epochs(world).ensure(anew=False)
    for departement, into in (("75", 2), ("12", 0), ("12", MOST_SLICES + 1)):
        with pytest.raises(InvalidInputError):
            await reslice(world.office.singles, departement, into)
    assert (await slicing(world.office.singles)).open


NAMES = st.sampled_from(["12", "46", "31-0", "31-3", "12-1"])
TABLES = st.dictionaries(st.sampled_from(["12", "31", "46"]), st.integers(1, 8)).map(CURRENT.cut)


def facts(name: str) -> list[Payload]:
    decided = scenery.decision(7, 1000, Standing.DECLINED, territory=name)
    return [scenery.need(7, territories=(name,)), scenery.staff(7, territories=("46", name)), decided]


@given(TABLES, TABLES, NAMES, st.integers(0, 2))
def test_the_layout_depends_on_the_table_in_force_alone(
    first: TerritoryTable, then: TerritoryTable, name: str, which: int
) -> None:
    """Laid out by one cut and then by another, or at once by the latter: the same records in the same places."""
    event = scenery.event(facts(name)[which], territory=name)
    at_once = laid_out([event], then)
    assert {each.territory for each in at_once} <= set(then.names)
    assert laid_out(laid_out([event], first), then) == at_once
    assert all(each.key == f"{each.territory}:{event.subject}" for each in at_once)
    assert {each.id for each in at_once} == {event.id}
