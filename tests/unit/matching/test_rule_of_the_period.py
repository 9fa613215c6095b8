"""The rule of the period at its boundaries: days shared, short needs, open ends."""

from __future__ import annotations

from datetime import date, timedelta

from passerelles.reference.rulebook import rulebook
from services.matching.pairs import compare
from services.matching.places import Place
from services.matching.rules import Rules
from tests.unit.matching.scenery import MONDAY, need, staff

RULES = Rules(rulebook(1))

Span = tuple[int, int | None]
"""First and last day, after Monday, inclusive."""


def days(span: Span) -> dict[str, date | None]:
    first, last = span
    end = None if last is None else MONDAY + timedelta(days=last)
    return {"start": MONDAY + timedelta(days=first), "end": end}


def pair(wanted: Span, person: Span) -> Place | None:
    return compare(RULES, need(**days(wanted)), staff(**days(person)), "46")


def points(wanted: Span, person: Span) -> int:
    place = pair(wanted, person)
    assert place is not None
    return place.appraisal.period_points


def shared(wanted: Span, person: Span) -> tuple[int, int, date] | None:
    """(shared days, days asked, first day)."""
    place = pair(wanted, person)
    if place is None:
        return None
    period = place.appraisal.period
    return period.days, period.asked, date.fromordinal(period.first)


def test_five_days_in_common_are_enough_and_four_are_not() -> None:
    assert shared((0, 29), (25, 60)) == (5, 30, MONDAY + timedelta(days=25))
    assert shared((0, 29), (26, 60)) is None
    assert shared((0, 29), (-30, 4)) == (5, 30, MONDAY)
    assert shared((0, 29), (-30, 3)) is None


def test_a_need_shorter_than_five_days_is_covered_whole() -> None:
    assert shared((0, 2), (0, 2)) == (3, 3, MONDAY)
    assert shared((0, 2), (1, 20)) is None
    assert shared((0, 0), (0, 0)) == (1, 1, MONDAY)
    assert shared((0, 4), (0, 4)) == (5, 5, MONDAY)
    assert shared((0, 5), (1, 9)) == (5, 6, MONDAY + timedelta(days=1))


def test_an_open_need_counts_365_days_from_the_later_start() -> None:
    assert shared((0, None), (10, 19)) == (10, 365, MONDAY + timedelta(days=10))
    assert shared((10, None), (0, 19)) == (10, 365, MONDAY + timedelta(days=10))
    assert shared((0, None), (10, 374)) == (365, 365, MONDAY + timedelta(days=10))
    assert shared((0, None), (10, 2_000)) == (365, 365, MONDAY + timedelta(days=10))
    assert shared((0, None), (0, 3)) is None


def test_an_open_availability_lasts_as_long_as_the_need() -> None:
    assert shared((0, 29), (10, None)) == (20, 30, MONDAY + timedelta(days=10))
    assert shared((0, None), (10, None)) == (365, 365, MONDAY + timedelta(days=10))
    assert shared((0, 29), (26, None)) is None


def test_a_period_that_ends_before_it_starts_shares_no_day() -> None:
    assert shared((2, 0), (-10, 20)) is None
    assert shared((0, 29), (12, 10)) is None


def test_period_points_are_in_proportion_to_the_days_of_the_need() -> None:
    assert points((0, 29), (0, 4)) == 3  # 15 × 5 / 30 = 2.5
    assert points((0, None), (0, 11)) == 0  # 15 × 12 / 365 = 0.49
    assert points((0, None), (0, 12)) == 1  # 15 × 13 / 365 = 0.53
