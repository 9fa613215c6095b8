"""What a contact chose to be told is kept, whoever changes the rest of the company, and goes with the contact."""

from __future__ import annotations

from typing import Any

import pytest

from passerelles.errors import InvalidInputError
from schemas.deliveries import Channel, MessageKind
from schemas.preferences import NEVER_BY, SENT_ANYWAY, DigestTime, Every, Pace, Preferences
from schemas.vocabulary import Party
from services.registry.briefings import BriefingRequest, Briefings
from services.registry.domain.caller import OPERATOR
from services.registry.domain.choices import has_ended_alerts, with_alerts, without_alerts
from services.registry.domain.company import Company
from services.registry.domain.drafts import ContactDraft
from services.registry.links import Links
from services.registry.web.preferences_page import QUESTIONS
from tests.unit.registry.world import World, company_draft

WEEKLY = Preferences(
    email={MessageKind.PROPOSED: Pace.DIGEST, MessageKind.AGREED: Pace.DIGEST},
    digest=DigestTime(every=Every.WEEK, weekday=4, hour=17),
)


def contact_draft(**fields: Any) -> ContactDraft:
    base = {"name": "Claire Delmas", "email": "rh@entreprise732829320.fr", "phone": "06 12 34 56 78"}
    return ContactDraft.model_validate(base | fields)


async def test_choices_are_the_defaults_until_made_and_outlive_a_change_of_the_company(world: World) -> None:
    company = await world.company()
    assert company.contacts[0].preferences == Preferences()
    chosen = contact_draft(preferences=WEEKLY.model_dump())
    company = await world.companies.change(OPERATOR, company.id, company_draft(contacts=[chosen]), None)
    assert company.contacts[0].preferences == WEEKLY
    renamed = company_draft(name="Nouveau nom", contacts=[contact_draft(name="Claire D.")])
    company = await world.companies.change(OPERATOR, company.id, renamed, None)
    assert (company.contacts[0].name, company.contacts[0].preferences) == ("Claire D.", WEEKLY)
    reset = company_draft(name="Nouveau nom", contacts=[contact_draft(name="Claire D.", preferences={})])
    assert (await world.companies.change(OPERATOR, company.id, reset, None)).contacts[0].preferences == Preferences()


async def test_a_contact_written_before_there_were_choices_has_the_defaults(world: World) -> None:
    company = await world.company()
    body = company.model_dump(mode="json")
    del body["contacts"][0]["preferences"]
    assert Company.model_validate(body) == company


async def test_a_briefing_says_what_its_contacts_chose(world: World) -> None:
    contact = contact_draft(preferences=WEEKLY.model_dump())
    company = await world.companies.change(
        OPERATOR, (await world.company()).id, company_draft(contacts=[contact]), None
    )
    briefings = Briefings(world.office, Links(world.office, "http://test"))
    told = await briefings.brief(BriefingRequest(company_id=company.id, party=Party.LENDER, items=[]))
    said = told.model_dump(mode="json")["contacts"][0]["preferences"]
    assert Preferences.model_validate(said) == WEEKLY


async def test_text_messages_are_chosen_with_a_mobile_only(world: World) -> None:
    company = await world.company()
    contact = company.contacts[0]
    chosen = company.choosing(contact.id, Preferences(), sms=True, now=world.time)
    assert (chosen.version, chosen.contacts[0].sms) == (2, True)
    assert chosen.choosing(contact.id, Preferences(), sms=True, now=world.time) is chosen
    for phone in (None, "+33565340625"):
        landline = company.model_copy(update={"contacts": (contact.model_copy(update={"phone": phone}),)})
        with pytest.raises(InvalidInputError):
            landline.choosing(contact.id, Preferences(), sms=True, now=world.time)


def test_ending_alerts_leaves_agreements_and_can_be_taken_back() -> None:
    ended = without_alerts(WEEKLY)
    assert has_ended_alerts(ended)
    assert not has_ended_alerts(WEEKLY)
    told = {
        kind
        for kind in MessageKind
        if kind is not MessageKind.ESCALATED and ended.pace(kind, Channel.EMAIL) is not Pace.NEVER
    }
    assert told == SENT_ANYWAY == {MessageKind.AGREED, MessageKind.CANCELLED}
    assert ended.pace(MessageKind.AGREED, Channel.EMAIL) is Pace.DIGEST
    assert without_alerts(ended) == ended
    again = with_alerts(ended)
    assert not has_ended_alerts(again)
    assert (again.pace(MessageKind.PROPOSED, Channel.EMAIL), again.digest) == (Pace.AT_ONCE, WEEKLY.digest)


def test_every_kind_of_news_is_asked_about_once_by_each_channel() -> None:
    """But what is told to a coordinator, and what a channel never brings."""
    for channel, asked in (
        (Channel.EMAIL, [each.email for each in QUESTIONS]),
        (Channel.SMS, [each.sms for each in QUESTIONS]),
    ):
        assert sorted(asked) == sorted(set(MessageKind) - {MessageKind.ESCALATED} - NEVER_BY[channel])
