"""An epoch is told in the order that matching needs; days pass once each, missed ones first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from passerelles.store.lease import Lease
from schemas.decisions import Standing
from schemas.envelope import Event
from schemas.territories import CURRENT
from schemas.vocabulary import Payload
from services.registry.days import DAY, LEASE_SECONDS, Days
from services.registry.domain.availability import Availability
from services.registry.domain.caller import OPERATOR
from services.registry.domain.need import Need
from services.registry.epochs import Epochs
from services.registry.office import EPOCH
from tests.unit.registry.world import CAHORS, RODEZ, World, need_draft

TOULOUSE = "31555"


def epochs(world: World, holder: str = "one") -> Epochs:
    return Epochs(world.office, world.log, holder, notice_seconds=0)


def in_territory(world: World, territory: str) -> Sequence[Event[Payload]]:
    return [event for event in world.log.events if event.territory == territory]


async def test_an_epoch_tells_rules_day_facts_decisions_and_then_opens(world: World) -> None:
    need, staff, id_ = await world.scene()
    second = await world.pair(need, await world.staff(await world.company(552032534)))
    await world.accept(id_, "lender")
    world.log.events.clear()
    assert await epochs(world).ensure(anew=True) == 1
    types = [event.type for event in in_territory(world, "46")]
    assert types == [
        "rules.adopted",
        "day.started",
        *["company.recorded"] * 3,
        "need.recorded",
        *["availability.recorded"] * 2,
        *["decision.recorded"] * 2,
        "epoch.opened",
    ]
    standings = {fact.id: (fact.version, fact.standing) for fact in world.log.told("decision.recorded")}
    assert standings == {id_: (1, Standing.ACCEPTED), second: (0, Standing.OPEN)}
    assert {event.territory for event in world.log.of("epoch.opened")} == set(CURRENT.names)
    assert {event.territory for event in world.log.of("availability.recorded")} >= set(staff.territories)
    assert {event.epoch for event in world.log.events} == {1}


async def test_every_epoch_has_the_next_number_and_the_same_facts(world: World) -> None:
    await world.scene()
    await epochs(world).ensure(anew=True)
    first, world.log.events = world.log.events, []
    assert await epochs(world).ensure(anew=True) == 2
    facts = [event for event in first if event.type.endswith(".recorded")]
    again = [event for event in world.log.events if event.type.endswith(".recorded")]
    assert [(event.id, event.data) for event in again] == [(event.id, event.data) for event in facts]
    assert world.office.epoch == 2


async def test_what_is_not_live_is_left_out_unless_an_open_pair_asks_what_became_of_it(world: World) -> None:
    borrower, lender = await world.company(), await world.company(443061841, commune=CAHORS)
    withdrawn, expired = await world.need(borrower), await world.need(borrower)
    paired, staff = await world.need(borrower), await world.staff(lender)
    await world.pair(paired, staff)
    await world.needs.withdraw(OPERATOR, withdrawn.id)
    await world.needs.withdraw(OPERATOR, paired.id)
    world.time += timedelta(days=300)
    world.log.events.clear()
    await epochs(world).ensure(anew=True)
    told = {fact.id for fact in world.log.told("need.recorded")}
    assert told == {paired.id}
    assert expired.id not in told
    assert [fact.id for fact in world.log.told("availability.recorded")] == [staff.id]


async def test_closed_pairs_are_told_so_that_they_are_never_proposed_again(world: World) -> None:
    _, _, id_ = await world.scene()
    await world.decline(id_, "lender")
    world.log.events.clear()
    await epochs(world).ensure(anew=True)
    assert [fact.standing for fact in world.log.told("decision.recorded")] == [Standing.DECLINED]
    assert [fact.id for fact in world.log.told("proposal.declined")] == [id_]


async def moved_to_rodez(world: World) -> tuple[Need, Availability, UUID]:
    """A need whose territory changed, while the word of the first one that answers it was left behind."""
    need, staff, id_ = await world.scene()
    await world.needs.change(OPERATOR, need.id, need_draft(need.company_id, commune=RODEZ), None)
    await world.pair(need, staff, territory="12")
    world.log.events.clear()
    return need, staff, id_


async def test_a_territory_that_still_proposes_a_pair_is_asked_about_it(world: World) -> None:
    need, _, id_ = await moved_to_rodez(world)
    await epochs(world).ensure(anew=True)
    for name in ("46", "12"):
        stated = [event for event in in_territory(world, name) if event.subject in {str(id_), str(need.id)}]
        assert [event.type for event in stated] == ["need.recorded", "decision.recorded"]
        assert stated[0].data.territories == ("12",)  # type: ignore[attr-defined]


async def test_a_need_finds_what_was_decided_where_it_lives_and_wherever_it_lived(world: World) -> None:
    need, _, id_ = await moved_to_rodez(world)
    await world.decline(id_, "lender")
    await world.needs.change(OPERATOR, need.id, need_draft(need.company_id, commune=TOULOUSE), None)
    world.log.events.clear()
    await epochs(world).ensure(anew=True)
    home = (await world.again(need)).territories[0]
    assert {event.territory for event in world.log.of("decision.recorded")} == {"46", "12", home}


async def test_a_lasting_log_keeps_its_epoch(world: World) -> None:
    assert await epochs(world).ensure(anew=False) == 1
    said = len(world.log.events)
    assert await epochs(world, "two").ensure(anew=False) == 1
    assert len(world.log.events) == said


async def test_an_opening_that_was_cut_short_is_begun_again_with_a_higher_number(world: World) -> None:
    class Cut(Exception):  # noqa: N818
        pass

    calls = 0
    publish = world.log.publish

    async def cut_short(events: Sequence[Event[Payload]]) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Cut
        await publish(events)

    await world.scene()
    world.log.publish = cut_short  # type: ignore[method-assign]
    with pytest.raises(Cut):
        await epochs(world).ensure(anew=False)
    world.log.publish = publish  # type: ignore[method-assign]
    world.office.epoch = 0
    assert await epochs(world).ensure(anew=False) == 2
    opened = world.log.of("epoch.opened")
    assert {event.epoch for event in opened} == {2}


async def test_other_rules_in_force_open_another_epoch(world: World) -> None:
    await epochs(world).ensure(anew=False)
    stored = await world.office.singles.get(EPOCH)
    assert stored is not None
    await world.office.singles.replace(EPOCH, {**stored.body, "rules": "0" * 64}, stored.revision)
    assert await epochs(world).ensure(anew=False) == 2


async def test_a_day_begins_at_midnight_in_paris_and_missed_days_are_told_first(world: World) -> None:
    world.time = datetime(2026, 11, 23, 22, 59, tzinfo=UTC)
    await epochs(world).ensure(anew=False)
    days = Days(world.office, world.log, "one")
    assert await days.catch_up() == []
    assert days.seconds_to_wait() == 30
    world.time = datetime(2026, 11, 23, 22, 59, 50, tzinfo=UTC)
    assert days.seconds_to_wait() == 10
    world.time = datetime(2026, 11, 26, 23, 0, tzinfo=UTC)
    world.log.events.clear()
    assert await days.catch_up() == [date(2026, 11, day) for day in (24, 25, 26, 27)]
    told = [event.data.day for event in in_territory(world, "31-3")]  # type: ignore[attr-defined]
    assert told == [date(2026, 11, day) for day in (24, 25, 26, 27)]
    assert await days.catch_up() == []
    (first, *_) = in_territory(world, "46")
    assert first.time == datetime(2026, 11, 23, 23, 0, tzinfo=UTC)


async def test_a_midnight_during_an_opening_is_told_after_it(world: World) -> None:
    world.time = datetime(2026, 11, 23, 22, 59, 59, tzinfo=UTC)
    publish = world.log.publish

    async def slowly(events: Sequence[Event[Payload]]) -> None:
        await publish(events)
        world.time += timedelta(seconds=1)

    world.log.publish = slowly  # type: ignore[method-assign]
    await epochs(world).ensure(anew=False)
    assert await Days(world.office, world.log, "one").catch_up() == [date(2026, 11, 24)]
    told = [event.data.day for event in in_territory(world, "46") if event.type == "day.started"]  # type: ignore[attr-defined]
    assert told == [date(2026, 11, 23), date(2026, 11, 24)]


async def test_one_replica_tells_the_days(world: World) -> None:
    await epochs(world).ensure(anew=False)
    world.time += timedelta(days=1)
    elsewhere = Lease(world.store, DAY, "elsewhere", LEASE_SECONDS, clock=lambda: world.time)
    assert await elsewhere.acquire()
    days = Days(world.office, world.log, "here")
    assert await days.catch_up() == []
    world.time += timedelta(seconds=LEASE_SECONDS + 1)
    assert len(await days.catch_up()) == 1
    await days.release()
    assert await elsewhere.acquire()
