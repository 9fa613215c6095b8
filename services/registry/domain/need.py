"""A need: a post to fill in one place, which lives in exactly one territory."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from schemas.facts import NeedRecorded
from schemas.vocabulary import Mode, PostingStatus
from services.registry.domain import checks
from services.registry.domain.company import Company
from services.registry.domain.drafts import NeedDraft
from services.registry.domain.posting import Posting, checked
from services.registry.domain.reach import need_territory


class Need(Posting):
    """A post to fill. Its title is free text, and stays in the registry."""

    title: str
    mode: Mode
    monthly_gross_max: int | None

    @property
    def territories(self) -> tuple[str, ...]:
        """Its one territory."""
        return (need_territory(self.commune, self.id),)

    def fact(self) -> NeedRecorded:
        """What the bus may know of it."""
        return NeedRecorded(**self.stated(), mode=self.mode, monthly_gross_max=self.monthly_gross_max)

    def changed(self, draft: NeedDraft, company: Company, today: date, now: datetime) -> Need:
        """The need as the draft describes it; itself if nothing differs.

        Raises:
            InvalidInputError: a value is wrong.
            ConflictError: it was withdrawn, the draft names another company, or less than what is reserved.
        """
        return self._changed(_checked(draft, company, today), draft, now)


def new_need(draft: NeedDraft, company: Company, id_: UUID, today: date, now: datetime) -> Need:
    """A need that a company publishes.

    Raises:
        InvalidInputError: a value is wrong.
        ConflictError: the company has not joined.
    """
    company.must_have_joined()
    return Need(
        id=id_,
        version=1,
        company_id=company.id,
        siren=company.siren,
        status=PostingStatus.OPEN,
        created_at=now,
        updated_at=now,
        **_checked(draft, company, today),
    )


def _checked(draft: NeedDraft, company: Company, today: date) -> dict[str, Any]:
    return {
        **checked(draft, company, today),
        "title": checks.words(draft.title, "title"),
        "mode": draft.mode,
        "monthly_gross_max": checks.pay(draft.monthly_gross_max, "monthly_gross_max"),
    }
