"""Capacity under contention, on each store: nobody is lent twice, and nobody is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from passerelles.store.address import open_store
from services.registry.domain.availability import Availability
from services.registry.domain.caller import OPERATOR, Caller
from services.registry.domain.capacity import held
from services.registry.domain.verdicts import ProposalStatus
from tests.unit.registry.world import CAHORS, World

NEEDS, PEOPLE = 8, 5


@pytest.fixture
async def world(store_url: str) -> AsyncIterator[World]:
    store = open_store(store_url)
    world = World(store)
    await store.open()
    yield world
    await store.close()


async def test_more_needs_than_people_agree_on_exactly_the_people(world: World) -> None:
    lender = await world.company(443061841, commune=CAHORS)
    staff = await world.staff(lender, headcount=PEOPLE)
    pairs = []
    for number in range(NEEDS):
        need = await world.need(await world.company(100_000_000 + number), headcount=1)
        pairs.append(await world.pair(need, staff))
        await world.accept(pairs[-1], "lender")
    answers = await asyncio.gather(*(world.accept(id_, "borrower") for id_ in pairs), return_exceptions=True)
    kinds = Counter(type(answer).__name__ for answer in answers)
    assert kinds == {"ProposalView": PEOPLE, "CapacityError": NEEDS - PEOPLE}
    stored = await world.office.availabilities.get(str(staff.id))
    assert stored is not None
    assert held(Availability.model_validate(stored.body).holds) == PEOPLE
    await world.relay.drain()
    assert len(world.log.told("proposal.agreed")) == PEOPLE
    versions = [fact.version for fact in world.log.told("availability.recorded")]
    assert sorted(versions) == list(range(1, PEOPLE + 2))
    agreed = [answer.id for answer in answers if not isinstance(answer, BaseException)]
    views = await asyncio.gather(*(world.cancel(id_, "lender") for id_ in agreed))
    assert {view.status for view in views} == {ProposalStatus.CANCELLED}
    assert (await world.again(staff)).left == PEOPLE


async def test_lists_and_filters_are_those_of_every_store(world: World) -> None:
    need, staff, id_ = await world.scene()
    for score in (50, 70):
        other = await world.staff(await world.company(500_000_000 + score), headcount=1)
        await world.pair(need, other, score=score)
    first = await world.proposals.list(Caller("company", need.company_id), limit=2)
    rest = await world.proposals.list(Caller("company", need.company_id), limit=2, cursor=first.next_cursor)
    assert [view.score for view in (*first.items, *rest.items)] == [73, 70, 50]
    await world.decline(id_, "lender")
    declined = await world.proposals.list(OPERATOR, status=ProposalStatus.DECLINED, availability=staff.id)
    assert [view.id for view in declined.items] == [id_]
    await world.resume()
