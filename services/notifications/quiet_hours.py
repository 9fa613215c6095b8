"""When a text message may leave: it interrupts, so it keeps to hours at which people work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from passerelles.reference.calendar import PARIS, is_public_holiday, paris_day, paris_midnight

MONDAY_TO_SATURDAY: Final = frozenset(range(6))

_A_DAY: Final = timedelta(days=1)
_HORIZON: Final = 400
"""Days looked at for one that is allowed: a weekday that is no public holiday comes sooner."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The hours, in Paris, outside which no text message leaves.

    Attributes:
        opens: the first hour at which one may leave, 0–23.
        closes: the hour from which none may any more, 1–24.
        days: weekdays on which any may; 0 is Monday.
        holidays: whether public holidays are days like any other.

    Raises:
        ValueError: no hour or no day is left.
    """

    opens: int = 8
    closes: int = 20
    days: frozenset[int] = MONDAY_TO_SATURDAY
    holidays: bool = False

    def __post_init__(self) -> None:
        if not (0 <= self.opens < self.closes <= 24 and self.days and self.days <= frozenset(range(7))):  # noqa: PLR2004 - the clock's
            msg = "quiet hours leave no time for a text message"
            raise ValueError(msg)

    def open_from(self, now: datetime) -> datetime:
        """The first instant, not before `now`, at which a text may leave: `now` itself when it may."""
        day = paris_day(now)
        for _ in range(_HORIZON):
            if self._allows(day):
                if now < _instant(day, self.opens):
                    return _instant(day, self.opens)
                if now < _instant(day, self.closes):
                    return now
            day += _A_DAY
        raise AssertionError  # pragma: no cover - every weekday comes without being a holiday

    def _allows(self, day: date) -> bool:
        return day.weekday() in self.days and (self.holidays or not is_public_holiday(day))


def _instant(day: date, hour: int) -> datetime:
    """When it is this hour of this day in Paris.

    In the hour that is skipped in spring, when the next one begins; of the one that comes twice in autumn, the first.
    """
    if hour == 24:  # noqa: PLR2004 - the clock's
        return paris_midnight(day + _A_DAY)
    return datetime.combine(day, time(hour), PARIS).astimezone(UTC)
