"""Companies: added once, joined, changed, left; tokens that act for them; contacts that keep who they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from passerelles.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    StaleVersionError,
    UnavailableError,
)
from schemas.vocabulary import CompanyStatus, PostingStatus
from services.registry.domain.caller import OPERATOR, Caller
from services.registry.domain.company import new_company
from services.registry.domain.drafts import ContactDraft
from services.registry.leaving import Leaving
from tests.unit.registry.world import RODEZ, World, company_draft, need_draft, siret


async def test_a_company_is_added_and_told_without_its_name(world: World) -> None:
    company = await world.company()
    await world.relay.drain()
    (event,) = world.log.of("company.recorded")
    assert (event.territory, event.key, event.epoch) == ("46", f"46:{company.id}", 1)
    assert "Entreprise" not in event.data.model_dump_json()
    assert company.contacts[0].phone == "+33612345678"


async def test_the_same_again_is_the_one_that_exists_also_once_it_has_changed(world: World) -> None:
    id_, draft = uuid4(), company_draft()
    first = await world.companies.add(OPERATOR, draft, id_=id_)
    assert await world.companies.add(OPERATOR, draft, id_=id_) == first
    joined = await world.companies.join(OPERATOR, id_)
    assert await world.companies.add(OPERATOR, draft, id_=id_) == joined
    with pytest.raises(ConflictError, match="identifiant"):
        await world.companies.add(OPERATOR, company_draft(name="Autre nom"), id_=id_)


async def test_an_establishment_is_there_once(world: World) -> None:
    first = await world.company()
    with pytest.raises(ConflictError) as refused:
        await world.company()
    assert (refused.value.field, refused.value.figures["company_id"]) == ("siret", str(first.id))


async def test_a_siret_that_was_taken_for_nothing_is_free_again_after_a_while(world: World) -> None:
    """A process died between the SIRET and the company."""
    await world.office.sirets.insert(
        siret(732829320), {"company_id": str(uuid4()), "at": "2026-11-23T09:00:00.000000Z"}
    )
    with pytest.raises(ConflictError):
        await world.company()
    world.time += timedelta(minutes=2)
    assert (await world.company()).version == 1


async def test_only_the_operator_adds_joins_and_gives_tokens(world: World) -> None:
    company = await world.company()
    caller = Caller("company", company.id)
    for act in (
        world.companies.add(caller, company_draft(443061841), id_=uuid4()),
        world.companies.join(caller, company.id),
        world.companies.issue_token(caller, company.id),
    ):
        with pytest.raises(ForbiddenError):
            await act


async def test_a_token_acts_for_its_company_and_only_its_digest_is_kept(world: World) -> None:
    company = await world.company()
    token = await world.companies.issue_token(OPERATOR, company.id)
    assert await world.companies.caller_of(token) == Caller("company", company.id)
    assert await world.companies.caller_of(token[:-1]) is None
    stored = await world.office.tokens.find()
    assert token not in str(stored)


async def test_a_company_sees_itself_only(world: World) -> None:
    one, other = await world.company(), await world.company(443061841)
    caller = Caller("company", one.id)
    assert [each.id for each in (await world.companies.list(caller)).items] == [one.id]
    with pytest.raises(NotFoundError):
        await world.companies.get(caller, other.id)
    with pytest.raises(NotFoundError):
        await world.companies.change(caller, other.id, company_draft(443061841), None)


async def test_a_change_from_an_old_version_is_refused_and_the_same_again_is_no_version(world: World) -> None:
    company = await world.company()
    draft = company_draft(name="Nouveau nom")
    changed = await world.companies.change(OPERATOR, company.id, draft, 1)
    assert (changed.version, changed.name, changed.status) == (2, "Nouveau nom", CompanyStatus.JOINED)
    with pytest.raises(StaleVersionError) as stale:
        await world.companies.change(OPERATOR, company.id, draft, 1)
    assert stale.value.figures["version"] == 2
    assert (await world.companies.change(OPERATOR, company.id, draft, 2)).version == 2


async def test_neither_siret_nor_status_is_changed_by_hand(world: World) -> None:
    company = await world.company()
    for draft, field in ((company_draft(443061841), "siret"), (company_draft(status="informed"), "status")):
        with pytest.raises(ConflictError) as refused:
            await world.companies.change(OPERATOR, company.id, draft, None)
        assert refused.value.field == field


async def test_moving_is_told_where_it_was_and_where_it_is(world: World) -> None:
    company = await world.company()
    await world.companies.change(OPERATOR, company.id, company_draft(commune=RODEZ), None)
    await world.relay.drain()
    assert [event.territory for event in world.log.of("company.recorded")] == ["46", "12", "46"]


async def test_contacts_keep_who_they_are_by_email_or_identifier(world: World) -> None:
    company = await world.company()
    (claire,) = company.contacts
    paul = ContactDraft(name="Paul", email="paul@exemple.fr")
    renamed = ContactDraft(name="Claire D.", email=claire.email.upper())
    changed = await world.companies.change(OPERATOR, company.id, company_draft(contacts=[paul, renamed]), None)
    assert changed.contacts[1].id == claire.id
    assert changed.contacts[0].id != claire.id
    moved = ContactDraft(id=claire.id, name="Claire D.", email="claire@exemple.fr")
    again = await world.companies.change(OPERATOR, company.id, company_draft(contacts=[moved]), None)
    assert [each.id for each in again.contacts] == [claire.id]


@pytest.mark.parametrize(
    ("contact", "field"),
    [
        ({"email": "pas une adresse"}, "contacts.0.email"),
        ({"phone": "12"}, "contacts.0.phone"),
        ({"sms": True}, "contacts.0.phone"),
        ({"sms": True, "phone": "05 65 34 06 25"}, "contacts.0.phone"),
        ({"id": uuid4()}, "contacts.0.id"),
        ({"name": "a\nb"}, "contacts.0.name"),
    ],
)
async def test_a_wrong_contact_is_named(world: World, contact: dict[str, object], field: str) -> None:
    draft = ContactDraft.model_validate({"name": "Claire", "email": "rh@exemple.fr", **contact})
    with pytest.raises(InvalidInputError) as refused:
        await world.companies.add(OPERATOR, company_draft(contacts=[draft]), id_=uuid4())
    assert refused.value.field == field
    assert (await world.companies.list(OPERATOR)).items == []


async def test_an_erased_contact_is_nowhere_any_more(world: World) -> None:
    company = await world.company()
    await world.companies.drop_contact(OPERATOR, company.id, company.contacts[0].id)
    await world.relay.drain()
    assert "Delmas" not in str(await world.office.companies.find())
    with pytest.raises(NotFoundError):
        await world.companies.drop_contact(OPERATOR, company.id, company.contacts[0].id)


async def test_leaving_withdraws_everything_and_coming_back_is_possible(world: World) -> None:
    company = await world.company()
    need, staff = await world.need(company), await world.staff(company)
    left = await world.companies.leave(OPERATOR, company.id)
    assert left.status is CompanyStatus.LEFT
    assert {(await world.again(each)).status for each in (need, staff)} == {PostingStatus.WITHDRAWN}
    await world.relay.drain()
    statuses = [fact.status for fact in world.log.told("company.recorded")]
    assert statuses == [CompanyStatus.JOINED, CompanyStatus.LEAVING, CompanyStatus.LEFT]
    assert (await world.companies.leave(OPERATOR, company.id)).version == left.version
    with pytest.raises(ConflictError, match="quitté"):
        await world.need(company)
    await world.companies.join(OPERATOR, company.id)
    assert (await world.need(company)).version == 1


async def test_what_is_published_while_the_company_leaves_is_withdrawn(world: World) -> None:
    company = await world.company()
    insert = world.office.needs.insert

    async def after_the_departure(id_: str, body: dict[str, object]) -> bool:
        await Leaving(world.office).finish(company.id)
        await world.companies.leave(OPERATOR, company.id)
        return await insert(id_, body)

    world.office.needs.insert = after_the_departure  # type: ignore[method-assign]
    need = await world.needs.publish(OPERATOR, need_draft(company.id), id_=uuid4())
    assert (await world.again(need)).status is PostingStatus.WITHDRAWN


async def test_nothing_is_changed_before_the_epoch_is_open_or_while_the_process_stops(world: World) -> None:
    world.office.epoch = 0
    with pytest.raises(UnavailableError, match="s'ouvre"):
        await world.company()
    world.office.epoch, world.office.closing = 1, True
    with pytest.raises(UnavailableError, match="s'arrête"):
        await world.company()


async def test_companies_are_listed_by_page_with_filters(world: World) -> None:
    for number in range(7):
        world.time += timedelta(seconds=1)
        await world.company(100_000_000 + number, status="informed" if number % 2 else "joined")
    seen, cursor = [], None
    while True:
        page = await world.companies.list(OPERATOR, limit=3, cursor=cursor)
        seen += [each.name for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"Entreprise {100_000_000 + number}" for number in range(7)]
    joined = await world.companies.list(OPERATOR, status=CompanyStatus.JOINED)
    assert len(joined.items) == 4
    found = await world.companies.list(OPERATOR, text="PRISE 100000003", limit=2)
    assert ([each.name for each in found.items], found.next_cursor) == (["Entreprise 100000003"], None)
    assert len((await world.companies.list(OPERATOR, text=siret(100_000_002)[:9])).items) == 1
    assert (await world.companies.list(OPERATOR, departement="12")).items == []


@pytest.mark.parametrize(
    "cursor", ["é", "abc", "bnVsbA", "WzEsMl0", "W3RydWUsImEiXQ", "WzFlOTk5LCJhIl0", "W1tdLCJhIl0"]
)
async def test_a_made_up_cursor_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await world.companies.list(OPERATOR, cursor=cursor)
    assert refused.value.field == "cursor"


def test_a_contact_s_identifier_cannot_be_guessed_and_stays() -> None:
    """Those of deliveries are made of it: who guessed one could say that a mail came back."""
    id_, now = uuid4(), datetime(2026, 3, 2, tzinfo=UTC)
    one, same = (new_company(company_draft(), id_, now) for _ in range(2))
    assert one.contacts[0].id != same.contacts[0].id
    assert one.changed(company_draft(name="Autre nom"), now).contacts[0].id == one.contacts[0].id
