"""The coordinator of a département: named and erased by the operator, and given with what is told to its companies."""

from __future__ import annotations

import pytest

from passerelles.errors import ForbiddenError, InvalidInputError, NotFoundError
from schemas.vocabulary import Party
from services.registry.commands.coordinators import Coordinators
from services.registry.domain.caller import OPERATOR, Caller
from services.registry.domain.drafts import CoordinatorDraft
from tests.unit.registry.test_links_and_briefings import brief
from tests.unit.registry.world import World

DRAFT = CoordinatorDraft(name="Anne Roques", email="a.roques@mecanic.example.org")


async def test_a_coordinator_is_named_read_replaced_and_erased(world: World) -> None:
    coordinators = Coordinators(world.office)
    named = await coordinators.appoint(OPERATOR, "46", DRAFT)
    assert (named.name, named.email, named.departement) == ("Anne Roques", DRAFT.email, "46")
    assert await coordinators.get(OPERATOR, "46") == named
    renamed = await coordinators.appoint(OPERATOR, "46", DRAFT.model_copy(update={"name": "Anne Roques-Puech"}))
    assert (renamed.id, renamed.name) == (named.id, "Anne Roques-Puech")
    other = await coordinators.appoint(OPERATOR, "46", CoordinatorDraft(name="Luc Bru", email="l.bru@example.org"))
    assert other.id != named.id, "another person"
    await coordinators.dismiss(OPERATOR, "46")
    with pytest.raises(NotFoundError):
        await coordinators.get(OPERATOR, "46")
    with pytest.raises(NotFoundError):
        await coordinators.dismiss(OPERATOR, "46")


async def test_what_cannot_be_a_coordinator_is_refused(world: World) -> None:
    coordinators = Coordinators(world.office)
    company = Caller("company", (await world.company()).id)
    with pytest.raises(ForbiddenError):
        await coordinators.appoint(company, "46", DRAFT)
    with pytest.raises(ForbiddenError):
        await coordinators.get(company, "46")
    with pytest.raises(ForbiddenError):
        await coordinators.dismiss(company, "46")
    with pytest.raises(InvalidInputError, match="pas couvert"):
        await coordinators.appoint(OPERATOR, "75", DRAFT)
    with pytest.raises(InvalidInputError):
        await coordinators.appoint(OPERATOR, "46", DRAFT.model_copy(update={"email": "personne"}))


async def test_a_briefing_names_the_coordinator_of_the_company_s_departement(world: World) -> None:
    need, staff, id_ = await world.scene()
    assert (await brief(world, need, staff, Party.BORROWER, id_)).coordinator is None
    named = await Coordinators(world.office).appoint(OPERATOR, "46", DRAFT)
    told = (await brief(world, need, staff, Party.BORROWER, id_)).coordinator
    assert told is not None
    assert told.model_dump() == named.model_dump(include={"id", "departement", "name", "email"})
