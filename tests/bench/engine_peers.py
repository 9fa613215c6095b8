"""The same question put to what one would otherwise use: PostGIS, DuckDB, SQLite with an R*Tree, plain numpy.

Each holds the same availabilities, indexed as well as it can, and answers the same needs one by one with a warm cache;
the same pairs in the same order are asserted of each. What is not installed is skipped, and said so.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from schemas.facts import AvailabilityRecorded, NeedRecorded
from tests.bench.engine_embedded import duckdb_table, sqlite_table
from tests.bench.engine_numpy import numpy_columns
from tests.bench.engine_postgis import NotInstalledError, cluster
from tests.bench.relay import percentile

Answer = list[tuple[int, int, int]]
"""Number of the availability, score and metres, by rank."""

ASKED: Final = 200
_POSTGIS_RATIO: Final = 200
_POSTGIS: Final = {
    "postgis": ("geometry", "auto"),
    "postgis_geography": ("geography", "auto"),
    "postgis_planned_anew": ("geometry", "force_custom_plan"),
    "postgis_geography_planned_anew": ("geography", "force_custom_plan"),
}
_IN_PROCESS: Final = {"duckdb": duckdb_table, "sqlite": sqlite_table, "numpy": numpy_columns}


def ratios(
    staff: Sequence[AvailabilityRecorded],
    needs: Sequence[NeedRecorded],
    answers: dict[UUID, Answer],
    own: Sequence[float],
) -> dict[str, float]:
    """How many times longer each takes than the engine, at the median of the same needs, both by the clock."""
    asked, expected = needs[:ASKED], [answers[need.id] for need in needs[:ASKED]]
    clocked = percentile(own[:ASKED], 0.5)
    figures = {"engine.need.clock_p50_ms": clocked}
    for name, opened in _IN_PROCESS.items():
        with opened(staff) as ask:
            times = []
            for need in asked:
                ask(need)
            for need, answer in zip(asked, expected, strict=True):
                began = time.perf_counter()
                found = ask(need)
                times.append(1000 * (time.perf_counter() - began))
                assert found == answer, (name, need)
        figures |= _compared(name, times, clocked)
    try:
        with cluster(staff) as postgis:
            for name, (index, plans) in _POSTGIS.items():
                found, times = postgis.ask(asked, index, plans)
                assert found == expected, name
                figures |= _compared(name, times, clocked)
        figures["engine.postgis_ratio.limit"] = _POSTGIS_RATIO
    except NotInstalledError as missing:
        print(f"   not compared with PostGIS: {missing}")
    return figures


def _compared(name: str, times: Sequence[float], clocked: float) -> dict[str, float]:
    p50 = percentile(times, 0.5)
    return {
        f"engine.{name}.p50_ms": p50,
        f"engine.{name}.p99_ms": percentile(times, 0.99),
        f"engine.{name}_ratio": p50 / clocked,
    }
