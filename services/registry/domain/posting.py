"""What a need and staff available share: versions, people held by agreements, and the end of the offer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from passerelles.errors import ConflictError
from passerelles.reference.communes import commune
from schemas.facts import AvailabilityRecorded, NeedRecorded
from schemas.vocabulary import PostingStatus, certificate_code
from services.registry.domain import checks
from services.registry.domain.capacity import Hold, agreed, held, must_cover, oldest_unconfirmed
from services.registry.domain.company import Company
from services.registry.domain.drafts import PostingDraft


class Posting(BaseModel):
    """An offer of a company, as it stands.

    Attributes:
        version: 1, 2, 3… one for each fact stated about it. A hold under way is not a fact yet.
        certificates: as typed; on the bus they are digests.
        holds: people that agreements hold, by proposal.
        made_by: the proposal whose agreement or cancellation made this version, if one did.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    version: int
    company_id: UUID
    siren: str
    status: PostingStatus
    occupation: str
    headcount: int
    start: date
    end: date | None
    commune: str
    skills: tuple[str, ...]
    certificates: tuple[str, ...]
    holds: Mapping[UUID, Hold] = Field(default_factory=dict)
    made_by: UUID | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def left(self) -> int:
        """People that no agreement holds, made or under way."""
        return self.headcount - held(self.holds)

    @property
    def headcount_left(self) -> int:
        """People that no agreement made holds: what the facts say."""
        return self.headcount - agreed(self.holds)

    def left_for(self, proposal_id: UUID) -> int:
        """People that this proposal may hold: those left, and those that an earlier attempt of its own still holds."""
        own = self.holds.get(proposal_id)
        return self.left + (own.count if own is not None and not own.confirmed else 0)

    def holds_for(self, proposal_id: UUID, attempt: int) -> int:
        """People that this attempt of a proposal holds."""
        own = self.holds.get(proposal_id)
        return own.count if own is not None and own.attempt == attempt else 0

    @property
    def held_since(self) -> datetime | None:
        """When the oldest hold under way was taken."""
        return oldest_unconfirmed(self.holds)

    @property
    def departement(self) -> str:
        """The département of its commune."""
        return commune(self.commune).departement

    @property
    def territories(self) -> tuple[str, ...]:
        """The territories where it is live."""
        raise NotImplementedError

    def fact(self) -> NeedRecorded | AvailabilityRecorded:
        """What the bus may know of it."""
        raise NotImplementedError

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.end is not None and self.end < today

    def live(self, today: date) -> bool:
        """Whether it can still be matched."""
        return self.status is PostingStatus.OPEN and not self.expired(today)

    def withdrawn(self, now: datetime) -> Self:
        """It, once it is no longer offered; itself if it was withdrawn. People already agreed on stay."""
        if self.status is PostingStatus.WITHDRAWN:
            return self
        return self._next(now, status=PostingStatus.WITHDRAWN)

    def with_hold(self, proposal_id: UUID, count: int, attempt: int, now: datetime) -> Self:
        """It, with people held for an agreement under way; itself if this attempt, or a later one, holds some."""
        hold = self.holds.get(proposal_id)
        if hold is not None and (hold.confirmed or hold.attempt >= attempt):
            return self
        taken = Hold(count=count, attempt=attempt, confirmed=False, since=now)
        return self._holding({**self.holds, proposal_id: taken})

    def with_agreement(self, proposal_id: UUID, count: int, now: datetime) -> Self:
        """It, as its next version, once the agreement is made; itself if it says so already, or nothing is held."""
        hold = self.holds.get(proposal_id)
        if hold is None or hold.confirmed:
            return self
        confirmed = hold.model_copy(update={"count": count, "confirmed": True})
        return self._next(now, holds={**self.holds, proposal_id: confirmed}, made_by=proposal_id)

    def without_attempt(self, proposal_id: UUID, attempt: int) -> Self:
        """It, without what an attempt that came to nothing held; itself if that holds nothing. Not a fact."""
        hold = self.holds.get(proposal_id)
        if hold is None or hold.confirmed or hold.attempt > attempt:
            return self
        return self._holding({key: each for key, each in self.holds.items() if key != proposal_id})

    def without_agreement(self, proposal_id: UUID, now: datetime) -> Self:
        """It, as its next version, once the agreement is cancelled and its people are back; itself if they are."""
        hold = self.holds.get(proposal_id)
        if hold is None or not hold.confirmed:
            return self
        rest = {key: each for key, each in self.holds.items() if key != proposal_id}
        return self._next(now, holds=rest, made_by=proposal_id)

    def _holding(self, holds: Mapping[UUID, Hold]) -> Self:
        return self.model_copy(update={"holds": holds})

    def _next(self, now: datetime, **fields: Any) -> Self:
        return self.model_copy(update={"version": self.version + 1, "updated_at": now, "made_by": None, **fields})

    def _changed(self, fields: Mapping[str, Any], draft: PostingDraft, now: datetime) -> Self:
        if self.status is PostingStatus.WITHDRAWN:
            raise ConflictError("Cette publication a été retirée.", remedy="En publier une nouvelle.")
        if draft.company_id != self.company_id:
            raise ConflictError("Une publication ne change pas d'entreprise.", field="company_id")
        must_cover(draft.headcount, self.holds)
        if all(getattr(self, name) == value for name, value in fields.items()):
            return self
        return self._next(now, **fields)

    def stated(self) -> dict[str, Any]:
        """The members that both kinds of facts share."""
        return {
            "id": self.id,
            "version": self.version,
            "company_id": self.company_id,
            "siren": self.siren,
            "status": self.status,
            "territories": self.territories,
            "occupation": self.occupation,
            "headcount": self.headcount,
            "headcount_left": self.headcount_left,
            "start": self.start,
            "end": self.end,
            "commune": self.commune,
            "skills": self.skills,
            "certificates": tuple(dict.fromkeys(map(certificate_code, self.certificates))),
            "proposal_id": self.made_by,
        }


def checked(draft: PostingDraft, company: Company, today: date) -> dict[str, Any]:
    """The members that both kinds share, checked against reference data and the calendar.

    Raises:
        InvalidInputError: a value is wrong.
    """
    start, end = checks.period(draft.start, draft.end, today)
    certificates = (checks.words(text, f"certificates.{place}") for place, text in enumerate(draft.certificates))
    occupation = checks.occupation(draft.occupation)
    return {
        "occupation": occupation,
        "headcount": draft.headcount,
        "start": start,
        "end": end,
        "commune": checks.commune(draft.commune) if draft.commune is not None else company.commune,
        "skills": checks.skills(draft.skills, occupation),
        "certificates": tuple(dict.fromkeys(certificates)),
    }
