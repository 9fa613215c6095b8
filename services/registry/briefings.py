"""What notifications has to know to write a message, read at the moment it is sent: names never travel on the bus."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from passerelles.errors import NotFoundError
from passerelles.reference.occupations import occupation
from schemas.deliveries import Channel
from schemas.preferences import Preferences
from schemas.vocabulary import Mode, Party, certificate_code
from services.registry.domain.availability import Availability
from services.registry.domain.company import Company
from services.registry.domain.need import Need
from services.registry.domain.proposal import Proposal
from services.registry.domain.verdicts import ProposalStatus
from services.registry.links import Links
from services.registry.office import Office
from services.registry.sides import commune_name


class UnknownCompanyError(NotFoundError):
    """No such company: whoever asks can tell it from an address that is wrong."""

    slug, title = "entreprise-inconnue", "Entreprise inconnue"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class BriefingItem(_Model):
    """One proposal that a message will speak of."""

    proposal_id: UUID
    need_id: UUID
    availability_id: UUID


class BriefingRequest(_Model):
    """A message is about to be written to a company, on one side of some proposals."""

    company_id: UUID
    party: Party
    items: Annotated[list[BriefingItem], Field(max_length=1000)]


class CompanyBrief(_Model):
    """The company that is told."""

    id: UUID
    name: str


class RecipientBrief(_Model):
    """A contact that is told; `phone` is E.164. It chooses what to be told, and ends it, by its own two addresses."""

    id: UUID
    name: str
    email: str
    phone: str | None
    sms: bool
    preferences: Preferences
    preferences_url: str
    unsubscribe_url: str
    unreachable: dict[Channel, str]


class NeedBrief(_Model):
    """A need; its title and commune only for its own company, or once agreed."""

    id: UUID
    title: str | None
    occupation: str
    occupation_label: str
    mode: Mode
    headcount: int
    start: date
    end: date | None
    commune: str | None


class AvailabilityBrief(_Model):
    """Staff available."""

    id: UUID
    occupation: str
    occupation_label: str
    headcount: int
    start: date
    end: date | None
    mobility_km: int


class CoordinatorBrief(_Model):
    """The coordinator of the company's département."""

    id: UUID
    departement: str
    name: str
    email: str


class PersonBrief(_Model):
    """Whom to call on the other side."""

    name: str
    role: str
    email: str
    phone: str | None


class CounterpartBrief(_Model):
    """The other side, once agreed."""

    company_name: str
    siret: str
    commune: str
    contacts: list[PersonBrief]


class ItemBrief(_Model):
    """What may be told of one proposal, and the link of each contact to its page.

    `status` is none while the registry has not heard of the proposal; no link works then.
    """

    proposal_id: UUID
    status: ProposalStatus | None
    need: NeedBrief
    availability: AvailabilityBrief
    counterpart: CounterpartBrief | None
    links: dict[UUID, str]


class Briefing(_Model):
    """The answer.

    Attributes:
        certificates: the text behind the codes that reasons carry, from the company's own words.
        coordinator: none where the département has none.
    """

    company: CompanyBrief
    contacts: list[RecipientBrief]
    certificates: dict[str, str]
    items: list[ItemBrief]
    coordinator: CoordinatorBrief | None


