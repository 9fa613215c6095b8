"""Pairs, events and briefings that the tests of notifications are made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid5

from schemas.decisions import Outcome
from schemas.deliveries import MessageKind
from schemas.envelope import Event
from schemas.preferences import Pace, Preferences
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
from schemas.vocabulary import Mode, Party, event_id, proposal_id
from services.notifications.contacts import Briefing

T = TypeVar("T", bound=Outcome)

SPACE = UUID("00000000-0000-5000-8000-000000000001")
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CACES = "0123456789abcdef"


EAGER = Preferences(
    email=dict.fromkeys(MessageKind, Pace.AT_ONCE),
    sms=dict.fromkeys(MessageKind, Pace.AT_ONCE),
)
"""Wants everything at once."""


def some_id(name: str) -> UUID:
    return uuid5(SPACE, name)


BORROWER, LENDER, NEED = some_id("borrower"), some_id("lender"), some_id("need")


def ids(availability: str = "a1", need: str = "need") -> dict[str, UUID]:
    need_id, availability_id = some_id(need), some_id(availability)
    return {
        "id": proposal_id(need_id, availability_id),
        "need_id": need_id,
        "availability_id": availability_id,
        "borrower_id": BORROWER,
        "lender_id": LENDER,
    }


def made(
    revision: int, availability: str = "a1", *, need: str = "need", score: int = 87, territory: str = "46"
) -> ProposalMade:
    return ProposalMade(
        **ids(availability, need),
        territory=territory,
        revision=revision,
        rules_version=1,
        need_version=1,
        availability_version=1,
        score=score,
        reasons=(
            OccupationReason(points=28, link=Link.CLOSE, person="H2903", need="H2102"),
            SkillsReason(points=17, held=("1", "2", "3", "4", "5"), missing=("6",)),
            DistanceReason(points=16, metres=12430, limit_metres=30_000),
            PeriodReason(points=15, shared_days=85, need_days=90, first_day=date(2026, 3, 9)),
            PayReason(points=4, current=2150, maximum=2000),
            ModeReason(mode=Mode.LOAN),
            CertificatesReason(required=(CACES,)),
            CapacityReason(need_left=3, availability_left=12),
        ),
        distance_metres=12430,
        overlap_days=85,
        content="0" * 64,
    )


def withdrawn(
    revision: int,
    availability: str = "a1",
    *,
    reason: WithdrawalReason = WithdrawalReason.NEED_WITHDRAWN,
    territory: str = "46",
) -> ProposalWithdrawn:
    return ProposalWithdrawn(
        **ids(availability), territory=territory, revision=revision, rules_version=1, reason=reason
    )


def outcome(type_: type[T], version: int, by: Party, availability: str = "a1", **more: Any) -> T:
    return type_(**ids(availability), version=version, by=by, **more)


def event(word: Pair | Outcome, type_: str, *, epoch: int = 1, time: datetime = NOW) -> Event[Any]:
    number = word.revision if isinstance(word, Pair) else word.version
    return Event(
        id=event_id(str(word.id), number, type_),
        type=type_,
        schema_version=1,
        source="matching",
        subject=str(word.id),
        time=time,
        epoch=epoch,
        key=str(word.id),
        data=word,
        territory=word.territory if isinstance(word, Pair) else "46",
    )


def briefing_json(
    company: UUID,
    pairs: list[dict[str, Any]],
    *,
    contacts: list[dict[str, Any]] | None = None,
    title: str | None = "Opérateur de conditionnement",
    counterpart: dict[str, Any] | None = None,
    status: str | None = None,
    coordinator: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What the registry answers about these pairs."""
    contacts = contacts if contacts is not None else [contact_json("rh")]
    return {
        "company": {"id": str(company), "name": "Conserverie des Causses"},
        "contacts": contacts,
        "certificates": {CACES: "CACES R489 catégorie 3"},
        "items": [
            {
                "proposal_id": str(pair["proposal_id"]),
                "status": status,
                "need": {
                    "id": str(pair["need_id"]),
                    "title": title,
                    "occupation": "H2102",
                    "occupation_label": "Conduite d'équipement de production alimentaire",
                    "mode": "loan",
                    "headcount": 3,
                    "start": "2026-03-09",
                    "end": "2026-06-06",
                    "commune": None,
                },
                "availability": {
                    "id": str(pair["availability_id"]),
                    "occupation": "H2903",
                    "occupation_label": "Conduite d'équipement d'usinage",
                    "headcount": 12,
                    "start": "2026-03-01",
                    "end": None,
                    "mobility_km": 30,
                },
                "counterpart": counterpart,
                "links": {
                    each["id"]: f"http://127.0.0.1:8000/p/{pair['proposal_id']}.{each['id']}.signature"
                    for each in contacts
                },
            }
            for pair in pairs
        ],
        "coordinator": coordinator,
    }


def contact_json(name: str, *, sms: bool = False, preferences: Preferences | None = None) -> dict[str, Any]:
    return {
        "id": str(some_id(name)),
        "name": "Claire Vidal",
        "email": f"{name}@conserverie.example.org",
        "phone": "+33612345678" if sms else None,
        "sms": sms,
        "preferences": (EAGER if preferences is None else preferences).model_dump(mode="json"),
    }


def briefing(company: UUID, availabilities: list[str], *, needs: Sequence[str] = (), **more: Any) -> Briefing:
    """What is told of these availabilities, each for the one need, or with the need of the same place."""
    named = zip(availabilities, needs or ["need"] * len(availabilities), strict=True)
    pairs = [{**ids(*names), "proposal_id": ids(*names)["id"]} for names in named]
    return Briefing.model_validate(briefing_json(company, pairs, **more))


COORDINATOR = {
    "id": str(some_id("coordinator")),
    "departement": "46",
    "name": "Sophie Lacaze",
    "email": "s.lacaze@coordination.example.org",
}
COUNTERPART = {
    "company_name": "Aéro Mécanique du Célé",
    "siret": "12345678200010",
    "commune": "Figeac",
    "contacts": [
        {"name": "Marc Delmas", "role": "Responsable RH", "email": "m.delmas@aero.example.org", "phone": "+33565000000"}
    ],
}
