"""What can be taken up is taken up, however many others cannot."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from schemas.vocabulary import Party
from services.registry.documents import saved, saved_proposal
from services.registry.domain.caller import OPERATOR
from services.registry.domain.need import Need
from services.registry.sweeper import PATIENCE
from tests.unit.registry.world import World, need_draft


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.registry.sweeper._BATCH", 2)


async def left_reserving(world: World, id_: UUID) -> None:
    stored = await world.office.proposals.get(str(id_))
    assert stored is not None
    proposal = (await world.proposal(id_)).accepted(Party.LENDER, world.time).accepted(Party.BORROWER, world.time)
    body = saved_proposal(stored.body, proposal, (), world.time)
    await world.office.proposals.replace(stored.id, body, stored.revision)


async def test_an_agreement_behind_stuck_ones_is_taken_up(world: World) -> None:
    """Two whose need is gone, which nothing mends, and one that cannot be read at all."""
    need, _, id_ = await world.scene()
    await left_reserving(world, id_)
    stored = await world.office.proposals.get(str(id_))
    assert stored is not None
    for broken in ({"need_id": str(uuid4())}, {"need_id": str(uuid4())}, {"borrower_id": "personne"}):
        stuck = str(uuid4())
        since = {"saga_since": "2000-01-01T00:00:00.000000Z"}
        await world.office.proposals.insert(stuck, {**stored.body, **broken, **since, "id": stuck})
    world.time += PATIENCE
    await world.sweeper.sweep()
    assert (await world.proposal(id_)).status == "agreed"
    assert (await world.again(need)).headcount_left == 0


async def test_a_hold_behind_those_that_stay_is_given_back(world: World) -> None:
    need, _, id_ = await world.scene()
    company = await world.companies.get(OPERATOR, need.company_id)
    others = [await world.need(company) for _ in range(4)]
    for place, each in enumerate((*others, need)):
        stored = await world.office.needs.get(str(each.id))
        assert stored is not None
        before = Need.model_validate(stored.body)
        pair = id_ if each is need else uuid4()  # a proposal that nobody knows: its hold stays
        held = before.with_hold(pair, 1, 1, world.time + timedelta(milliseconds=place))
        await world.office.needs.replace(stored.id, saved(stored.body, before, held), stored.revision)
    world.time += PATIENCE + timedelta(seconds=1)
    await world.sweeper.sweep()
    after = await world.again(need)
    assert after.left == need_draft(company.id).headcount
