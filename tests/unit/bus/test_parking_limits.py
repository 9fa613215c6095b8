"""A consumer stops when too much fails, and not for a few bad records among many good ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelles.bus.parking_limits import ParkingLimits, Tally, TooMuchParkedError


def test_consecutive_failures_are_bounded() -> None:
    tally = Tally(ParkingLimits(consecutive=3))
    for _ in range(3):
        tally.about_to_park()
    with pytest.raises(TooMuchParkedError, match="Plus de 3 messages de suite"):
        tally.about_to_park()


def test_a_success_begins_the_row_anew() -> None:
    tally = Tally(ParkingLimits(consecutive=3))
    for _ in range(10):
        tally.about_to_park()
        tally.handled()
    tally.handled(0)


def test_the_ratio_counts_once_enough_was_seen() -> None:
    tally = Tally(ParkingLimits(consecutive=1000, ratio=0.1))
    for _ in range(100):
        tally.about_to_park()
        tally.handled()
    with pytest.raises(TooMuchParkedError, match="derniers messages"):
        tally.about_to_park()


def test_old_failures_are_forgotten() -> None:
    tally = Tally(ParkingLimits())
    for _ in range(20):
        tally.about_to_park()
    tally.handled(5000)
    for _ in range(25):
        tally.about_to_park()


@given(st.lists(st.booleans(), max_size=1500))
def test_what_is_counted_is_what_the_window_holds(seen: list[bool]) -> None:
    tally = Tally(ParkingLimits(consecutive=10_000, ratio=1))
    for parked in seen:
        if parked:
            tally.about_to_park()
        else:
            tally.handled()
    assert tally._in_recent == sum(seen[-1000:])
