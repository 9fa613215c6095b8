"""Both accept, people are held on both sides, and the log tells it once."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from passerelles.errors import ConflictError
from schemas.decisions import Standing
from schemas.proposals import WithdrawalReason
from schemas.vocabulary import Party
from services.registry.commands.agreements import Agreements
from services.registry.documents import edited, saved
from services.registry.domain.availability import Availability
from services.registry.domain.caller import OPERATOR
from services.registry.domain.capacity import CapacityError
from tests.unit.registry.world import CAHORS, World, need_draft


async def test_the_first_accept_is_told_to_the_other_and_to_matching(world: World) -> None:
    _, _, id_ = await world.scene()
    view = await world.accept(id_, "lender")
    await world.relay.drain()
    assert (view.status, view.version) == ("open", 1)
    assert [outcome.by for outcome in world.log.told("proposal.accepted")] == [Party.LENDER]
    assert [fact.standing for fact in world.log.told("decision.recorded")] == [Standing.ACCEPTED]


async def test_accepting_twice_changes_nothing(world: World) -> None:
    _, _, id_ = await world.scene()
    await world.accept(id_, "lender")
    assert (await world.accept(id_, "lender")).version == 1
    await world.accept(id_, "borrower")
    assert (await world.accept(id_, "lender")).version == 2


async def test_an_agreement_takes_what_both_sides_have_and_says_so_once(world: World) -> None:
    need, staff, id_ = await world.scene(asked=2, offered=3)
    await world.accept(id_, "lender")
    view = await world.accept(id_, "borrower")
    await world.relay.drain()
    assert (view.status, view.headcount) == ("agreed", 2)
    assert ((await world.again(need)).left, (await world.again(staff)).left) == (0, 1)
    (agreed,) = world.log.told("proposal.agreed")
    assert (agreed.headcount, agreed.by, agreed.version) == (2, Party.BORROWER, 2)
    facts = [*world.log.told("need.recorded"), *world.log.told("availability.recorded")]
    assert [(fact.version, fact.headcount_left) for fact in facts if fact.proposal_id == id_] == [(2, 0), (2, 1)]


async def test_the_agreement_shows_the_other_side_s_contacts(world: World) -> None:
    _, _, id_ = await world.scene()
    await world.accept(id_, "lender")
    view = await world.accept(id_, "borrower")
    assert {each.party for each in view.counterparts} == {Party.BORROWER, Party.LENDER}
    assert view.counterparts[0].contacts[0].email.startswith("rh@")


async def test_the_second_accept_fails_where_nobody_is_left_and_the_proposal_stays_as_it_was(world: World) -> None:
    need, staff, first = await world.scene(asked=1, offered=1)
    other_need = await world.need(await world.company(552032534))
    second = await world.pair(other_need, staff)
    for id_, party in ((first, "lender"), (second, "lender"), (first, "borrower")):
        await world.accept(id_, party)
    with pytest.raises(CapacityError, match="n'a plus de place") as refused:
        await world.accept(second, "borrower")
    assert refused.value.status == 409
    proposal = await world.proposal(second)
    assert (proposal.status, proposal.standing, proposal.version) == ("open", Standing.ACCEPTED, 1)
    assert not proposal.accepted_by(Party.BORROWER)
    assert (await world.again(other_need)).left == other_need.headcount
    assert (await world.again(need)).left == 0
    await world.relay.drain()
    assert [outcome.id for outcome in world.log.told("proposal.agreed")] == [first]


async def test_two_needs_racing_for_one_person_make_one_agreement(world: World) -> None:
    _, staff, first = await world.scene(asked=1, offered=1)
    other_need = await world.need(await world.company(552032534), headcount=1)
    second = await world.pair(other_need, staff)
    await asyncio.gather(world.accept(first, "lender"), world.accept(second, "lender"))
    answers = await asyncio.gather(
        world.accept(first, "borrower"), world.accept(second, "borrower"), return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["CapacityError", "ProposalView"]
    assert (await world.again(staff)).left == 0
    await world.relay.drain()
    assert len(world.log.told("proposal.agreed")) == 1


async def test_both_accepting_at_once_make_one_agreement(world: World) -> None:
    need, staff, id_ = await world.scene(asked=2, offered=2)
    await asyncio.gather(world.accept(id_, "lender"), world.accept(id_, "borrower"))
    assert (await world.proposal(id_)).standing is Standing.AGREED
    assert ((await world.again(need)).left, (await world.again(staff)).left) == (0, 0)
    await world.relay.drain()
    assert len(world.log.told("proposal.agreed")) == 1


async def test_what_the_need_holds_too_much_comes_back_at_the_confirmation(world: World) -> None:
    """The availability shrinks between the two holds: the smaller number is agreed on, on both sides."""
    need, staff, id_ = await world.scene(asked=3, offered=3)
    other = await world.pair(await world.need(await world.company(552032534), headcount=2), staff)
    await world.accept(id_, "lender")
    await world.accept(other, "lender")
    agreements, elsewhere = Agreements(world.office), World(world.store, world.log)
    hold_staff = agreements._hold_staff

    async def after_another_agreement(*args: object) -> object:
        await elsewhere.accept(other, "borrower")
        return await hold_staff(*args)  # type: ignore[arg-type]

    agreements._hold_staff = after_another_agreement  # type: ignore[assignment, method-assign]
    world.proposals._agreements = agreements
    assert (await world.accept(id_, "borrower")).headcount == 1
    assert ((await world.again(need)).left, (await world.again(staff)).left) == (2, 0)


async def test_what_the_need_holds_goes_back_when_the_availability_holds_nothing(world: World) -> None:
    need, staff, id_ = await world.scene()
    await world.accept(id_, "lender")
    agreements, elsewhere = Agreements(world.office), World(world.store, world.log)
    hold_staff = agreements._hold_staff

    async def after_a_withdrawal(*args: object) -> object:
        assert (await world.again(need)).left == 0
        await elsewhere.availabilities.withdraw(OPERATOR, staff.id)
        return await hold_staff(*args)  # type: ignore[arg-type]

    agreements._hold_staff = after_a_withdrawal  # type: ignore[assignment, method-assign]
    world.proposals._agreements = agreements
    with pytest.raises(CapacityError, match="la disponibilité a été retirée"):
        await world.accept(id_, "borrower")
    assert (await world.again(need)).left == need.headcount


async def test_several_processes_that_take_up_one_agreement_make_it_once(world: World) -> None:
    need, staff, id_ = await world.scene(asked=2, offered=3)
    await world.accept(id_, "lender")
    others = [World(world.store, world.log) for _ in range(4)]
    finishing = [Agreements(other.office).finish(id_) for other in others]
    await asyncio.gather(world.accept(id_, "borrower"), *finishing)
    await world.relay.drain()
    assert ((await world.again(need)).left, (await world.again(staff)).left) == (0, 1)
    facts = [*world.log.told("need.recorded"), *world.log.told("availability.recorded")]
    assert len([fact for fact in facts if fact.proposal_id == id_]) == 2


async def test_a_need_that_was_withdrawn_agrees_to_nothing(world: World) -> None:
    need, staff, id_ = await world.scene()
    await world.accept(id_, "lender")
    await world.needs.withdraw(OPERATOR, need.id)
    with pytest.raises(CapacityError, match="le besoin a été retiré"):
        await world.accept(id_, "borrower")
    assert (await world.again(staff)).left == staff.headcount


async def test_cancelling_brings_people_back_on_both_sides_and_is_the_last_word(world: World) -> None:
    need, staff, id_ = await world.scene(asked=2, offered=3)
    await world.accept(id_, "lender")
    await world.accept(id_, "borrower")
    view = await world.cancel(id_, "borrower")
    await world.relay.drain()
    assert view.status == "cancelled"
    assert view.counterparts == ()
    assert ((await world.again(need)).left, (await world.again(staff)).left) == (2, 3)
    (told,) = world.log.told("proposal.cancelled")
    assert (told.by, told.version, told.headcount, told.reason.value) == (Party.BORROWER, 3, 2, "other")
    lefts = [fact.headcount_left for fact in world.log.told("need.recorded")]
    assert lefts == [2, 0, 2]
    with pytest.raises(ConflictError, match="annulée"):
        await world.cancel(id_, "lender")


async def test_there_is_nothing_to_cancel_before_an_agreement(world: World) -> None:
    _, _, id_ = await world.scene()
    with pytest.raises(ConflictError, match="pas d'accord à annuler"):
        await world.cancel(id_, "lender")


async def test_a_headcount_does_not_go_below_what_is_reserved(world: World) -> None:
    need, _, id_ = await world.scene(asked=2, offered=2)
    await world.accept(id_, "lender")
    await world.accept(id_, "borrower")
    with pytest.raises(ConflictError, match="sous 2") as refused:
        await world.needs.change(OPERATOR, need.id, need_draft(need.company_id, headcount=1), None)
    assert refused.value.field == "headcount"
    raised = await world.needs.change(OPERATOR, need.id, need_draft(need.company_id, headcount=5), None)
    assert raised.headcount_left == 3


async def test_a_hold_put_too_late_is_given_back_by_the_sweeper(world: World) -> None:
    """A process that stalled in the middle of an attempt holds people after the attempt was given up."""
    _, staff, id_ = await world.scene()
    await _hold_late(world, staff.id, id_)
    assert (await world.again(staff)).left == 1
    await world.resume()
    assert (await world.again(staff)).left == 3
    assert len(world.log.told("availability.recorded")) == 1


async def test_a_late_hold_does_not_stand_in_the_way_of_its_own_proposal(world: World) -> None:
    need, staff, id_ = await world.scene(asked=3, offered=3)
    await _hold_late(world, staff.id, id_)
    await world.accept(id_, "lender")
    assert (await world.accept(id_, "borrower")).headcount == 3
    assert ((await world.again(need)).left, (await world.again(staff)).left) == (0, 0)


async def _hold_late(world: World, staff_id: UUID, id_: UUID) -> None:
    def hold(staff: Availability) -> Availability:
        return staff.with_hold(id_, 2, 0, world.time)

    await edited(world.office.availabilities, staff_id, Availability, hold, saved)


async def test_an_accept_outlives_a_better_newcomer_but_no_other_withdrawal(world: World) -> None:
    need, staff, id_ = await world.scene()
    await world.accept(id_, "lender")
    await world.withdraw_pair(need, staff, WithdrawalReason.OUTRANKED)
    assert (await world.proposal(id_)).status == "open"
    await world.withdraw_pair(need, staff, WithdrawalReason.NO_LONGER_ELIGIBLE)
    assert (await world.proposal(id_)).status == "withdrawn"
    with pytest.raises(ConflictError, match="retirée"):
        await world.accept(id_, "borrower")


async def test_matching_s_word_about_an_agreed_pair_changes_nothing(world: World) -> None:
    need, staff, id_ = await world.scene()
    await world.accept(id_, "lender")
    await world.accept(id_, "borrower")
    await world.withdraw_pair(need, staff, WithdrawalReason.NEED_FILLED)
    assert (await world.proposal(id_)).status == "agreed"


async def test_a_decline_after_one_s_own_accept_is_terminal(world: World) -> None:
    _, _, id_ = await world.scene()
    await world.accept(id_, "lender")
    view = await world.decline(id_, "lender", "pay")
    assert (view.status, view.version) == ("declined", 2)
    await world.relay.drain()
    (declined,) = world.log.told("proposal.declined")
    assert (declined.by, declined.reason.value) == (Party.LENDER, "pay")
    for party in ("lender", "borrower"):
        with pytest.raises(ConflictError, match="déclinée"):
            await world.accept(id_, party)


async def test_a_pair_of_another_commune_is_no_obstacle(world: World) -> None:
    borrower, lender = await world.company(), await world.company(443061841, commune=CAHORS)
    need, staff = await world.need(borrower), await world.staff(lender)
    id_ = await world.pair(need, staff)
    await world.accept(id_, "borrower")
    assert (await world.accept(id_, "lender")).headcount == 2
