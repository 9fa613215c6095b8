"""When a contact's digest leaves: at the hour that it chose, in Paris."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final
from uuid import UUID

from passerelles.reference.calendar import PARIS, paris_day
from schemas.preferences import DigestTime, Every

SPREAD: Final = timedelta(minutes=10)
"""Most contacts keep the same hour: over so long their digests leave, each always at the same minute."""

_A_DAY: Final = timedelta(days=1)
_FRIDAY: Final = 4


def next_digest(chosen: DigestTime, contact: UUID, now: datetime) -> datetime:
    """The first digest of this contact after `now`.

    At an hour that is skipped when the clocks change it leaves as the next one begins, and at one that comes twice, the
    first time: once on each of its days, whatever the clocks do.
    """
    day = paris_day(now)
    while True:
        if _leaves(chosen, day.weekday()):
            at = datetime.combine(day, time(chosen.hour), PARIS).astimezone(UTC) + _minute_of(contact)
            if at > now:
                return at
        day += _A_DAY


def _leaves(chosen: DigestTime, weekday: int) -> bool:
    return weekday == chosen.weekday if chosen.every is Every.WEEK else weekday <= _FRIDAY


def _minute_of(contact: UUID) -> timedelta:
    return timedelta(seconds=contact.int % int(SPREAD.total_seconds()))
