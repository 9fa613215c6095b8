"""Text messages keep to working hours in Paris, on the nights when the clocks change as on any other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from passerelles.reference.calendar import paris_time
from services.notifications.quiet_hours import QuietHours
from tests.unit.notifications.policy_oracle import may_text, text_opens

SPRING, AUTUMN = datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
"""The instants at which the clocks change, in 2026."""


def around(changes: tuple[datetime, ...]) -> st.SearchStrategy[datetime]:
    """Instants within four days of one of them, to the second."""
    return st.builds(
        lambda change, seconds: change + timedelta(seconds=seconds),
        st.sampled_from(changes),
        st.integers(-4 * 86_400, 4 * 86_400),
    )


INSTANTS = around((SPRING, AUTUMN)) | st.builds(
    lambda day, seconds: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=day, seconds=seconds),
    st.integers(0, 4 * 365),
    st.integers(0, 86_399),
)


@given(INSTANTS)
@example(datetime(2026, 3, 28, 19, 0, tzinfo=UTC))
@example(datetime(2026, 12, 24, 19, 0, tzinfo=UTC))
def test_the_opening_is_the_first_minute_at_which_one_may_leave(now: datetime) -> None:
    opening = QuietHours().open_from(now)
    assert opening == text_opens(now)
    assert may_text(opening)
    assert (opening == now) is may_text(now)


@given(INSTANTS, st.integers(0, 23), st.integers(1, 24), st.sets(st.integers(0, 6), min_size=1), st.booleans())
def test_whatever_was_set_holds(now: datetime, opens: int, closes: int, days: set[int], holidays: bool) -> None:
    if opens >= closes:
        opens, closes = closes - 1, opens + 1
    quiet = QuietHours(opens, closes, frozenset(days), holidays)
    opening = quiet.open_from(now)
    assert opening >= now
    assert quiet.open_from(opening) == opening
    wall = paris_time(opening)
    assert wall.weekday() in days
    # The hour that the clocks skip is made up for by the next one.
    assert opens <= wall.hour < closes or wall.date() == date(2026, 3, 29)


def test_a_saturday_evening_waits_for_monday_over_the_change_of_the_clocks() -> None:
    quiet = QuietHours()
    saturday = datetime(2026, 3, 28, 19, 30, tzinfo=UTC)
    assert quiet.open_from(saturday) == datetime(2026, 3, 30, 6, 0, tzinfo=UTC), "8 o'clock in summer"
    saturday = datetime(2026, 10, 24, 18, 30, tzinfo=UTC)
    assert quiet.open_from(saturday) == datetime(2026, 10, 26, 7, 0, tzinfo=UTC), "8 o'clock in winter"


def test_public_holidays_are_quiet_unless_it_is_set_otherwise() -> None:
    easter_monday = datetime(2026, 4, 6, 9, 0, tzinfo=UTC)
    assert QuietHours().open_from(easter_monday) == datetime(2026, 4, 7, 6, 0, tzinfo=UTC)
    assert QuietHours(holidays=True).open_from(easter_monday) == easter_monday


@pytest.mark.parametrize(
    ("opens", "closes", "days"), [(8, 8, {0}), (20, 8, {0}), (8, 20, set()), (-1, 8, {0}), (8, 25, {0}), (8, 20, {7})]
)
def test_hours_that_leave_no_time_are_refused(opens: int, closes: int, days: set[int]) -> None:
    with pytest.raises(ValueError, match="no time"):
        QuietHours(opens, closes, frozenset(days))
