"""When Python looks for cycles of garbage: seldom, and never among what a process holds from its start to its end.

A loaded process makes some ten thousand objects that live for a second, as requests, records and documents do. By its
own settings CPython then goes through all that it holds, code and reference data included, about once a second: a fifth
of a second in which nothing else happens, and a quarter of a core (Python 3.11, whose last generation is gone through
once a quarter of it is new).
"""

from __future__ import annotations

import gc
from typing import Final

THRESHOLDS: Final = (10_000, 10, 10)
"""New objects before the youngest are gone through (a few milliseconds), such rounds before the middle ones are (some
tens), and those before all are. Only cycles wait for that: whatever is in none is freed at once, as always.

The last one bounds what a process may hold in vain: of cycles that outlive two rounds, as those of a request that waits
do, some million objects at most, or as many as a quarter of what was gone through the last time."""


def collect_seldom() -> None:
    """Settle the collector, from the start of a process on."""
    gc.set_threshold(*THRESHOLDS)


def pass_over_what_is_loaded() -> None:
    """Never go through what there is now: the process has loaded what lasts as long as itself."""
    gc.collect()
    gc.freeze()
