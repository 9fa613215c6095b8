"""Who has a telephone number: asked once in a while, when somebody answers STOP to a text message."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from passerelles.reference.telephones import telephone
from passerelles.store.port import Order
from services.registry.domain.company import Company
from services.registry.office import Office

_PAGE: Final = 500


class PhoneRequest(BaseModel):
    """A number, as an operator writes it."""

    model_config = ConfigDict(frozen=True)

    phone: Annotated[str, Field(max_length=30)]


class Owner(BaseModel):
    """A contact, by its identifiers."""

    model_config = ConfigDict(frozen=True)

    company_id: UUID
    contact_id: UUID


class Phones:
    """Looks through all companies, of which there are thousands: a STOP is rare, and no index of numbers is kept."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def owners(self, request: PhoneRequest) -> list[Owner]:
        """The contacts who have this number and ask for text messages; none for what is no number."""
        wanted = telephone(request.phone)
        if wanted is None:
            return []
        found: list[Owner] = []
        last: tuple[str, str] | None = None
        while page := await self._office.companies.find(order=Order("created_at"), after=last, limit=_PAGE):
            for company in (Company.model_validate(stored.body) for stored in page):
                found += [
                    Owner(company_id=company.id, contact_id=each.id)
                    for each in company.contacts
                    if each.sms and each.phone == wanted.written
                ]
            last = (page[-1].body["created_at"], page[-1].id)
        return found
