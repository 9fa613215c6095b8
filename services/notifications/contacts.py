"""What a message needs and the bus never carries: contacts, labels and links, as the registry answers."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.deliveries import Channel
from schemas.preferences import Preferences
from schemas.vocabulary import Mode


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

    @property
    def texted(self) -> bool:
        """It asked for text messages, and has a number for them."""
        return self.sms and bool(self.phone)

    @property
    def mailed(self) -> bool:
        """It has an address, and nothing says that email does not reach it."""
        return bool(self.email) and Channel.EMAIL not in self.unreachable

    @property
    def reached(self) -> bool:
        """Whether a message may arrive there, by all that is known of its address and number."""
        return self.mailed or (self.texted and Channel.SMS not in self.unreachable)


class Coordinator(_Answer):
    """Whoever follows the company's département."""

    id: UUID
    departement: str = ""
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
