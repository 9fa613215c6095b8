"""What callers send: shapes and bounds only; reference data and dates are checked by the aggregates.

Numbers are strict (`"3"` is not 3, nor is `true` 1); an importer of rows converts them first.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt

from schemas.deliveries import Channel, MessageKind
from schemas.preferences import DigestTime, Every, Pace, Preferences
from schemas.vocabulary import DeclineReason, Mode, Party

FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2100, 12, 31)
"""Days outside of these are typing errors; the bounds also keep sums of days within the calendar."""

Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
Heads = Annotated[StrictInt, Field(ge=1, le=1000)]
Pay = Annotated[StrictInt | StrictFloat, Field(gt=0, le=100_000, allow_inf_nan=False)]
"""Euros a month; rounded to the nearest 50 € at entry."""

Code = Annotated[str, Field(min_length=1, max_length=20)]
Title = Annotated[str, Field(min_length=1, max_length=200)]
Skills = Annotated[list[Code], Field(max_length=50)]
Certificates = Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=20)]
Occupation = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="Code ROME v3, code ROME v4 ou appellation exacte.",
        examples=["H2903"],
    ),
]
Commune = Annotated[str, Field(min_length=1, max_length=80, description="Code INSEE.", examples=["46102"])]


class Draft(BaseModel):
    """What every input has in common: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DigestTimeDraft(Draft):
    """When a digest leaves, in Paris time; `weekday` (0 is Monday) is of a weekly one."""

    every: Every = Every.DAY
    weekday: Annotated[StrictInt, Field(ge=0, le=6)] = 0
    hour: Annotated[StrictInt, Field(ge=0, le=23)] = 8


class PreferencesDraft(Draft):
    """What a contact wants to be told, how soon and by which channel; a kind left out has its default pace."""

    email: dict[MessageKind, Pace] = {}
    sms: dict[MessageKind, Pace] = {}
    digest: DigestTimeDraft = DigestTimeDraft()

    def chosen(self) -> Preferences:
        """As the registry keeps it."""
        return Preferences(email=self.email, sms=self.sms, digest=DigestTime.model_validate(self.digest.model_dump()))


class ContactDraft(Draft):
    """A person of the company to be alerted. On a change, `id` (or the same email) keeps who it is.

    `preferences` left out keeps what this person chose, or the defaults.
    """

    id: UUID | None = None
    name: Title
    role: Annotated[str, Field(max_length=100)] = ""
    email: Annotated[str, Field(min_length=3, max_length=254, examples=["rh@exemple.fr"])]
    phone: Annotated[str, Field(max_length=30, examples=["06 12 34 56 78"])] | None = None
    sms: StrictBool = False
    preferences: PreferencesDraft | None = None


class CoordinatorDraft(Draft):
    """The person who follows a département."""

    name: Title
    email: Annotated[str, Field(min_length=3, max_length=254, examples=["coordination@exemple.fr"])]


class ReachableDraft(Draft):
    """A channel by which a contact is reached after all."""

    channel: Channel


class CompanyDraft(Draft):
    """A company as it is added or changed. `status` is read when it is added, and may then be left out."""

    siret: Annotated[str, Field(min_length=14, max_length=20, examples=["73282932000074"])]
    name: Title
    branch: Annotated[str, Field(min_length=1, max_length=40, examples=["agroalimentaire"])]
    commune: Commune
    status: Literal["informed", "joined"] | None = None
    contacts: Annotated[list[ContactDraft], Field(max_length=20)] = []


class PostingDraft(Draft):
    """What a need and staff available share."""

    company_id: UUID
    occupation: Occupation
    headcount: Heads
    start: Day
    end: Day | None = None
    commune: Commune | None = Field(default=None, description="Code INSEE ; à défaut, la commune de l'entreprise.")
    skills: Skills = []
    certificates: Certificates = []


class NeedDraft(PostingDraft):
    """A post to fill."""

    title: Title
    mode: Mode
    monthly_gross_max: Pay | None = None


class AvailabilityDraft(PostingDraft):
    """Staff that a company can lend or must redeploy; `volunteers` states that the people concerned are."""

    modes: Annotated[list[Mode], Field(min_length=1, max_length=2)]
    mobility_km: Annotated[StrictInt, Field(ge=1, le=200)]
    monthly_gross: Pay | None = None
    volunteers: StrictBool


class DecisionDraft(Draft):
    """What a party decides about a proposal."""

    party: Party
    verdict: Literal["accept", "decline"]
    reason: DeclineReason | None = None


class CancelDraft(Draft):
    """A party calls an agreement off."""

    party: Party
    reason: DeclineReason | None = None
