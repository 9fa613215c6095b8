"""Days as people in Paris live them: when one begins, which one an instant belongs to, and public holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

PARIS: Final = ZoneInfo("Europe/Paris")


def paris_time(instant: datetime) -> datetime:
    """The instant with the date and hour that a clock in Paris shows.

    Raises:
        ValueError: the instant has no offset: nobody can know when it is.
    """
    if instant.tzinfo is None:
        msg = f"an instant needs its offset: {instant.isoformat()}"
        raise ValueError(msg)
    return instant.astimezone(PARIS)


def paris_day(instant: datetime) -> date:
    """The day that it is in Paris at an instant.

    Raises:
        ValueError: the instant has no offset.
    """
    return paris_time(instant).date()


def paris_midnight(day: date) -> datetime:
    """The instant at which a day begins in Paris, in UTC.

    It is given in UTC because two instants in one zone subtract as wall clocks do, which is an hour wrong on the days
    when the clocks change. Those changes happen at 2 or 3 o'clock: midnight exists once on every day.
    """
    return datetime.combine(day, time.min, PARIS).astimezone(UTC)


def is_public_holiday(day: date) -> bool:
    """Whether a day is a public holiday in metropolitan France (Code du travail, L3133-1), Alsace-Moselle aside."""
    return day in _public_holidays(day.year)


@cache
def _public_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("FR", years=year))
