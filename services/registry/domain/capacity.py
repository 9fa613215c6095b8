"""People held by agreements: how many are left, and what a change must not go below (design, decision 13)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from passerelles.errors import ConflictError


class CapacityError(ConflictError):
    """An agreement cannot be made: nobody is left on one side, or that side is no longer offered."""

    slug, title = "capacite", "Capacité épuisée"


class Hold(BaseModel):
    """People that one proposal holds.

    Attributes:
        count: how many.
        attempt: the attempt at an agreement that took them; a hold of an attempt that is over may be given back.
        confirmed: the agreement is made, so that the facts say it.
        since: when it was taken.
    """

    model_config = ConfigDict(frozen=True)

    count: int
    attempt: int
    confirmed: bool
    since: datetime


Holds = Mapping[UUID, Hold]
"""By proposal."""


def held(holds: Holds) -> int:
    """People held, by agreements made and under way."""
    return sum(hold.count for hold in holds.values())


def agreed(holds: Holds) -> int:
    """People held by agreements that are made: what the facts subtract."""
    return sum(hold.count for hold in holds.values() if hold.confirmed)


def oldest_unconfirmed(holds: Holds) -> datetime | None:
    """When the oldest hold was taken whose agreement is under way, or was given up."""
    return min((hold.since for hold in holds.values() if not hold.confirmed), default=None)


def must_cover(headcount: int, holds: Holds) -> None:
    """Refuse a headcount below what is reserved.

    Raises:
        ConflictError: names what is reserved.
    """
    reserved = held(holds)
    if headcount < reserved:
        raise ConflictError(
            f"L'effectif ne peut pas descendre sous {reserved} : ces personnes sont retenues par des accords.",
            remedy="Annuler d'abord un accord.",
            field="headcount",
            reserved=reserved,
        )
