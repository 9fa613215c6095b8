"""A registry that runs on no bus, with two companies between which one proposal is in each state that it can be in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, Literal
from uuid import UUID, uuid5

from passerelles.bus.address import Bus
from passerelles.settings import Settings
from passerelles.store.address import open_store
from schemas.catalogue import BY_PAYLOAD
from schemas.deliveries import Channel
from schemas.envelope import Event
from schemas.proposals import (
    CapacityReason,
    CertificatesReason,
    DistanceReason,
    Link,
    ModeReason,
    OccupationReason,
    Pair,
    PayReason,
    PeriodReason,
    ProposalMade,
    ProposalWithdrawn,
    SkillsReason,
    WithdrawalReason,
)
from schemas.reachability import ContactUnreachable
from schemas.vocabulary import (
    PROPOSAL_NAMESPACE,
    DeclineReason,
    Mode,
    Party,
    Payload,
    certificate_code,
    event_id,
    proposal_id,
)
from services.registry.domain.availability import Availability
from services.registry.domain.caller import OPERATOR
from services.registry.domain.company import Company
from services.registry.domain.drafts import (
    AvailabilityDraft,
    CancelDraft,
    CompanyDraft,
    ContactDraft,
    CoordinatorDraft,
    DecisionDraft,
    NeedDraft,
)
from services.registry.domain.need import Need
from services.registry.projections import Projections
from services.registry.service import RegistryService

NOW: Final = datetime(2027, 2, 8, 8, 12, tzinfo=UTC)
"""A Monday; the same whenever one looks, so that two looks can be compared."""

State = Literal["open", "ours", "theirs", "agreed", "declined", "cancelled", "withdrawn"]
STATES: Final[tuple[State, ...]] = ("open", "ours", "theirs", "agreed", "declined", "cancelled", "withdrawn")
"""Of a proposal, as its borrower sees it: nobody answered, we accepted, they accepted, and the four ends."""

TITLE: Final = "Conducteur de ligne de conditionnement"
_CERTIFICATE: Final = "CACES R489 catégorie 3"


@dataclass(frozen=True, slots=True)
class Posted:
    """A need, staff available, and the proposal of both."""

    need: Need
    staff: Availability
    proposal_id: UUID
    made: ProposalMade


class Scene:
    """The registry, and who is in it.

    Attributes:
        borrower: has one contact who reads, and asks for text messages.
        lender: has one contact without a mobile.
    """

    borrower: Company
    lender: Company

    def __init__(self, registry: RegistryService) -> None:
        self.registry = registry
        self.now = NOW
        self._projections = Projections(registry.office)
        self._revision = 1 << 40

    async def set(self) -> None:
        """Add the companies."""
        self.registry.office.epoch = 1
        await self.registry.links.load()
        self.borrower, self.lender = [
            await self.registry.companies.add(OPERATOR, draft, id_=_id(draft.name)) for draft in (_BORROWER, _LENDER)
        ]
        for company in (self.borrower, self.lender):
            await self.registry.coordinators.appoint(OPERATOR, company.departement, _COORDINATOR)

    async def post(self, name: str, *, title: str = TITLE, headcount: int = 2) -> Posted:
        """A need and staff that fit each other, as matching would propose them."""
        need = await self.registry.needs.publish(OPERATOR, _need(self.borrower, title, headcount), id_=_id(f"n{name}"))
        staff = await self.registry.availabilities.publish(OPERATOR, _staff(self.lender), id_=_id(f"s{name}"))
        made = self._made(need, staff)
        await self._say(made)
        return Posted(need, staff, made.id, made)

    async def post_in(self, state: State) -> Posted:
        """One that has come to this state."""
        posted = await self.post(state)
        id_, proposals = posted.proposal_id, self.registry.proposals
        if state in {"ours", "agreed", "cancelled"}:
            await proposals.decide(OPERATOR, id_, DecisionDraft(party=Party.BORROWER, verdict="accept"))
        if state in {"theirs", "agreed", "cancelled"}:
            await proposals.decide(OPERATOR, id_, DecisionDraft(party=Party.LENDER, verdict="accept"))
        if state == "declined":
            reason = DeclineReason.DISTANCE
            await proposals.decide(OPERATOR, id_, DecisionDraft(party=Party.LENDER, verdict="decline", reason=reason))
        if state == "cancelled":
            await proposals.cancel(OPERATOR, id_, CancelDraft(party=Party.LENDER, reason=DeclineReason.PERIOD))
        if state == "withdrawn":
            await self._say(self.withdrawn(posted))
        return posted

    def withdrawn(self, posted: Posted) -> ProposalWithdrawn:
        """The word that takes a proposal back."""
        self._revision += 1
        pair = posted.made.model_dump(include=set(Pair.model_fields))
        pair["revision"] = self._revision
        return ProposalWithdrawn(**pair, reason=WithdrawalReason.AVAILABILITY_FILLED)

    async def lose(self, company: Company, *channels: Channel) -> None:
        """What is sent to its contact by these channels does not arrive."""
        contact = company.contacts[0].id
        for channel in channels:
            word = ContactUnreachable(
                version=1, company_id=company.id, contact_id=contact, channel=channel, code="returned",
                sent_at=self.now, at=self.now,
            )  # fmt: skip
            await self._projections.deliveries([self._event(word, contact, 1, source="notifications")])

    async def link(self, posted: Posted, party: Party) -> str:
        """The path of a proposal's page, for the contact of a party."""
        company = self.borrower if party is Party.BORROWER else self.lender
        url = await self.registry.links.url(posted.proposal_id, party, company.contacts[0].id)
        return url.removeprefix(self.registry.settings.public_url)

    async def _say(self, word: ProposalMade | ProposalWithdrawn) -> None:
        event = self._event(word, word.id, word.revision, source="matching", territory=word.territory)
        await self._projections.proposals([event])

    def _event(
        self, word: Payload, about: UUID, version: int, *, source: str, territory: str | None = None
    ) -> Event[Payload]:
        type_ = BY_PAYLOAD[type(word)].name
        return Event(
            id=event_id(str(about), version, type_),
            type=type_,
            schema_version=1,
            source=source,
            subject=str(about),
            time=self.now,
            epoch=1,
            key=str(about),
            territory=territory,
            data=word,
        )

    def _made(self, need: Need, staff: Availability) -> ProposalMade:
        self._revision += 1
        return ProposalMade(
            id=proposal_id(need.id, staff.id),
            need_id=need.id,
            availability_id=staff.id,
            borrower_id=need.company_id,
            lender_id=staff.company_id,
            territory="46",
            revision=self._revision,
            rules_version=1,
            need_version=need.version,
            availability_version=staff.version,
            score=84,
            reasons=(
                OccupationReason(points=28, link=Link.CLOSE, person=staff.occupation, need=need.occupation),
                SkillsReason(points=20, held=(), missing=()),
                DistanceReason(points=13, metres=14_280, limit_metres=40_000),
                PeriodReason(points=14, shared_days=85, need_days=92, first_day=date(2027, 3, 8)),
                PayReason(points=4, current=2350, maximum=2250),
                ModeReason(mode=Mode.LOAN),
                CertificatesReason(required=(certificate_code(_CERTIFICATE),)),
                CapacityReason(need_left=need.headcount, availability_left=staff.headcount),
            ),
            distance_metres=14_280,
            overlap_days=85,
            content="0" * 64,
        )


