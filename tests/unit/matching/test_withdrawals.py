"""For which reason a pair is withdrawn, and when an entity expires."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas.vocabulary import PostingStatus
from tests.unit.matching import scenery
from tests.unit.matching.fed_log import Log
from tests.unit.matching.scenery import (
    FOOD,
    MONDAY,
    need,
    staff,
)

REASONS = [
    ({"status": PostingStatus.WITHDRAWN}, "need_withdrawn"),
    ({"headcount_left": 0}, "need_filled"),
    ({"end": MONDAY - timedelta(days=1), "start": MONDAY - timedelta(days=30)}, "need_expired"),
    ({"territories": ("12",)}, "need_moved"),
    ({"status": PostingStatus.WITHDRAWN, "headcount_left": 0, "territories": ()}, "need_withdrawn"),
    ({"occupation": FOOD}, "no_longer_eligible"),
]


@pytest.mark.parametrize(("change", "reason"), REASONS)
def test_why_a_need_loses_its_pairs(change: dict[str, Any], reason: str) -> None:
    log = Log(loaded=[scenery.day(MONDAY), staff(1000)])
    log.say(need())
    assert log.say(need(version=2, **change)) == [("withdrawn", 1, 1000, reason)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": PostingStatus.WITHDRAWN}, "availability_withdrawn"),
        ({"headcount_left": 0}, "availability_filled"),
        ({"end": MONDAY - timedelta(days=1), "start": MONDAY - timedelta(days=30)}, "availability_expired"),
        ({"territories": ("12",)}, "out_of_reach"),
        ({"occupation": FOOD}, "no_longer_eligible"),
        ({"siren": scenery.BORROWER}, "no_longer_eligible"),
    ],
)
def test_why_staff_lose_their_pairs(change: dict[str, Any], reason: str) -> None:
    log = Log(loaded=[scenery.day(MONDAY), staff(1000)])
    log.say(need())
    assert log.say(staff(1000, 2, **change)) == [("withdrawn", 1, 1000, reason)]


def test_an_entity_expires_the_day_after_its_last_one() -> None:
    last = MONDAY + timedelta(days=9)
    log = Log(loaded=[scenery.day(MONDAY), staff(1000, end=last), staff(1001), need(1), need(2, end=last)])
    assert log.say(scenery.day(last)) == []
    assert log.say(scenery.day(last + timedelta(days=1))) == [
        ("withdrawn", 1, 1000, "availability_expired"),
        ("withdrawn", 2, 1000, "need_expired"),
        ("withdrawn", 2, 1001, "need_expired"),
    ]
    assert log.say(need(2, 2)) == [("made", 2, 1001, 100)]
