"""A registry without a bus: a store, a log in a list, a clock that is set, and a few companies to play with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

from passerelles.bus.producer import Publisher
from passerelles.errors import UnavailableError
from passerelles.outbox import Relay
from passerelles.store.port import Store
from schemas.catalogue import BY_PAYLOAD
from schemas.envelope import Event
from schemas.proposals import ProposalMade, ProposalWithdrawn, WithdrawalReason
from schemas.vocabulary import Payload, event_id, proposal_id
from services.registry.commands.companies import Companies
from services.registry.commands.decisions import Proposals
from services.registry.commands.postings import Availabilities, Needs
from services.registry.domain.availability import Availability
from services.registry.domain.caller import OPERATOR
from services.registry.domain.company import Company
from services.registry.domain.drafts import (
    AvailabilityDraft,
    CancelDraft,
    CompanyDraft,
    ContactDraft,
    DecisionDraft,
    NeedDraft,
)
from services.registry.domain.need import Need
from services.registry.domain.posting import Posting
from services.registry.domain.proposal import Proposal
from services.registry.office import Office
from services.registry.projections import Projections
from services.registry.sweeper import Sweeper
from services.registry.views import ProposalView

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FIGEAC, CAHORS, RODEZ = "46102", "46042", "12202"


def siret(number: int) -> str:
    """A SIRET whose key is right; another legal entity for another number."""
    body = f"{number:09d}0001"
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


class Log:
    """A bus that keeps events; it can be told to be away, or to die at its next publication."""

    def __init__(self) -> None:
        self.events: list[Event[Payload]] = []
        self.away = False

    async def publish(self, events: Sequence[Event[Payload]]) -> None:
        if self.away:
            raise UnavailableError("Le bus ne répond pas.")
        await asyncio.sleep(0)
        self.events += events

    def of(self, type_: str) -> list[Event[Payload]]:
        return [event for event in self.events if event.type == type_]

    def told(self, type_: str) -> list[Any]:
        """The payloads of a type, each once: a crash may publish the same event twice."""
        return list({event.id: event.data for event in self.of(type_)}.values())


class World:
    """A registry in its office, with short ways to everything."""

    def __init__(self, store: Store, log: Log | None = None, now: datetime = START) -> None:
        self.time = now
        self.log = log or Log()
        self.store = store
        self.office = Office(store, clock=lambda: self.time)
        self.office.epoch = 1
        self.companies = Companies(self.office)
        self.needs = Needs(self.office)
        self.availabilities = Availabilities(self.office)
        self.proposals = Proposals(self.office)
        self.projections = Projections(self.office)
        self.sweeper = Sweeper(self.office)
        publisher = cast("Publisher", self.log)
        self.relay = Relay(publisher, source="registry", epoch=lambda: self.office.epoch)
        for collection in (
            self.office.companies,
            self.office.needs,
            self.office.availabilities,
            self.office.proposals,
        ):
            self.relay.watch(collection)
        self._revision = 1 << 40

    async def resume(self) -> None:
        """What a start does about what is half done, then publish all that is owed."""
        await self.sweeper.sweep(patience=timedelta(0), at_start=True)
        await self.relay.drain()

    async def company(self, number: int = 732829320, *, commune: str = FIGEAC, status: str = "joined") -> Company:
        return await self.companies.add(OPERATOR, company_draft(number, commune=commune, status=status), id_=uuid4())

    async def need(self, company: Company, **fields: Any) -> Need:
        return await self.needs.publish(OPERATOR, need_draft(company.id, **fields), id_=uuid4())

    async def staff(self, company: Company, **fields: Any) -> Availability:
        return await self.availabilities.publish(OPERATOR, staff_draft(company.id, **fields), id_=uuid4())

    async def pair(self, need: Need, staff: Availability, **fields: Any) -> UUID:
        """Matching proposes the pair."""
        self._revision += 1
        await self.projections.proposals([said(made(need, staff, revision=self._revision, **fields), self.time)])
        return proposal_id(need.id, staff.id)

    async def withdraw_pair(self, need: Need, staff: Availability, reason: WithdrawalReason) -> None:
        """Matching withdraws the pair."""
        self._revision += 1
        word = withdrawn(need, staff, reason, revision=self._revision)
        await self.projections.proposals([said(word, self.time)])

    async def scene(self, *, asked: int = 2, offered: int = 3) -> tuple[Need, Availability, UUID]:
        """A borrower and a lender, with one pair that matching proposes."""
        borrower, lender = await self.company(732829320), await self.company(443061841, commune=CAHORS)
        need, staff = await self.need(borrower, headcount=asked), await self.staff(lender, headcount=offered)
        return need, staff, await self.pair(need, staff)

    async def accept(self, id_: UUID, party: str) -> ProposalView:
        return await self.proposals.decide(OPERATOR, id_, decision(party, "accept"))

    async def decline(self, id_: UUID, party: str, reason: str | None = None) -> ProposalView:
        return await self.proposals.decide(OPERATOR, id_, decision(party, "decline", reason))

    async def cancel(self, id_: UUID, party: str) -> ProposalView:
        draft = CancelDraft.model_validate({"party": party, "reason": "other"})
        return await self.proposals.cancel(OPERATOR, id_, draft)

    async def proposal(self, id_: UUID) -> Proposal:
        stored = await self.office.proposals.get(str(id_))
        assert stored is not None
        return Proposal.model_validate(stored.body)

    async def again(self, posting: Posting) -> Need | Availability:
        """A posting as it stands now."""
        if isinstance(posting, Need):
            return await self.needs.get(OPERATOR, posting.id)
        return await self.availabilities.get(OPERATOR, posting.id)


def company_draft(number: int = 732829320, **fields: Any) -> CompanyDraft:
    contact = ContactDraft(name="Claire Delmas", role="RH", email=f"rh@entreprise{number}.fr", phone="06 12 34 56 78")
    base = {"name": f"Entreprise {number}", "branch": "agroalimentaire", "commune": FIGEAC, "contacts": [contact]}
    return CompanyDraft.model_validate({"siret": siret(number), **base, **fields})


def need_draft(company_id: UUID, **fields: Any) -> NeedDraft:
    base = {"occupation": "H2102", "title": "Conduite de ligne", "mode": "loan", "headcount": 2}
    period = {"start": date(2026, 12, 1), "end": date(2027, 2, 28)}
    return NeedDraft.model_validate({"company_id": company_id, **base, **period, **fields})


def staff_draft(company_id: UUID, **fields: Any) -> AvailabilityDraft:
    base = {"occupation": "H2903", "modes": ["loan"], "headcount": 3, "mobility_km": 60, "volunteers": True}
    period = {"start": date(2026, 12, 1), "end": date(2027, 3, 31)}
    return AvailabilityDraft.model_validate({"company_id": company_id, **base, **period, **fields})


def decision(party: str, verdict: str, reason: str | None = None) -> DecisionDraft:
    return DecisionDraft.model_validate({"party": party, "verdict": verdict, "reason": reason})


def made(need: Need, staff: Availability, *, revision: int, **fields: Any) -> ProposalMade:
    """A word of matching; its figures are made up."""
    reasons = [
        {"rule": "occupation", "points": 28, "link": "proche", "person": staff.occupation, "need": need.occupation},
        {"rule": "distance", "points": 5, "metres": 52_345, "limit_metres": 60_000},
    ]
    word = {
        **_pair(need, staff, revision),
        "need_version": need.version,
        "availability_version": staff.version,
        "score": 73,
        "reasons": reasons,
        "distance_metres": 52_345,
        "overlap_days": 90,
        "content": "0" * 64,
        **fields,
    }
    return ProposalMade.model_validate(word, strict=False)


def withdrawn(need: Need, staff: Availability, reason: WithdrawalReason, *, revision: int) -> ProposalWithdrawn:
    return ProposalWithdrawn.model_validate({**_pair(need, staff, revision), "reason": reason}, strict=False)


def _pair(need: Need, staff: Availability, revision: int) -> dict[str, Any]:
    return {
        "id": proposal_id(need.id, staff.id),
        "need_id": need.id,
        "availability_id": staff.id,
        "borrower_id": need.company_id,
        "lender_id": staff.company_id,
        "territory": need.territories[0],
        "revision": revision,
        "rules_version": 1,
    }


def said(word: ProposalMade | ProposalWithdrawn, time: datetime, epoch: int = 1) -> Event[Payload]:
    type_ = BY_PAYLOAD[type(word)]
    return Event(
        id=event_id(str(word.id), word.revision, type_.name),
        type=type_.name,
        schema_version=1,
        source="matching",
        subject=str(word.id),
        time=time,
        epoch=epoch,
        key=str(word.id),
        territory=word.territory,
        data=word,
    )
