"""What a proposal shows: reasons and figures to both sides, names to nobody before both have accepted."""

from __future__ import annotations

from uuid import uuid4

import pytest

from passerelles.errors import ForbiddenError, NotFoundError
from schemas.proposals import WithdrawalReason
from schemas.vocabulary import Party
from services.registry.documents import saved_proposal
from services.registry.domain.caller import OPERATOR, Caller
from services.registry.domain.proposal import Proposal
from services.registry.domain.verdicts import ProposalStatus
from services.registry.links import Visitor
from services.registry.views import Viewer
from services.registry.web.proposal_page import page_of
from tests.unit.registry.world import CAHORS, World, decision


async def test_the_other_side_is_a_stranger_before_the_agreement(world: World) -> None:
    need, staff, id_ = await world.scene()
    borrower, lender = Caller("company", need.company_id), Caller("company", staff.company_id)
    for caller, hidden, party in ((borrower, staff, Party.BORROWER), (lender, need, Party.LENDER)):
        view = await world.proposals.get(caller, id_)
        other = await world.companies.get(OPERATOR, hidden.company_id)
        shown = view.model_dump_json()
        for secret in (other.id, other.siret, other.siren, other.name, other.commune, other.contacts[0].email):
            assert str(secret) not in shown
        assert (view.party, view.counterparts, view.status) == (party, (), "open")
        assert view.need is not None
        assert view.availability is not None
        assert (view.need.title is None) == (party is Party.LENDER)
        assert (view.need.occupation, view.availability.occupation) == ("H2102", "H2903")


async def test_a_distance_to_the_metre_would_tell_the_commune(world: World) -> None:
    need, _, id_ = await world.scene()
    view = await world.proposals.get(Caller("company", need.company_id), id_)
    assert view.distance_km == 52.0
    assert [each["metres"] for each in view.reasons if each["rule"] == "distance"] == [52_000]
    assert (await world.proposals.get(OPERATOR, id_)).distance_km == 52.345


async def test_once_agreed_each_side_sees_the_other_and_once_cancelled_no_more(world: World) -> None:
    need, staff, id_ = await world.scene()
    caller = Caller("company", need.company_id)
    await world.accept(id_, "lender")
    assert (await world.proposals.get(caller, id_)).decisions[Party.LENDER].verdict == "accept"
    await world.accept(id_, "borrower")
    view = await world.proposals.get(caller, id_)
    (other,) = view.counterparts
    assert (other.party, other.company_id, other.commune_name) == (Party.LENDER, staff.company_id, "Cahors")
    assert (view.headcount, view.distance_km) == (2, 52.345)
    await world.cancel(id_, "lender")
    assert (await world.proposals.get(caller, id_)).counterparts == ()


async def test_a_company_sees_and_decides_its_own_pairs_only(world: World) -> None:
    need, _, id_ = await world.scene()
    stranger = Caller("company", (await world.company(552032534)).id)
    assert (await world.proposals.list(stranger)).items == []
    with pytest.raises(NotFoundError):
        await world.proposals.get(stranger, id_)
    with pytest.raises(NotFoundError):
        await world.proposals.decide(stranger, id_, decision("borrower", "accept"))
    with pytest.raises(ForbiddenError):
        await world.proposals.list(stranger, company=need.company_id)
    with pytest.raises(ForbiddenError):
        await world.proposals.decide(Caller("company", need.company_id), id_, decision("lender", "accept"))
    assert (await world.proposal(id_)).decisions == {}


async def test_lists_are_best_first_by_page_from_both_sides(world: World) -> None:
    company, lender = await world.company(), await world.company(443061841, commune=CAHORS)
    third = await world.company(552032534)
    need, own_staff = await world.need(company), await world.staff(company)
    for score in (40, 90, 60):
        await world.pair(need, await world.staff(lender), score=score)
    await world.pair(await world.need(third), own_staff, score=70)
    await world.pair(await world.need(third), await world.staff(lender), score=99)
    caller = Caller("company", company.id)
    first = await world.proposals.list(caller, limit=3)
    second = await world.proposals.list(caller, limit=3, cursor=first.next_cursor)
    assert [view.score for view in (*first.items, *second.items)] == [90, 70, 60, 40]
    assert second.next_cursor is None
    assert len((await world.proposals.list(OPERATOR)).items) == 5
    assert [view.score for view in (await world.proposals.list(OPERATOR, need=need.id)).items] == [90, 60, 40]
    assert [view.score for view in (await world.proposals.list(caller, availability=own_staff.id)).items] == [70]


async def test_a_status_filters_what_users_see(world: World) -> None:
    need, staff, id_ = await world.scene()
    await world.withdraw_pair(need, staff, WithdrawalReason.OUT_OF_REACH)
    (view,) = (await world.proposals.list(OPERATOR, status=ProposalStatus.WITHDRAWN)).items
    assert (view.id, view.withdrawal_reason) == (id_, WithdrawalReason.OUT_OF_REACH)
    assert (await world.proposals.list(OPERATOR, status=ProposalStatus.OPEN)).items == []


async def test_an_accept_that_came_to_nothing_is_told_with_its_reason_to_both(world: World) -> None:
    """As a crash leaves it: nobody was there to be answered that it failed."""
    need, staff, id_ = await world.scene()
    await world.accept(id_, "lender")
    stored = await world.office.proposals.get(str(id_))
    assert stored is not None
    reserving = (await world.proposal(id_)).accepted(Party.BORROWER, world.time)
    await world.office.proposals.replace(str(id_), saved_proposal(stored.body, reserving, (), world.time), 2)
    await world.needs.withdraw(OPERATOR, need.id)
    await world.resume()
    for company in (need.company_id, staff.company_id):
        view = await world.proposals.get(Caller("company", company), id_)
        assert view.refused is not None
        assert (view.refused.by, view.refused.at) == (Party.BORROWER, world.time)
        assert view.refused.why == "le besoin a été retiré"
        assert Party.BORROWER not in view.decisions


@pytest.mark.parametrize(("party", "told"), [(Party.BORROWER, "Votre accord"), (Party.LENDER, "L'autre entreprise")])
async def test_the_page_says_that_an_accept_came_to_nothing_until_it_is_given_again(
    world: World, party: Party, told: str
) -> None:
    need, staff, id_ = await world.scene()
    proposal = (await world.proposal(id_)).accepted(Party.LENDER, world.time).accepted(Party.BORROWER, world.time)
    refused = proposal.undoing(1, "la disponibilité a été retirée").undone(1)
    companies = {Party.BORROWER: need.company_id, Party.LENDER: staff.company_id}
    caller = Caller("company", companies[party])
    visitor = Visitor(caller, id_, party, uuid4(), "Claire Delmas")

    async def explained(each: Proposal) -> str:
        (view,) = await Viewer(world.office).views(caller, [each])
        page = page_of(view, visitor)
        return f"{page.state} {page.explanation}"

    assert told in await explained(refused)
    assert "la disponibilité a été retirée" in await explained(refused)
    again = refused.accepted(Party.BORROWER, world.time).agreed(2, 1)
    assert "retirée" not in await explained(again)
