"""A kill between any two steps of an agreement, a cancellation or a departure ends in one of its two ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest

from passerelles.store.port import Store
from passerelles.store.sqlite import SqliteStore
from schemas.decisions import Standing
from schemas.vocabulary import CompanyStatus, PostingStatus
from services.registry.domain.availability import Availability
from services.registry.domain.caller import OPERATOR
from services.registry.domain.capacity import CapacityError, held
from services.registry.domain.need import Need
from services.registry.domain.proposal import Proposal
from tests.chaos.registry.mortal import Fate, Killed, MortalLog, MortalStore
from tests.unit.registry.world import Log, World

Act = Callable[[World], Awaitable[object]]
LONGEST = 60
"""Steps of the longest act below, and then some: an act that has more never ends."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = SqliteStore(tmp_path / "registry.sqlite")
    await store.open()
    yield store
    await store.close()


async def act_killed(store: Store, log: Log, act: Act, *, at: int, after: bool) -> bool:
    """Do something, and publish it, in a process that dies at a step. False: it was done before that step came."""
    fate = Fate(at, after=after)
    mortal = World(MortalStore(store, fate), MortalLog(log, fate))
    try:
        await act(mortal)
        await mortal.relay.drain()
    except Killed:
        return True
    return False


async def taken_up(store: Store, log: Log) -> World:
    """A new process on what the dead one left."""
    world = World(store, log)
    await world.resume()
    return world


async def must_add_up(world: World, *, of: list[UUID]) -> None:
    """No person is held twice or lost, both sides agree, no step is left open, and the log tells all of it once."""
    proposals = [await world.proposal(id_) for id_ in of]
    assert [proposal.saga for proposal in proposals] == [None] * len(of)
    for collection, kind, noun in (
        (world.office.needs, Need, "need"),
        (world.office.availabilities, Availability, "availability"),
    ):
        for stored in await collection.find():
            posting = kind.model_validate(stored.body)
            assert posting.left + held(posting.holds) == posting.headcount
            assert posting.headcount_left == posting.left
            assert stored.body["pending"] == []
            told = [fact for fact in world.log.told(f"{noun}.recorded") if fact.id == posting.id]
            assert [fact.version for fact in told] == list(range(1, posting.version + 1))
            assert told[-1].headcount_left == posting.left
    for proposal in proposals:
        await must_be_one_end(world, proposal)


async def must_be_one_end(world: World, proposal: Proposal) -> None:
    need, staff = await postings_of(world, proposal)
    count = proposal.headcount if proposal.standing is Standing.AGREED else 0
    for posting in (need, staff):
        hold = posting.holds.get(proposal.id)
        assert (hold.count if hold else 0) == count
    said = {Standing.AGREED: 1, Standing.CANCELLED: 2}.get(proposal.standing, 0)
    for noun in ("need", "availability"):
        facts = [fact for fact in world.log.told(f"{noun}.recorded") if fact.proposal_id == proposal.id]
        assert len(facts) == said
    told = [fact.version for fact in world.log.told("decision.recorded") if fact.id == proposal.id]
    assert told == list(range(1, proposal.version + 1))
    for outcome, standing in (("agreed", Standing.AGREED), ("cancelled", Standing.CANCELLED)):
        times = Counter(each.id for each in world.log.told(f"proposal.{outcome}"))[proposal.id]
        ended_so = proposal.standing is standing or (outcome == "agreed" and proposal.standing is Standing.CANCELLED)
        assert times == int(ended_so)


