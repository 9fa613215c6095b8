"""The two sides of a pair as they are shown: what a stranger may know of a posting, and what its own side does."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from passerelles.reference.communes import COMMUNES
from passerelles.reference.occupations import occupation
from schemas.vocabulary import Mode
from services.registry.domain.availability import Availability
from services.registry.domain.company import Company
from services.registry.domain.need import Need
from services.registry.domain.posting import Posting


class View(BaseModel):
    """What is shown; made once and never changed."""

    model_config = ConfigDict(frozen=True)


class SideView(View):
    """What both parties may know of a posting; the last members only its own company, or once agreed, or operators."""

    id: UUID
    occupation: str
    occupation_label: str
    headcount: int
    headcount_left: int
    start: date
    end: date | None
    skills: tuple[str, ...]
    company_id: UUID | None = None
    company_name: str | None = None
    commune: str | None = None
    commune_name: str | None = None
    certificates: tuple[str, ...] | None = None


class NeedView(SideView):
    """A need as seen from a proposal; its title is free text, and may say whose it is."""

    mode: Mode
    title: str | None = None


class AvailabilityView(SideView):
    """Staff available as seen from a proposal."""

    modes: tuple[Mode, ...]
    mobility_km: int


def need_view(need: Need, company: Company | None, *, known: bool) -> NeedView:
    """A need as its own side sees it (`known`), or as a stranger does."""
    return NeedView(**_side(need, company, known=known), mode=need.mode, title=need.title if known else None)


def availability_view(staff: Availability, company: Company | None, *, known: bool) -> AvailabilityView:
    """Staff available as its own side sees it (`known`), or as a stranger does."""
    return AvailabilityView(**_side(staff, company, known=known), modes=staff.modes, mobility_km=staff.mobility_km)


def commune_name(code: str) -> str:
    """The name of a commune; its code should it have left the table."""
    found = COMMUNES.get(code)
    return found.name if found else code


def _side(posting: Posting, company: Company | None, *, known: bool) -> dict[str, Any]:
    seen = {
        "id": posting.id,
        "occupation": posting.occupation,
        "occupation_label": occupation(posting.occupation).label,
        "headcount": posting.headcount,
        "headcount_left": posting.headcount_left,
        "start": posting.start,
        "end": posting.end,
        "skills": posting.skills,
    }
    if not known:
        return seen
    return seen | {
        "company_id": posting.company_id,
        "company_name": company.name if company else None,
        "commune": posting.commune,
        "commune_name": commune_name(posting.commune),
        "certificates": posting.certificates,
    }
