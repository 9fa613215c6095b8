"""Staff available: people that a company can lend or must redeploy, pseudonymous, wherever their mobility reaches."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from passerelles.errors import InvalidInputError
from schemas.facts import AvailabilityRecorded
from schemas.vocabulary import Mode, PostingStatus
from services.registry.domain import checks
from services.registry.domain.company import Company
from services.registry.domain.drafts import AvailabilityDraft
from services.registry.domain.posting import Posting, checked
from services.registry.domain.reach import reach


class Availability(Posting):
    """Staff that can go to another company. That all are volunteers was stated when it was published."""

    modes: tuple[Mode, ...]
    mobility_km: int
    monthly_gross: int | None

    @property
    def territories(self) -> tuple[str, ...]:
        """Every territory that the mobility touches."""
        return reach(self.commune, self.mobility_km)

    def fact(self) -> AvailabilityRecorded:
        """What the bus may know of it."""
        return AvailabilityRecorded(
            **self.stated(), modes=self.modes, mobility_km=self.mobility_km, monthly_gross=self.monthly_gross
        )

    def changed(self, draft: AvailabilityDraft, company: Company, today: date, now: datetime) -> Availability:
        """The availability as the draft describes it; itself if nothing differs.

        Raises:
            InvalidInputError: a value is wrong, or the people are not volunteers.
            ConflictError: it was withdrawn, the draft names another company, or less than what is reserved.
        """
        return self._changed(_checked(draft, company, today), draft, now)


def new_availability(draft: AvailabilityDraft, company: Company, id_: UUID, today: date, now: datetime) -> Availability:
    """Staff that a company publishes as available.

    Raises:
        InvalidInputError: a value is wrong, or the people are not volunteers.
        ConflictError: the company has not joined.
    """
    company.must_have_joined()
    return Availability(
        id=id_,
        version=1,
        company_id=company.id,
        siren=company.siren,
        status=PostingStatus.OPEN,
        created_at=now,
        updated_at=now,
        **_checked(draft, company, today),
    )


def _checked(draft: AvailabilityDraft, company: Company, today: date) -> dict[str, Any]:
    if not draft.volunteers:
        raise InvalidInputError(
            "Seules des personnes volontaires peuvent être proposées (article L8241-2 du Code du travail) : "
            "`volunteers` doit être vrai.",
            field="volunteers",
        )
    return {
        **checked(draft, company, today),
        "modes": tuple(mode for mode in Mode if mode in draft.modes),
        "mobility_km": draft.mobility_km,
        "monthly_gross": checks.pay(draft.monthly_gross, "monthly_gross"),
    }
