"""Needs and staff available: checked at entry, told where they are live and where they no longer are."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from passerelles.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, StaleVersionError
from schemas.vocabulary import PostingStatus, certificate_code
from services.registry.domain.caller import OPERATOR, Caller
from tests.unit.registry.world import RODEZ, World, need_draft, staff_draft


async def test_a_need_is_told_in_its_one_territory_with_codes_only(world: World) -> None:
    company = await world.company()
    need = await world.need(company, certificates=["CACES 3", "caces 3"], monthly_gross_max=2130)
    await world.relay.drain()
    (event,) = world.log.of("need.recorded")
    fact: Any = event.data
    assert (event.territory, fact.territories, fact.commune) == ("46", ("46",), company.commune)
    assert (fact.headcount_left, fact.monthly_gross_max, fact.siren) == (2, 2150, company.siren)
    assert fact.certificates == (certificate_code("CACES 3"),)
    assert need.certificates == ("CACES 3", "caces 3")
    assert "ligne" not in fact.model_dump_json()


async def test_a_job_title_or_a_v4_code_becomes_a_v3_code(world: World) -> None:
    company = await world.company()
    assert (await world.need(company, occupation="Soudeur / Soudeuse")).occupation == "H2913"


async def test_staff_go_to_every_territory_they_reach_and_a_change_to_the_old_ones_too(world: World) -> None:
    company = await world.company()
    staff = await world.staff(company, mobility_km=60)
    wide = set(staff.territories)
    assert {"46", "12"} < wide
    changed = await world.availabilities.change(OPERATOR, staff.id, staff_draft(company.id, mobility_km=1), 1)
    assert changed.territories == ("46",)
    await world.relay.drain()
    events = world.log.of("availability.recorded")
    assert {event.territory for event in events if event.data.version == 1} == wide
    second = [event for event in events if event.data.version == 2]
    assert {event.territory for event in second} == wide
    assert {event.data.territories for event in second} == {("46",)}
    assert len({event.id for event in second}) == 1


async def test_a_need_that_moves_is_told_in_both_territories(world: World) -> None:
    company = await world.company()
    need = await world.need(company)
    await world.needs.change(OPERATOR, need.id, need_draft(company.id, commune=RODEZ), None)
    await world.relay.drain()
    assert [event.territory for event in world.log.of("need.recorded")] == ["46", "12", "46"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"occupation": "H9999"}, "occupation"),
        ({"commune": "75056"}, "commune"),
        ({"skills": ["100007", "1"]}, "skills.1"),
        ({"start": date(2026, 12, 2), "end": date(2026, 12, 1)}, "end"),
        ({"start": date(2026, 1, 1), "end": date(2026, 2, 1)}, "end"),
        ({"certificates": ["ok", "a\x07b"]}, "certificates.1"),
        ({"title": "  "}, "title"),
        ({"monthly_gross_max": 10}, "monthly_gross_max"),
        ({"company_id": UUID(int=7)}, "company_id"),
    ],
)
async def test_a_wrong_need_is_refused_and_changes_nothing(world: World, fields: dict[str, Any], field: str) -> None:
    company = await world.company()
    with pytest.raises(InvalidInputError) as refused:
        await world.needs.publish(OPERATOR, need_draft(**{"company_id": company.id, **fields}), id_=uuid4())
    assert refused.value.field == field
    assert await world.office.needs.count() == 0


async def test_staff_must_be_volunteers(world: World) -> None:
    company = await world.company()
    with pytest.raises(InvalidInputError, match="L8241-2") as refused:
        await world.staff(company, volunteers=False)
    assert refused.value.field == "volunteers"


async def test_only_companies_that_have_joined_publish(world: World) -> None:
    company = await world.company(status="informed")
    with pytest.raises(ConflictError) as refused:
        await world.need(company)
    assert refused.value.field == "company_id"


async def test_a_company_acts_and_sees_for_itself_only(world: World) -> None:
    one, other = await world.company(), await world.company(443061841)
    need, caller = await world.need(other), Caller("company", one.id)
    with pytest.raises(ForbiddenError):
        await world.needs.publish(caller, need_draft(other.id), id_=uuid4())
    with pytest.raises(ForbiddenError):
        await world.needs.list(caller, company=other.id)
    for act in (
        world.needs.get(caller, need.id),
        world.needs.change(caller, need.id, need_draft(other.id), None),
        world.needs.withdraw(caller, need.id),
    ):
        with pytest.raises(NotFoundError):
            await act
    assert (await world.needs.list(caller)).items == []
    assert len((await world.needs.list(OPERATOR)).items) == 1


async def test_publishing_again_under_the_same_identifier_is_recognised(world: World) -> None:
    company = await world.company()
    id_, draft = uuid4(), need_draft(company.id)
    need = await world.needs.publish(OPERATOR, draft, id_=id_)
    await world.needs.withdraw(OPERATOR, id_)
    assert (await world.needs.publish(OPERATOR, draft, id_=id_)).version == 2
    with pytest.raises(ConflictError):
        await world.needs.publish(OPERATOR, need_draft(company.id, headcount=9), id_=id_)
    assert need.version == 1


async def test_versions_are_checked_and_an_empty_change_makes_none(world: World) -> None:
    company = await world.company()
    need = await world.need(company)
    assert (await world.needs.change(OPERATOR, need.id, need_draft(company.id), 1)).version == 1
    assert (await world.needs.change(OPERATOR, need.id, need_draft(company.id, headcount=4), 1)).version == 2
    for act in (
        world.needs.change(OPERATOR, need.id, need_draft(company.id, headcount=5), 1),
        world.needs.withdraw(OPERATOR, need.id, 1),
    ):
        with pytest.raises(StaleVersionError):
            await act


async def test_what_is_withdrawn_stays_so(world: World) -> None:
    company = await world.company()
    staff = await world.staff(company)
    assert (await world.availabilities.withdraw(OPERATOR, staff.id, 1)).status is PostingStatus.WITHDRAWN
    assert (await world.availabilities.withdraw(OPERATOR, staff.id)).version == 2
    with pytest.raises(ConflictError, match="retirée"):
        await world.availabilities.change(OPERATOR, staff.id, staff_draft(company.id, headcount=9), None)


async def test_a_posting_does_not_change_company(world: World) -> None:
    one, other = await world.company(), await world.company(443061841)
    need = await world.need(one)
    with pytest.raises(ConflictError) as refused:
        await world.needs.change(OPERATOR, need.id, need_draft(other.id), None)
    assert refused.value.field == "company_id"


async def test_lists_filter_and_page(world: World) -> None:
    company, other = await world.company(), await world.company(443061841, commune=RODEZ)
    for number in range(5):
        world.time += timedelta(seconds=1)
        await world.need(company if number % 2 else other, headcount=number + 1)
    page = await world.needs.list(OPERATOR, limit=2)
    rest = await world.needs.list(OPERATOR, limit=200, cursor=page.next_cursor)
    assert [need.headcount for need in (*page.items, *rest.items)] == [1, 2, 3, 4, 5]
    assert rest.next_cursor is None
    assert [need.headcount for need in (await world.needs.list(OPERATOR, departement="46")).items] == [2, 4]
    assert len((await world.needs.list(OPERATOR, company=other.id)).items) == 3
    assert (await world.needs.list(OPERATOR, occupation="A1101")).items == []
    assert (await world.needs.list(OPERATOR, status=PostingStatus.WITHDRAWN)).items == []
