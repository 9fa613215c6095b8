"""What a contact decides about its own messages, by a personal link: it needs no account, and no company's consent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from schemas.preferences import Preferences
from services.registry.documents import edited, saved
from services.registry.domain.choices import with_alerts, without_alerts
from services.registry.domain.company import Company
from services.registry.domain.contact import Contact
from services.registry.office import Office


@dataclass(frozen=True, slots=True)
class Choice:
    """What a contact wants: its preferences, and whether it asks for text messages at all."""

    preferences: Preferences
    sms: bool


class Choices:
    """What contacts may choose; also those of a company that has left, which may still have messages under way."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def choose(self, company_id: UUID, contact_id: UUID, choice: Choice) -> Contact:
        """Keep what a contact chose; the same again changes nothing.

        Raises:
            NotFoundError: the contact was erased.
            InvalidInputError: text messages without a mobile.
        """
        return await self._edit(company_id, contact_id, lambda _: choice)

    async def end_alerts(self, company_id: UUID, contact_id: UUID) -> Contact:
        """No alert by email any more, but what carries out an agreement.

        Raises:
            NotFoundError: the contact was erased.
        """
        return await self._edit(
            company_id, contact_id, lambda contact: Choice(without_alerts(contact.preferences), contact.sms)
        )

    async def take_up_alerts(self, company_id: UUID, contact_id: UUID) -> Contact:
        """Alerts by email again, at their default pace.

        Raises:
            NotFoundError: the contact was erased.
        """
        return await self._edit(
            company_id, contact_id, lambda contact: Choice(with_alerts(contact.preferences), contact.sms)
        )

    async def _edit(self, company_id: UUID, contact_id: UUID, decide: Callable[[Contact], Choice]) -> Contact:
        self._office.must_be_open()
        now = self._office.now()

        def chosen(company: Company) -> Company:
            contact = company.the_contact(contact_id)
            choice = decide(contact)
            return company.choosing(contact_id, choice.preferences, sms=choice.sms, now=now)

        company = await edited(self._office.companies, company_id, Company, chosen, saved)
        self._office.announce(company)
        return company.the_contact(contact_id)