@asynccontextmanager
async def scene(folder: Path, public_url: str) -> AsyncIterator[Scene]:
    """A scene in a folder of its own, whose links begin with this address."""
    store = open_store(f"sqlite:///{folder / 'scene.sqlite'}")
    settings = Settings(public_url=public_url, operator_token=None, data=folder)
    made: list[Scene] = []

    def clock() -> datetime:
        return made[0].now if made else NOW

    registry = RegistryService(settings, Bus("127.0.0.1:9", embedded=True), store, clock=clock)
    made.append(Scene(registry))
    await store.open()
    try:
        await made[0].set()
        yield made[0]
    finally:
        await store.close()


def later(days: int) -> datetime:
    """So many days after the scene."""
    return NOW + timedelta(days=days)


def _id(name: str) -> UUID:
    return uuid5(PROPOSAL_NAMESPACE, f"scene:{name}")


_BORROWER: Final = CompanyDraft(
    siret="73282932000074",
    name="Conserverie des Causses",
    branch="agroalimentaire",
    commune="46102",
    status="joined",
    contacts=[
        ContactDraft(
            name="Claire Delmas",
            role="Responsable des ressources humaines",
            email="claire.delmas@conserverie-des-causses.example.org",
            phone="06 39 98 12 34",
            sms=True,
        )
    ],
)
_COORDINATOR: Final = CoordinatorDraft(name="Sophie Lacaze", email="sophie.lacaze@coordination.example.org")
_LENDER: Final = CompanyDraft(
    siret="44306184100047",
    name="Aéro Mécanique du Célé",
    branch="aeronautique",
    commune="12052",
    status="joined",
    contacts=[
        ContactDraft(
            name="Marc Vidal",
            role="Directeur d’usine",
            email="marc.vidal@aero-cele.example.org",
            phone="05 65 34 06 25",
        )
    ],
)


def _need(company: Company, title: str, headcount: int) -> NeedDraft:
    return NeedDraft(
        company_id=company.id,
        occupation="H2102",
        title=title,
        mode=Mode.LOAN,
        headcount=headcount,
        start=date(2027, 3, 1),
        end=date(2027, 5, 31),
        certificates=[_CERTIFICATE],
        monthly_gross_max=2250,
    )


def _staff(company: Company) -> AvailabilityDraft:
    return AvailabilityDraft(
        company_id=company.id,
        occupation="H2906",
        modes=[Mode.LOAN, Mode.HIRE],
        headcount=6,
        start=date(2027, 3, 8),
        end=date(2027, 12, 31),
        mobility_km=40,
        certificates=[_CERTIFICATE],
        monthly_gross=2350,
        volunteers=True,
    )