async def postings_of(world: World, proposal: Proposal) -> tuple[Need, Availability]:
    need = await world.needs.get(OPERATOR, proposal.need_id)
    return need, await world.availabilities.get(OPERATOR, proposal.availability_id)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_the_second_accept_killed_at_every_step(store: Store, *, after: bool) -> None:
    ends: Counter[Standing] = Counter()
    for at in range(1, LONGEST):
        log = Log()
        world = World(store, log)
        id_ = await accepted_by_the_lender(world, at)
        killed = await act_killed(store, log, lambda each: each.accept(id_, "borrower"), at=at, after=after)  # noqa: B023
        world = await taken_up(store, log)
        ends[(await world.proposal(id_)).standing] += 1
        await world.accept(id_, "borrower")
        await world.relay.drain()
        assert (await world.proposal(id_)).headcount == 2
        await must_add_up(World(store, log), of=[id_])
        await empty(store)
        if not killed:
            break
    assert ends[Standing.AGREED] > 8
    assert ends[Standing.ACCEPTED] == (0 if after else 1)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_an_accept_that_finds_nobody_left_killed_at_every_step(store: Store, *, after: bool) -> None:
    for at in range(1, LONGEST):
        log = Log()
        world = World(store, log)
        need, staff, first = await world.scene(asked=1, offered=1)
        second = await world.pair(await world.need(await world.company(552032534)), staff)
        for id_, party in ((first, "lender"), (second, "lender"), (first, "borrower")):
            await world.accept(id_, party)
        await world.relay.drain()

        async def refused(world: World, id_: UUID = second) -> None:
            with suppress(CapacityError):
                await world.accept(id_, "borrower")

        killed = await act_killed(store, log, refused, at=at, after=after)
        world = await taken_up(store, log)
        await must_add_up(world, of=[first, second])
        proposal = await world.proposal(second)
        assert (proposal.status, proposal.standing, len(proposal.decisions)) == ("open", Standing.ACCEPTED, 1)
        assert (await world.again(need)).left == 0
        await empty(store)
        if not killed:
            break


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_holds_given_back_killed_at_every_step(store: Store, *, after: bool) -> None:
    """The need holds people, and the availability is withdrawn before it can: all that was held goes back."""
    for at in range(1, LONGEST):
        log = Log()
        world = World(store, log)
        id_ = await accepted_by_the_lender(world, at)

        async def overtaken(mortal: World, id_: UUID = id_, other: World = world) -> None:
            agreements = mortal.proposals._agreements
            hold_staff = agreements._hold_staff

            async def after_a_withdrawal(proposal: Proposal, *rest: object) -> object:
                await other.availabilities.withdraw(OPERATOR, proposal.availability_id)
                return await hold_staff(proposal, *rest)  # type: ignore[arg-type]

            agreements._hold_staff = after_a_withdrawal  # type: ignore[assignment, method-assign]
            with suppress(CapacityError):
                await mortal.accept(id_, "borrower")

        killed = await act_killed(store, log, overtaken, at=at, after=after)
        world = await taken_up(store, log)
        await must_add_up(world, of=[id_])
        await empty(store)
        if not killed:
            break


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_cancellation_killed_at_every_step(store: Store, *, after: bool) -> None:
    ends: Counter[Standing] = Counter()
    for at in range(1, LONGEST):
        log = Log()
        world = World(store, log)
        id_ = await accepted_by_the_lender(world, at)
        await world.accept(id_, "borrower")
        await world.relay.drain()
        killed = await act_killed(store, log, lambda each: each.cancel(id_, "lender"), at=at, after=after)  # noqa: B023
        world = await taken_up(store, log)
        standing = (await world.proposal(id_)).standing
        ends[standing] += 1
        await must_add_up(world, of=[id_])
        need, staff = await postings_of(world, await world.proposal(id_))
        assert (need.left, staff.left) == ((2, 3) if standing is Standing.CANCELLED else (0, 1))
        await empty(store)
        if not killed:
            break
    assert ends[Standing.CANCELLED] > 4
    assert ends[Standing.AGREED] == (0 if after else 1)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_departure_killed_at_every_step(store: Store, *, after: bool) -> None:
    for at in range(1, LONGEST):
        log = Log()
        world = World(store, log)
        company = await world.company(at + 100_000_000)
        for _ in range(3):
            await world.need(company)
            await world.staff(company)
        await world.relay.drain()
        act = lambda each: each.companies.leave(OPERATOR, company.id)  # noqa: B023, E731
        killed = await act_killed(store, log, act, at=at, after=after)
        world = await taken_up(store, log)
        status = (await world.companies.get(OPERATOR, company.id)).status
        unheard = at == 1 and not after
        assert status is (CompanyStatus.JOINED if unheard else CompanyStatus.LEFT)
        offers = [fact.status for fact in world.log.told("need.recorded") if fact.version == 2]
        assert offers == ([] if unheard else [PostingStatus.WITHDRAWN] * 3)
        await must_add_up(world, of=[])
        await empty(store)
        if not killed:
            break


async def accepted_by_the_lender(world: World, number: int) -> UUID:
    borrower, lender = await world.company(100_000_000 + number), await world.company(200_000_000 + number)
    need, staff = await world.need(borrower, headcount=2), await world.staff(lender, headcount=3)
    id_ = await world.pair(need, staff)
    await world.accept(id_, "lender")
    await world.relay.drain()
    return id_


async def empty(store: Store) -> None:
    """The next round begins with nothing: each of its logs tells of its own documents only."""
    for name in ("companies", "needs", "availabilities", "proposals", "sirets"):
        collection = store.collection(name)
        for stored in await collection.find():
            await collection.delete(stored.id)
