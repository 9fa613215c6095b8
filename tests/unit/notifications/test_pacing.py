"""Turns by domain: never more than the rate and its burst allow, whatever is asked, and no turn that is not used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.notifications.channels.pacing import BURST_SECONDS, DomainPace

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NONE = timedelta()


@given(
    rate=st.integers(1, 50),
    steps=st.lists(st.integers(0, 500), min_size=1, max_size=300),
    patience=st.integers(0, 400),
)
def test_no_window_brings_more_than_the_bucket_holds(rate: int, steps: list[int], patience: int) -> None:
    pace, now, turns = DomainPace(rate), START, []
    for step in steps:
        now += timedelta(milliseconds=step)
        taken, wait = pace.turn("example.org", now, timedelta(milliseconds=patience))
        assert taken == (wait <= timedelta(milliseconds=patience))
        if taken:
            turns.append(now + wait)
    for first in range(0, len(turns), 7):
        for last in range(first, len(turns)):
            seconds = (turns[last] - turns[first]).total_seconds()
            assert last - first + 1 <= rate * (seconds + BURST_SECONDS) + 1e-3 * rate


def test_a_burst_then_one_by_one() -> None:
    pace = DomainPace(2)
    assert [pace.turn("example.org", START, NONE)[0] for _ in range(5)] == [True] * 4 + [False]
    half = timedelta(seconds=0.5)
    assert pace.turn("example.org", START + half, NONE) == (True, NONE)
    assert not pace.turn("example.org", START + half, NONE)[0]
    assert pace.turn("example.org", START + half, half) == (True, half)


def test_domains_do_not_wait_for_one_another() -> None:
    pace = DomainPace(1)
    assert [pace.turn("a.org", START, NONE)[0] for _ in range(3)] == [True, True, False]
    assert pace.turn("b.org", START, NONE)[0]


def test_those_sent_away_do_not_come_back_together() -> None:
    pace = DomainPace(1)
    for _ in range(2):
        pace.turn("a.org", START, NONE)
    waits = [pace.turn("a.org", START, NONE)[1].total_seconds() for _ in range(4)]
    assert waits == sorted(set(waits))
    assert waits[-1] - waits[0] == 3
