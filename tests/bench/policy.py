"""Decisions of the policy a second, over a mixture of kinds, channels, pasts and hours, beside a bare lookup."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from schemas.deliveries import AlertRule, Channel, MessageKind
from schemas.preferences import DigestTime, Every, Pace, Preferences
from services.notifications.verdicts import Limits, Past, Reader, decide

COUNT: Final = 200_000
ASKED: Final = 50_000
"""What the project asks for, a second."""

Case = tuple[MessageKind, Reader, Past, datetime]


def cases() -> Sequence[Case]:
    """Everything that decides otherwise, in equal shares."""
    start = datetime(2026, 10, 23, 17, 58, tzinfo=UTC)
    weekly = Preferences(
        email=dict.fromkeys(MessageKind, Pace.DIGEST), digest=DigestTime(every=Every.WEEK, weekday=6, hour=2)
    )
    ago = (None, timedelta(hours=3), timedelta(days=30))
    made = []
    for number, (kind, channel, preferences, one, two) in enumerate(
        itertools.product(MessageKind, Channel, (Preferences(), weekly), ago, ago)
    ):
        now = start + timedelta(minutes=37 * number)
        past = Past(
            AlertRule.TOLD_BEFORE if number % 11 == 0 else None,
            None if one is None else now - one,
            None if two is None else now - two,
        )
        reader = Reader(UUID(int=number), channel, preferences, reachable=number % 13 != 0)
        made.append((kind, reader, past, now))
    return made


def per_second(made: Sequence[Case], call: Callable[[Case], object]) -> float:
    began = time.perf_counter()
    for case in itertools.islice(itertools.cycle(made), COUNT):
        call(case)
    return COUNT / (time.perf_counter() - began)


def measure() -> dict[str, float]:
    limits, made = Limits(), cases()
    bare = per_second(made, lambda case: case[1].preferences.pace(case[0], case[1].channel))
    decided = per_second(made, lambda case: decide(*case, limits))
    return {
        "policy.decisions_per_s": decided,
        "policy.decisions_asked_per_s": ASKED,
        "policy.lookups_per_s": bare,
    }
