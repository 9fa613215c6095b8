"""What a message needs and the bus never carries: contacts, labels and links, asked of the registry when needed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from passerelles.errors import UnavailableError
from schemas.deliveries import Channel
from schemas.preferences import Preferences
from schemas.vocabulary import Mode, Party
from services.notifications.pairs import KnownPair

UNKNOWN_COMPANY: Final = "urn:passerelles:problem:entreprise-inconnue"
"""The registry's own word, as the type of its problem. Any other 404 is a wrong address, and must not lose an alert."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class CompanyName(_Answer):
    """Whom a message is for."""

    id: UUID
    name: str


class Contact(_Answer):
    """A person of that company who is alerted.

    Attributes:
        sms: this person asked for text messages.
        preferences: what it chose to be told, how soon and by which channel.
        unreachable: the channels that do not reach it, each with its last word.
        preferences_url: where it chooses what to be told; `unsubscribe_url`: where it ends alerts by email.
    """

    id: UUID
    name: str
    email: str
    phone: str | None = None
    sms: bool = False
    preferences: Preferences = Preferences()
    unreachable: dict[Channel, str] = Field(default_factory=dict)
    preferences_url: str = ""
    unsubscribe_url: str = ""


class Coordinator(_Answer):
    """Whoever follows the company's département."""

    id: UUID
    name: str
    email: str


class NeedBriefing(_Answer):
    """A need, as far as the company may know it: title and commune for its own, or once agreed."""

    id: UUID
    title: str | None = None
    occupation: str
    occupation_label: str
    mode: Mode
    headcount: int
    start: date
    end: date | None = None
    commune: str | None = None


class AvailabilityBriefing(_Answer):
    """Staff available, as far as the company may know them."""

    id: UUID
    occupation: str
    occupation_label: str
    headcount: int
    start: date
    end: date | None = None
    mobility_km: int


class CounterpartContact(_Answer):
    """A person of the other company."""

    name: str
    role: str = ""
    email: str
    phone: str | None = None


class Counterpart(_Answer):
    """The other company, which is named once both have accepted."""

    company_name: str
    siret: str
    commune: str
    contacts: tuple[CounterpartContact, ...] = ()


class ItemBriefing(_Answer):
    """One pair: its words, and a link to its page for each contact."""

    proposal_id: UUID
    status: str | None = None
    need: NeedBriefing
    availability: AvailabilityBriefing
    counterpart: Counterpart | None = None
    links: dict[UUID, str] = Field(default_factory=dict)


class Briefing(_Answer):
    """The registry's answer for one company and some of its pairs."""

    company: CompanyName
    contacts: tuple[Contact, ...]
    certificates: dict[str, str] = Field(default_factory=dict)
    items: tuple[ItemBriefing, ...] = ()
    coordinator: Coordinator | None = None


class Contacts:
    """The registry's internal address.

    Attributes:
        url: the registry's base address, `REGISTRY_URL`.
        token: `SERVICE_TOKEN`.
    """

    def __init__(self, url: str, token: str, *, seconds: float = 10.0) -> None:
        self._url = url.rstrip("/") + "/internal/briefings"
        self._client = httpx.AsyncClient(timeout=seconds, headers={"Authorization": f"Bearer {token}"}, trust_env=False)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def briefing(self, company: UUID, party: Party, pairs: Sequence[KnownPair]) -> Briefing | None:
        """What a message about these pairs needs. None: the registry does not know the company.

        Raises:
            UnavailableError: no answer, or one that is not what was agreed; it may be asked again.
        """
        request = {
            "company_id": str(company),
            "party": str(party),
            "items": [
                {
                    "proposal_id": str(pair.id),
                    "need_id": str(pair.need_id),
                    "availability_id": str(pair.availability_id),
                }
                for pair in pairs
            ],
        }
        try:
            response = await self._client.post(self._url, json=request)
        except httpx.HTTPError as error:
            raise UnavailableError(f"Le registre ne répond pas : {type(error).__name__}.") from error
        if response.status_code == httpx.codes.NOT_FOUND and _problem_type(response) == UNKNOWN_COMPANY:
            return None
        if response.status_code != httpx.codes.OK:
            raise UnavailableError(f"Le registre répond {response.status_code}.")
        try:
            return Briefing.model_validate_json(response.content)
        except ValidationError as error:
            raise UnavailableError("La réponse du registre n'a pas la forme convenue.") from error


def _problem_type(response: httpx.Response) -> object:
    """The `type` of a problem document; none when it is not one."""
    try:
        problem = response.json()
    except ValueError:
        return None
    return problem.get("type") if isinstance(problem, dict) else None
