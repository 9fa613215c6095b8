"""Days are those of Paris, also when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelles.reference.calendar import is_public_holiday, paris_day, paris_midnight, paris_time

days = st.dates(date(1990, 1, 1), date(2060, 12, 31))


@given(days)
def test_a_day_begins_at_its_midnight_and_not_before(day: date) -> None:
    midnight = paris_midnight(day)
    assert midnight.tzinfo is UTC
    assert paris_day(midnight) == day
    assert paris_day(midnight - timedelta(microseconds=1)) == day - timedelta(days=1)
    assert paris_time(midnight).hour == 0


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_days_have_the_hours_that_the_clocks_give_them(day: date, hours: int) -> None:
    assert paris_midnight(day + timedelta(days=1)) - paris_midnight(day) == timedelta(hours=hours)


def test_an_evening_in_utc_may_be_the_next_day_in_paris() -> None:
    assert paris_day(datetime(2026, 7, 1, 21, 59, tzinfo=UTC)) == date(2026, 7, 1)
    assert paris_day(datetime(2026, 7, 1, 22, 0, tzinfo=UTC)) == date(2026, 7, 2)
    assert paris_day(datetime(2026, 12, 31, 23, 0, tzinfo=UTC)) == date(2027, 1, 1)


def test_an_instant_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        paris_day(datetime(2026, 7, 1))  # noqa: DTZ001 - what the test is about


@pytest.mark.parametrize(
    ("day", "holiday"),
    [
        (date(2026, 5, 1), True),
        (date(2026, 7, 14), True),
        (date(2027, 3, 29), True),
        (date(2026, 5, 25), True),
        (date(2026, 5, 4), False),
        (date(2026, 12, 26), False),
    ],
)
def test_public_holidays_are_those_of_metropolitan_france(day: date, holiday: bool) -> None:
    assert is_public_holiday(day) is holiday


def test_a_year_has_eleven_public_holidays() -> None:
    year = [date(2027, 1, 1) + timedelta(days=n) for n in range(365)]
    assert sum(map(is_public_holiday, year)) == 11
