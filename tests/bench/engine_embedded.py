"""DuckDB, and SQLite with an R*Tree, in this process and in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import duckdb
import pyarrow as pa

from passerelles.reference.communes import COMMUNES
from schemas.facts import AvailabilityRecorded, NeedRecorded
from tests.bench.engine_sql import COLUMNS, RULES, Dialect, best, row

_SQLITE: Final = Dialect("/", "min", "max", "(instr({column}, ',{code},') > 0)")
_DUCKDB: Final = Dialect("//", "least", "greatest", "contains({column}, ',{code},')::int")


def _ways(need: NeedRecorded) -> str:
    return ", ".join(f"('{way.person}', {way.points})" for way in RULES.ways(need.occupation).values())


@contextmanager
def sqlite_table(staff: Sequence[AvailabilityRecorded]) -> Iterator[Any]:
    """An R*Tree of where people go, its third dimension the occupation."""
    numbers = {code: number for number, code in enumerate(sorted({each.occupation for each in staff}))}
    store = sqlite3.connect(":memory:")
    store.execute(f"create table staff ({COLUMNS.format(real='real')})")
    store.execute("create virtual table reaches using rtree(number, west, east, south, north, low, high)")
    rows = [row(each) for each in staff]
    store.executemany(f"insert into staff values ({', '.join('?' * 16)})", rows)
    boxes = [(number + 1, *each[12:16], *(numbers[each[1]],) * 2) for number, each in enumerate(rows)]
    store.executemany("insert into reaches values (?, ?, ?, ?, ?, ?, ?)", boxes)

    def ask(need: NeedRecorded) -> list[tuple[int, int, int]]:
        place, ways = COMMUNES[need.commune], RULES.ways(need.occupation).values()
        each = " union all ".join(
            f"select number, {way.points} as points from reaches where low <= {numbers[way.person]}"
            f" and high >= {numbers[way.person]} and west <= {place.lon!r} and east >= {place.lon!r}"
            f" and south <= {place.lat!r} and north >= {place.lat!r}"
            for way in ways
            if way.person in numbers
        )
        source = f"({each or 'select 0 as number, 0 as points'}) r join staff s on s.rowid = r.number"
        return [(int(id_), score, metres) for id_, score, metres in store.execute(best(need, source, _SQLITE))]

    yield ask
    store.close()


@contextmanager
def duckdb_table(staff: Sequence[AvailabilityRecorded]) -> Iterator[Any]:
    """Columns in order of occupation, so that whole groups of rows are passed over; on one thread."""
    store = duckdb.connect(":memory:", config={"threads": 1})
    names = [column.split()[0] for column in COLUMNS.split(", ")]
    loaded = pa.table(dict(zip(names, zip(*map(row, staff), strict=True), strict=True)))
    store.register("loaded", loaded)
    store.execute("create table staff as select * from loaded order by occupation, lat")

    def ask(need: NeedRecorded) -> list[tuple[int, int, int]]:
        place = COMMUNES[need.commune]
        source = (
            f"staff s join (values {_ways(need)}) w(person, points) on s.occupation = w.person"
            f" and {place.lon!r} between west and east and {place.lat!r} between south and north"
        )
        found = store.execute(best(need, source, _DUCKDB)).fetchall()
        return [(int(id_), score, metres) for id_, score, metres in found]

    yield ask
    store.close()
