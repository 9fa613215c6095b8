"""What the registry answers: the shapes of the OpenAPI document, filled from the domain's own objects."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from passerelles.reference.alert_reasons import alert_reason
from passerelles.reference.communes import COMMUNES
from passerelles.reference.occupations import occupation
from schemas.deliveries import AlertDecided, AlertRule, AlertVerdict, Channel, DeliveryState, MessageKind, Receipt
from schemas.preferences import Preferences
from schemas.vocabulary import CompanyStatus, Mode, Party, PostingStatus
from services.registry.domain.availability import Availability
from services.registry.domain.company import Company
from services.registry.domain.need import Need

Cursor = Annotated[
    str | None, Field(description="À renvoyer dans `cursor` pour lire la suite ; null à la fin de la liste.")
]


class Answer(BaseModel):
    """What every answer is read from."""

    model_config = ConfigDict(from_attributes=True)


class ContactAnswer(Answer):
    """Une personne de l'entreprise, à alerter."""

    id: UUID
    name: str
    role: str
    email: str
    phone: str | None
    sms: bool = Field(description="Vrai : la personne a demandé à recevoir des SMS.")
    preferences: Preferences = Field(
        description="Ce que cette personne a choisi : `at_once`, `digest` ou `never` par nouvelle et par canal."
    )
    unreachable: dict[Channel, str] = Field(
        description="Les canaux par lesquels les messages n'arrivent pas, et le code qui dit pourquoi : `dsn_5_1_1`."
    )


class CompanyAnswer(Answer):
    """Une entreprise."""

    id: UUID
    version: int
    siret: str
    siren: str
    name: str
    branch: str
    commune: str
    commune_name: str
    status: CompanyStatus
    contacts: list[ContactAnswer]
    created_at: datetime
    updated_at: datetime


class CompanyPage(Answer):
    """Des entreprises."""

    items: list[CompanyAnswer]
    next_cursor: Cursor = None


class PostingAnswer(Answer):
    """Ce qu'un besoin et une disponibilité ont en commun."""

    id: UUID
    version: int
    company_id: UUID
    status: PostingStatus
    occupation: str
    occupation_label: str
    headcount: int
    headcount_left: int = Field(description="Les personnes qu'aucun accord ne retient.")
    start: date
    end: date | None
    commune: str
    commune_name: str
    skills: list[str]
    certificates: list[str]
    territories: list[str] = Field(description="Les territoires où cette publication est connue.")
    created_at: datetime
    updated_at: datetime


class NeedAnswer(PostingAnswer):
    """Un besoin."""

    title: str
    mode: Mode
    monthly_gross_max: int | None


class NeedPage(Answer):
    """Des besoins."""

    items: list[NeedAnswer]
    next_cursor: Cursor = None


class AvailabilityAnswer(PostingAnswer):
    """Une disponibilité."""

    modes: list[Mode]
    mobility_km: int
    monthly_gross: int | None


class AvailabilityPage(Answer):
    """Des disponibilités."""

    items: list[AvailabilityAnswer]
    next_cursor: Cursor = None


class DeliveryAnswer(Answer):
    """Une proposition dite, ou non, à un contact par un canal."""

    id: UUID
    message_id: UUID
    proposal_id: UUID
    company_id: UUID
    contact_id: UUID
    party: Party
    channel: Channel
    kind: MessageKind
    state: DeliveryState
    at: datetime
    attempts: int
    code: str | None = Field(description="Le mot du canal, `smtp_550` par exemple.")
    receipt: Receipt | None = Field(description="Ce que le destinataire en a dit ensuite ; null s'il n'a rien dit.")


class DeliveryPage(Answer):
    """Des envois."""

    items: list[DeliveryAnswer]
    next_cursor: Cursor = None


class AlertAnswer(Answer):
    """Ce qui a été décidé pour un contact, par un canal, à propos d'une proposition."""

    id: UUID = Field(description="De l'envoi décidé, qu'il parte ou non.")
    message_id: UUID
    proposal_id: UUID
    company_id: UUID
    contact_id: UUID | None = Field(description="Null quand il n'y avait personne : pas de coordinateur.")
    party: Party
    channel: Channel
    kind: MessageKind
    verdict: AlertVerdict
    rule: AlertRule
    reason: str = Field(description="La règle, en français.")
    at: datetime
    until: datetime | None = Field(description="Quand son tour vient, si elle attend.")


class AlertPage(Answer):
    """Des décisions d'alerte."""

    items: list[AlertAnswer]
    next_cursor: Cursor = None


class CoordinatorAnswer(Answer):
    """La personne qui suit un département."""

    id: UUID
    departement: str
    name: str
    email: str
    updated_at: datetime


class TokenAnswer(Answer):
    """Un jeton, montré cette seule fois."""

    company_id: UUID
    token: str


def _commune_name(code: str) -> str:
    found = COMMUNES.get(code)
    return found.name if found else code


def of_company(company: Company) -> CompanyAnswer:
    """A company, for those who may see it."""
    fields = {name: getattr(company, name) for name in CompanyAnswer.model_fields if name != "commune_name"}
    return CompanyAnswer.model_validate(fields | {"commune_name": _commune_name(company.commune)})


def of_alert(decided: AlertDecided) -> AlertAnswer:
    """A decision of the policy, with its reason."""
    reason = alert_reason(decided.verdict, decided.rule)
    return AlertAnswer.model_validate(decided.model_dump(exclude={"version"}) | {"reason": reason})


def of_need(need: Need) -> NeedAnswer:
    """A need, for those who may see it."""
    return NeedAnswer.model_validate(_posting(need, set(NeedAnswer.model_fields)))


def of_availability(availability: Availability) -> AvailabilityAnswer:
    """An availability, for those who may see it."""
    return AvailabilityAnswer.model_validate(_posting(availability, set(AvailabilityAnswer.model_fields)))


def _posting(posting: Need | Availability, names: set[str]) -> dict[str, object]:
    labels = {
        "occupation_label": occupation(posting.occupation).label,
        "commune_name": _commune_name(posting.commune),
    }
    return {name: getattr(posting, name) for name in names - set(labels)} | labels
