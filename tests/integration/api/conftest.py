"""A registry without its consumers: its commands on a store, behind its real HTTP app."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import SecretStr

from passerelles.bus.address import Bus
from passerelles.health import Health
from passerelles.settings import Settings
from passerelles.store.address import open_store
from schemas.envelope import Event
from schemas.proposals import (
    CapacityReason,
    CertificatesReason,
    DistanceReason,
    Link,
    ModeReason,
    OccupationReason,
    PayReason,
    PeriodReason,
    ProposalMade,
    ProposalWithdrawn,
    SkillsReason,
    WithdrawalReason,
)
from schemas.vocabulary import Mode, proposal_id
from services.registry.api.app import create_app
from services.registry.briefings import Briefings
from services.registry.commands.alerts import Alerts
from services.registry.commands.choices import Choices
from services.registry.commands.companies import Companies
from services.registry.commands.coordinators import Coordinators
from services.registry.commands.decisions import Proposals
from services.registry.commands.deliveries import Deliveries
from services.registry.commands.postings import Availabilities, Needs
from services.registry.commands.readings import Readings
from services.registry.links import Links
from services.registry.office import Office
from services.registry.projections import Projections

OPERATOR = "jeton-operateur-de-test"
SERVICE = "jeton-des-services-de-test"
FIGEAC, CAPDENAC, RODEZ = "46102", "12052", "12202"
TODAY = date(2026, 11, 23)


@dataclass
class Clock:
    """A clock that tests move."""

    now: datetime = datetime(2026, 11, 23, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


class Rig:
    """What `create_app` asks for, wired by hand."""

    def __init__(self, url: str, clock: Clock, bus: Bus) -> None:
        self.clock = clock
        self.store = open_store(url)
        self.bus = bus
        self.health = Health()
        self.settings = Settings(operator_token=SecretStr(OPERATOR), service_token=SecretStr(SERVICE))
        self.office = Office(self.store, clock=clock)
        self.office.epoch = 1
        self.companies = Companies(self.office)
        self.coordinators = Coordinators(self.office)
        self.choices = Choices(self.office)
        self.needs = Needs(self.office)
        self.availabilities = Availabilities(self.office)
        self.proposals = Proposals(self.office)
        self.readings = Readings(self.office)
        self.deliveries = Deliveries(self.office)
        self.alerts = Alerts(self.office)
        self.links = Links(self.office, "http://test")
        self.briefings = Briefings(self.office, self.links)
        self.app = create_app(self)

    async def everything(self) -> dict[str, Any]:
        """All that the store holds, what is owed to the bus included; answers kept for their key are set aside."""
        return {
            name: {each.id: (each.revision, each.body) for each in await self.store.collection(name).find()}
            for name in ("companies", "needs", "availabilities", "proposals", "tokens")
        }

    async def propose(self, need: UUID, availability: UUID) -> UUID:
        """As if matching had proposed this pair."""
        needs, staff = await self.office.needs.get(str(need)), await self.office.availabilities.get(str(availability))
        assert needs is not None
        assert staff is not None
        id_ = proposal_id(need, availability)
        made = ProposalMade(
            id=id_,
            need_id=need,
            availability_id=availability,
            borrower_id=UUID(needs.body["company_id"]),
            lender_id=UUID(staff.body["company_id"]),
            territory="46",
            revision=(1 << 40) + 7,
            rules_version=1,
            need_version=1,
            availability_version=1,
            score=73,
            reasons=(
                OccupationReason(points=28, link=Link.CLOSE, person="H2906", need="H2102"),
                SkillsReason(points=20, held=(), missing=()),
                DistanceReason(points=11, metres=17_420, limit_metres=40_000),
                PeriodReason(points=12, shared_days=72, need_days=90, first_day=date(2026, 12, 7)),
                PayReason(points=2, current=2450, maximum=2250),
                ModeReason(mode=Mode.LOAN),
                CertificatesReason(required=()),
                CapacityReason(need_left=2, availability_left=3),
            ),
            distance_metres=17_420,
            overlap_days=72,
            content="0" * 64,
        )
        await self._hear("proposal.made", made)
        return id_

    async def withdraw(self, id_: UUID, reason: WithdrawalReason) -> None:
        """As if matching had withdrawn this pair."""
        stored = await self.office.proposals.get(str(id_))
        assert stored is not None
        sides = {name: UUID(stored.body[name]) for name in ("need_id", "availability_id", "borrower_id", "lender_id")}
        said = {"territory": "46", "revision": (1 << 40) + 9, "rules_version": 1}
        await self._hear("proposal.withdrawn", ProposalWithdrawn(id=id_, reason=reason, **sides, **said))

    async def _hear(self, type_: str, data: ProposalMade | ProposalWithdrawn) -> None:
        event = Event(
            id=uuid4(),
            type=type_,
            schema_version=1,
            source="matching",
            subject=str(data.id),
            time=self.clock(),
            epoch=1,
            key=str(data.id),
            data=data,
            territory="46",
        )
        await Projections(self.office).proposals([event])


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def rig(tmp_path: Path, clock: Clock) -> AsyncIterator[Rig]:
    rig = Rig(f"sqlite:///{tmp_path / 'store.sqlite'}", clock, Bus("127.0.0.1:9"))
    await rig.store.open()
    yield rig
    await rig.app.state.stream.stop()
    await rig.store.close()


Client = Callable[[str | None], httpx.AsyncClient]


@pytest.fixture
async def http(rig: Rig) -> AsyncIterator[Client]:
    """Makes clients by token."""
    clients: list[httpx.AsyncClient] = []

    def client(token: str | None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        made = httpx.AsyncClient(transport=httpx.ASGITransport(rig.app), base_url="http://test", headers=headers)
        clients.append(made)
        return made

    yield client
    for made in clients:
        await made.aclose()


@pytest.fixture
def operator(http: Client) -> httpx.AsyncClient:
    return http(OPERATOR)


def siret(number: int) -> str:
    """A made-up SIRET with its Luhn key."""
    stem = f"{number:08d}"
    siren = stem + _key(stem)
    return siren + "0001" + _key(siren + "0001")


def _key(digits: str) -> str:
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def company(number: int = 81234567, **fields: Any) -> dict[str, Any]:
    """The body of a company."""
    return {
        "siret": siret(number),
        "name": f"Entreprise {number}",
        "branch": "agroalimentaire",
        "commune": FIGEAC,
        "status": "joined",
        "contacts": [
            {
                "name": "Camille Roux",
                "role": "RRH",
                "email": f"rh{number}@exemple.fr",
                "phone": "06 12 34 56 78",
                "sms": True,
            }
        ],
    } | fields


def need(company_id: str, **fields: Any) -> dict[str, Any]:
    """The body of a need."""
    return {
        "company_id": company_id,
        "occupation": "H2102",
        "title": "Conducteur de ligne",
        "mode": "loan",
        "headcount": 2,
        "start": "2026-12-01",
        "end": "2027-02-28",
        "monthly_gross_max": 2250,
    } | fields


def availability(company_id: str, **fields: Any) -> dict[str, Any]:
    """The body of staff available."""
    return {
        "company_id": company_id,
        "occupation": "H2906",
        "modes": ["loan", "hire"],
        "headcount": 3,
        "start": "2026-12-07",
        "end": "2027-03-31",
        "mobility_km": 40,
        "monthly_gross": 2450,
        "volunteers": True,
    } | fields


@dataclass
class Member:
    """A company that has joined, and its own client."""

    id: str
    token: str
    client: httpx.AsyncClient


Join = Callable[..., Any]


@pytest.fixture
def join(operator: httpx.AsyncClient, http: Client) -> Join:
    """Adds a company that has joined."""

    async def joined(number: int = 81234567, **fields: Any) -> Member:
        added = await operator.post("/v1/companies", json=company(number, **fields))
        assert added.status_code == 201, added.text
        id_ = added.json()["id"]
        token = (await operator.post(f"/v1/companies/{id_}/tokens")).json()["token"]
        return Member(id_, token, http(token))

    return joined


@dataclass
class Pair:
    """Two companies and what is proposed to them."""

    borrower: Member
    lender: Member
    need: str
    availability: str
    proposal: str


@pytest.fixture
async def pair(rig: Rig, join: Join) -> Pair:
    """A need, staff available, and the proposal of both."""
    borrower, lender = await join(81234567), await join(92345678, name="Aéro du Causse", commune=CAPDENAC)
    needed = (await borrower.client.post("/v1/needs", json=need(borrower.id))).json()
    staff = (await lender.client.post("/v1/availabilities", json=availability(lender.id))).json()
    id_ = await rig.propose(UUID(needed["id"]), UUID(staff["id"]))
    return Pair(borrower, lender, needed["id"], staff["id"], str(id_))
