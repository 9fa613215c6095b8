"""What the machine gives: the cores of this process, how much two bare loops do beside one, and what a process used."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")


def cores() -> Sequence[int]:
    """Those that this process may run on, in order."""
    return sorted(os.sched_getaffinity(0))


def cpu_seconds(*pids: int) -> float:
    """Of one core, used by these processes so far, in user and kernel mode (Linux: proc(5))."""
    return sum(_cpu_seconds(pid) for pid in pids)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def spin_ratio(first: int, second: int, *, seconds: float = 1.0) -> float:
    """Turns of a bare loop on two cores at once, for one turn of it on the first alone: 2 on a machine of one's own."""
    (alone,) = _spun([first], seconds)
    return sum(_spun([first, second], seconds)) / alone


def _spun(pinned: Sequence[int], seconds: float) -> Sequence[int]:
    with multiprocessing.get_context("fork").Pool(len(pinned)) as pool:
        return pool.starmap(_spin, [(core, seconds) for core in pinned], chunksize=1)


def _spin(core: int, seconds: float) -> int:
    os.sched_setaffinity(0, {core})
    turns, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        turns += 1
    return turns