class Briefings:
    """Reads briefings; only notifications asks."""

    def __init__(self, office: Office, links: Links) -> None:
        self._office = office
        self._links = links

    async def brief(self, request: BriefingRequest) -> Briefing:
        """What may be told to a company, now. Items whose need or availability is unknown are left out.

        Raises:
            UnknownCompanyError: no such company.
        """
        home, needs, staff, pairs = await asyncio.gather(
            self._office.companies.get(str(request.company_id)),
            self._office.needs.get_many({str(item.need_id) for item in request.items}),
            self._office.availabilities.get_many({str(item.availability_id) for item in request.items}),
            self._office.proposals.get_many({str(item.proposal_id) for item in request.items}),
        )
        if home is None:
            raise UnknownCompanyError("Cette entreprise n'est pas connue.", field="company_id")
        company = Company.model_validate(home.body)
        coordinator = await self._office.coordinators.get(company.departement)
        # Pairs of one need, or of the same staff, are told together.
        wanted = {id_: Need.model_validate(each.body) for id_, each in needs.items()}
        offered = {id_: Availability.model_validate(each.body) for id_, each in staff.items()}
        certificates: dict[str, str] = {}
        items: list[ItemBrief] = []
        for item in request.items:
            need, availability = wanted.get(str(item.need_id)), offered.get(str(item.availability_id))
            if need is None or availability is None:
                continue
            own = need if request.party is Party.BORROWER else availability
            if own.company_id != company.id:
                continue
            certificates |= {certificate_code(text): text for text in own.certificates}
            stored = pairs.get(str(item.proposal_id))
            items.append(
                await self._item(
                    company,
                    request.party,
                    pair=item.proposal_id,
                    proposal=Proposal.model_validate(stored.body) if stored else None,
                    need=need,
                    staff=availability,
                )
            )
        return Briefing(
            company=CompanyBrief(id=company.id, name=company.name),
            contacts=[
                RecipientBrief(
                    id=each.id,
                    name=each.name,
                    email=each.email,
                    phone=each.phone,
                    sms=each.sms,
                    preferences=each.preferences,
                    preferences_url=await self._links.preferences_url(company.id, each.id),
                    unsubscribe_url=await self._links.unsubscribe_url(company.id, each.id),
                    unreachable=dict(each.unreachable),
                )
                for each in company.contacts
            ],
            certificates=certificates,
            items=items,
            coordinator=CoordinatorBrief.model_validate(coordinator.body) if coordinator else None,
        )

    async def several(self, requests: Sequence[BriefingRequest]) -> list[Briefing | None]:
        """What may be told to each of these companies; none where there is no such company."""

        async def one(request: BriefingRequest) -> Briefing | None:
            try:
                return await self.brief(request)
            except UnknownCompanyError:
                return None

        return list(await asyncio.gather(*(one(request) for request in requests)))

    async def _item(
        self, company: Company, party: Party, *, pair: UUID, proposal: Proposal | None, need: Need, staff: Availability
    ) -> ItemBrief:
        agreed = proposal is not None and proposal.status is ProposalStatus.AGREED
        return ItemBrief(
            proposal_id=pair,
            status=proposal.status if proposal else None,
            need=_need_brief(need, known=agreed or party is Party.BORROWER),
            availability=AvailabilityBrief(
                id=staff.id,
                occupation=staff.occupation,
                occupation_label=occupation(staff.occupation).label,
                headcount=staff.headcount,
                start=staff.start,
                end=staff.end,
                mobility_km=staff.mobility_km,
            ),
            counterpart=await self._counterpart(proposal, party) if proposal is not None and agreed else None,
            links={each.id: await self._links.url(pair, party, each.id) for each in company.contacts},
        )

    async def _counterpart(self, proposal: Proposal, party: Party) -> CounterpartBrief | None:
        other = proposal.company_of(Party.LENDER if party is Party.BORROWER else Party.BORROWER)
        stored = await self._office.companies.get(str(other))
        return _counterpart_brief(stored.body) if stored else None


def _need_brief(need: Need, *, known: bool) -> NeedBrief:
    return NeedBrief(
        id=need.id,
        title=need.title if known else None,
        occupation=need.occupation,
        occupation_label=occupation(need.occupation).label,
        mode=need.mode,
        headcount=need.headcount,
        start=need.start,
        end=need.end,
        commune=commune_name(need.commune) if known else None,
    )


def _counterpart_brief(body: Mapping[str, object]) -> CounterpartBrief:
    company = Company.model_validate(body)
    return CounterpartBrief(
        company_name=company.name,
        siret=company.siret,
        commune=commune_name(company.commune),
        contacts=[
            PersonBrief(name=each.name, role=each.role, email=each.email, phone=each.phone) for each in company.contacts
        ],
    )
