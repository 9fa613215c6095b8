"""The collector leaves alone what lasts, and still finds the cycles that are made later."""

from __future__ import annotations

import gc
import weakref
from collections import deque

import pytest

from passerelles.garbage import THRESHOLDS, collect_seldom, pass_over_what_is_loaded

pytestmark = pytest.mark.usefixtures("collector")


class Cycle:
    def __init__(self) -> None:
        self.itself = self


def test_what_lasts_is_passed_over_and_what_comes_later_is_found() -> None:
    lasting = Cycle()
    pass_over_what_is_loaded()
    assert not any(each is lasting for each in gc.get_objects())
    later = weakref.ref(Cycle())
    assert later() is not None
    gc.collect()
    assert later() is None


def test_cycles_are_found_without_being_looked_for_by_hand() -> None:
    collect_seldom()
    assert gc.get_threshold() == THRESHOLDS
    first = weakref.ref(Cycle())
    for _ in range(4 * THRESHOLDS[0]):
        Cycle()
    assert first() is None


def test_cycles_that_outlive_two_rounds_do_not_add_up() -> None:
    collect_seldom()
    pass_over_what_is_loaded()
    # Longer than the rounds before the middle ones are gone through: the last generation is where they end.
    living = deque([Cycle()], maxlen=15 * THRESHOLDS[0])
    first = weakref.ref(living[0])
    for _ in range(1_500_000):
        living.append(Cycle())
        if first() is None:
            break
    assert first() is None
