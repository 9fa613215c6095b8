"""Proposals as those concerned may see them: the other side is a stranger until both have accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from passerelles.store.port import Collection
from schemas.proposals import WithdrawalReason
from schemas.vocabulary import Party
from services.registry.domain.availability import Availability
from services.registry.domain.caller import Caller
from services.registry.domain.company import Company
from services.registry.domain.need import Need
from services.registry.domain.proposal import Proposal
from services.registry.domain.verdicts import Decided, ProposalStatus
from services.registry.office import Office
from services.registry.sides import AvailabilityView, NeedView, View, availability_view, commune_name, need_view

_METRES: int = 1000


class ContactView(View):
    """Whom to call on the other side."""

    name: str
    role: str
    email: str
    phone: str | None


class CounterpartView(View):
    """The other side, once both have accepted."""

    party: Party
    company_id: UUID
    company_name: str
    siret: str
    commune: str
    commune_name: str
    contacts: tuple[ContactView, ...]


class RefusedView(View):
    """An accept that came to nothing: whose, when, and why, in French."""

    by: Party
    at: datetime
    why: str


class ProposalView(View):
    """A proposal as one caller sees it.

    Attributes:
        party: the caller's side; none for the operator.
        reasons: those of `schemas.proposals`, as JSON; until the agreement distances are rounded to the kilometre for
            companies, as a distance to the metre tells the commune.
        refused: the last accept, taken out again as no agreement could be made; none once its party accepts again.
        counterparts: once agreed: the other side, or both for the operator.
    """

    id: UUID
    need_id: UUID
    availability_id: UUID
    status: ProposalStatus
    withdrawal_reason: WithdrawalReason | None
    score: int
    reasons: tuple[Mapping[str, Any], ...]
    distance_km: float
    overlap_days: int
    revision: int
    version: int
    made_at: datetime
    party: Party | None
    decisions: Mapping[Party, Decided]
    refused: RefusedView | None
    headcount: int | None
    need: NeedView | None
    availability: AvailabilityView | None
    counterparts: tuple[CounterpartView, ...]


class Viewer:
    """Reads what a page of proposals needs, in a few queries."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def views(self, caller: Caller, proposals: Sequence[Proposal]) -> list[ProposalView]:
        """The proposals as this caller sees them; it must be on one side of each, or the operator."""
        needs = await _read(self._office.needs, Need, {each.need_id for each in proposals})
        staff = await _read(self._office.availabilities, Availability, {each.availability_id for each in proposals})
        parties = {id_ for each in proposals for id_ in (each.borrower_id, each.lender_id)}
        companies = await _read(self._office.companies, Company, parties)
        return [
            _view(caller, each, needs.get(each.need_id), staff.get(each.availability_id), companies)
            for each in proposals
        ]


async def _read(collection: Collection, kind: type[Any], ids: set[UUID]) -> dict[UUID, Any]:
    found = await collection.get_many(map(str, ids))
    return {UUID(id_): kind.model_validate(stored.body) for id_, stored in found.items()}


def _view(
    caller: Caller,
    proposal: Proposal,
    need: Need | None,
    availability: Availability | None,
    companies: Mapping[UUID, Company],
) -> ProposalView:
    party = None if caller.company_id is None else proposal.party_of(caller.company_id)
    agreed = proposal.status is ProposalStatus.AGREED
    sees_all = agreed or caller.is_operator
    metres = int(proposal.content.get("distance_metres", 0))
    others = [each for each in Party if each is not party]
    return ProposalView(
        id=proposal.id,
        need_id=proposal.need_id,
        availability_id=proposal.availability_id,
        status=proposal.status,
        withdrawal_reason=proposal.withdrawal_reason,
        score=proposal.score,
        reasons=tuple(_reason(each, exact=sees_all) for each in proposal.content.get("reasons", ())),
        distance_km=(metres if sees_all else _rounded(metres)) / _METRES,
        overlap_days=int(proposal.content.get("overlap_days", 0)),
        revision=proposal.word.revision,
        version=proposal.version,
        made_at=proposal.made_at,
        party=party,
        decisions=proposal.decisions,
        refused=_refused(proposal),
        headcount=proposal.headcount,
        need=need_view(need, companies.get(proposal.borrower_id), known=sees_all or party is Party.BORROWER)
        if need
        else None,
        availability=availability_view(
            availability, companies.get(proposal.lender_id), known=sees_all or party is Party.LENDER
        )
        if availability
        else None,
        counterparts=tuple(
            counterpart(side, companies[proposal.company_of(side)])
            for side in others
            if agreed and proposal.company_of(side) in companies
        ),
    )


def _refused(proposal: Proposal) -> RefusedView | None:
    saga = proposal.refused
    if saga is None or saga.by in proposal.decisions:
        return None
    return RefusedView(by=saga.by, at=saga.since, why=saga.why or "")


def counterpart(party: Party, company: Company) -> CounterpartView:
    """A side that the other may know by name."""
    return CounterpartView(
        party=party,
        company_id=company.id,
        company_name=company.name,
        siret=company.siret,
        commune=company.commune,
        commune_name=commune_name(company.commune),
        contacts=tuple(
            ContactView(name=each.name, role=each.role, email=each.email, phone=each.phone) for each in company.contacts
        ),
    )


def _reason(reason: Mapping[str, Any], *, exact: bool) -> Mapping[str, Any]:
    if exact or reason.get("rule") != "distance":
        return reason
    return {**reason, "metres": _rounded(int(reason["metres"]))}


def _rounded(metres: int) -> int:
    return (metres + _METRES // 2) // _METRES * _METRES
