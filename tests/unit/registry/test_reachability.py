"""What is known of a contact's addresses: learnt from the bus, in any order, and forgotten with the address."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from passerelles.errors import InvalidInputError
from schemas.deliveries import Channel
from schemas.envelope import Event
from schemas.preferences import Preferences
from schemas.reachability import ContactOptedOut, ContactUnreachable
from schemas.vocabulary import Payload
from services.registry.commands.choices import Choice, Choices
from services.registry.domain.caller import OPERATOR, Caller
from services.registry.domain.company import Company
from services.registry.domain.contact import Contact
from services.registry.domain.drafts import CompanyDraft, ContactDraft
from services.registry.phones import Owner, PhoneRequest, Phones
from tests.unit.registry.world import World, company_draft

MINUTE = timedelta(minutes=1)


def heard(world: World, data: ContactUnreachable | ContactOptedOut) -> Event[Payload]:
    return Event(
        id=uuid4(),
        type="contact.unreachable",
        schema_version=1,
        source="notifications",
        subject=str(data.contact_id),
        time=world.office.now(),
        epoch=1,
        key=str(data.contact_id),
        data=data,
    )


async def bounced(world: World, company: Company, *, sent_at: datetime | None = None, channel: str = "email") -> None:
    word = ContactUnreachable(
        version=1,
        company_id=company.id,
        contact_id=company.contacts[0].id,
        channel=Channel(channel),
        code="dsn_5_1_1",
        sent_at=sent_at or world.office.now(),
        at=world.office.now(),
    )
    await world.projections.deliveries([heard(world, word)])


async def stopped(world: World, company: Company, at: datetime) -> None:
    word = ContactOptedOut(
        version=1, company_id=company.id, contact_id=company.contacts[0].id, channel=Channel.SMS, at=at
    )
    await world.projections.deliveries([heard(world, word)] * 2)


async def contact(world: World, company: Company) -> Contact:
    return (await world.companies.get(OPERATOR, company.id)).contacts[0]


def draft(company: Company, **changed: Any) -> CompanyDraft:
    one = company.contacts[0]
    fields = {"id": one.id, "name": one.name, "email": one.email, "phone": one.phone, "sms": one.sms}
    return company_draft(contacts=[ContactDraft(**{**fields, **changed})])


async def unreached(world: World) -> list[UUID]:
    return [each.id for each in (await world.companies.list(OPERATOR, unreachable=True)).items]


async def test_a_bounce_marks_the_contact_and_nothing_else(world: World) -> None:
    company, other = await world.company(), await world.company(552100554)
    assert await unreached(world) == []
    for _ in range(2):
        await bounced(world, company)
    assert (await contact(world, company)).unreachable == {Channel.EMAIL: "dsn_5_1_1"}
    assert await unreached(world) == [company.id]
    assert (await contact(world, other)).unreachable == {}
    assert (await world.companies.get(OPERATOR, company.id)).version == company.version


async def test_another_address_starts_afresh_and_the_same_does_not(world: World) -> None:
    company = await world.company()
    await bounced(world, company)
    before = world.office.now()
    world.time += MINUTE
    await world.companies.change(OPERATOR, company.id, draft(company, name="Autre Nom"), None)
    assert (await contact(world, company)).unreachable
    await world.companies.change(OPERATOR, company.id, draft(company, email="autre@exemple.fr"), None)
    assert (await contact(world, company)).unreachable == {}
    assert await unreached(world) == []
    await bounced(world, company, sent_at=before)
    assert (await contact(world, company)).unreachable == {}, "it was for the address before"
    await bounced(world, company)
    assert await unreached(world) == [company.id]


async def test_somebody_who_knows_better_clears_it(world: World) -> None:
    company = await world.company()
    await bounced(world, company)
    sent_at = world.office.now()
    world.time += MINUTE
    for _ in range(2):
        await world.companies.reachable(
            Caller("company", company.id), company.id, company.contacts[0].id, Channel.EMAIL
        )
    assert (await contact(world, company)).unreachable == {}
    await bounced(world, company, sent_at=sent_at)
    assert await unreached(world) == [], "an older message says nothing new"


async def test_stop_ends_text_messages_until_this_person_asks_for_them_again(world: World) -> None:
    company = await world.company()
    company = await world.companies.change(OPERATOR, company.id, draft(company, sms=True), None)
    at = world.office.now()
    world.time += MINUTE
    await stopped(world, company, at)
    assert (await contact(world, company)).sms is False
    own = company.contacts[0].id
    await Choices(world.office).choose(company.id, own, Choice(Preferences(), sms=True))
    await stopped(world, company, at)
    assert (await contact(world, company)).sms is True, "the word came twice, and they were asked for in between"
    await stopped(world, company, world.office.now())
    assert (await contact(world, company)).sms is False


async def test_nobody_else_asks_for_text_messages_again_at_a_number_that_stopped_them(world: World) -> None:
    company = await world.company()
    company = await world.companies.change(OPERATOR, company.id, draft(company, sms=True), None)
    world.time += MINUTE
    await stopped(world, company, world.office.now())
    company = await world.companies.get(OPERATOR, company.id)

    with pytest.raises(InvalidInputError, match="STOP") as refused:
        await world.companies.change(OPERATOR, company.id, draft(company, sms=True), None)
    assert refused.value.field == "contacts.0.sms"
    assert await world.companies.get(OPERATOR, company.id) == company, "what is refused changes nothing"
    await world.companies.change(OPERATOR, company.id, draft(company, sms=False), None)
    with pytest.raises(InvalidInputError):
        await world.companies.change(OPERATOR, company.id, draft(company, sms=True), None)
    await world.companies.change(OPERATOR, company.id, draft(company, sms=True, phone="06 39 98 00 77"), None)
    assert (await contact(world, company)).sms is True, "another number is another person's to stop"


async def test_stop_holds_where_text_messages_were_not_asked_for(world: World) -> None:
    company = await world.company()
    await stopped(world, company, world.office.now())

    assert (await contact(world, company)).sms_stopped


async def test_a_word_about_nobody_is_passed_over(world: World) -> None:
    company = await world.company()
    gone = company.model_copy(update={"contacts": (company.contacts[0].model_copy(update={"id": uuid4()}),)})
    await bounced(world, gone)
    await stopped(world, gone.model_copy(update={"id": uuid4()}), world.office.now())
    assert await world.companies.get(OPERATOR, company.id) == company


async def test_a_number_is_found_at_those_who_ask_for_text_messages(world: World) -> None:
    asking, other = await world.company(), await world.company(552100554)
    await world.companies.change(OPERATOR, asking.id, draft(asking, sms=True), None)
    assert asking.contacts[0].phone == other.contacts[0].phone
    phones = Phones(world.office)
    found = [Owner(company_id=asking.id, contact_id=asking.contacts[0].id)]
    assert await phones.owners(PhoneRequest(phone="+33612345678")) == found
    assert await phones.owners(PhoneRequest(phone="06 12 34 56 78")) == found
    assert await phones.owners(PhoneRequest(phone="+33612345679")) == []
    assert await phones.owners(PhoneRequest(phone="anonymous")) == []
