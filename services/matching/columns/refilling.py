"""The ranking of a need that does not know who comes next, searched afresh and compared with what stood, compiled."""

from __future__ import annotations

import numpy as np

from services.matching.columns.buckets import bucket_of
from services.matching.columns.compiled import kernel, part
from services.matching.columns.layout import (
    COUNT,
    HIGH,
    KEPT,
    KEY,
    LOW,
    RANKING_AT,
    Decided,
    Ints,
    Links,
    Longs,
    Rankings,
    Table,
)
from services.matching.columns.meeting import CAME, CHANGED, EXHAUSTED_CHANGED, EXHAUSTED_OVER, LEFT, tell
from services.matching.columns.ranking import rank


@kernel
def refill(
    staff: Table,
    needs: Table,
    need: int,
    metres: Ints,
    links: Links,
    decided: Decided,
    rankings: Rankings,
    marks: Ints,
    what: int,
    key: int,
    high: int,
    low: int,
    shown: Longs,
    told: Longs,
) -> int:
    """Search an exhausted ranking afresh, and note what that changes in what stands proposed.

    Args:
        what: how it is exhausted, by the pair of the availability of these two words that now has this key.
        shown: rows to work with, as many as the need keeps.
        told: rows for twice as many.
    """
    rows, entries, start, kept = needs.rows, rankings.entries, needs.rows[need, RANKING_AT], needs.rows[need, KEPT]
    stood = min(rows[need, COUNT], kept)
    for each in range(stood):
        for column in range(3):
            shown[each, column] = entries[start + each, column]
    rank(staff, needs, need, np.int64(bucket_of(needs, need)), metres, links, decided, rankings, marks)
    stand = min(rows[need, COUNT], kept)
    count = np.int64(0)
    for each in range(stood):
        is_it = shown[each, HIGH] == high and shown[each, LOW] == low
        stays = _stands(entries, start, stand, shown[each, HIGH], shown[each, LOW])
        if not stays and not (is_it and what == EXHAUSTED_OVER):
            now_key = key if is_it else shown[each, KEY]
            count = tell(told, count, need, LEFT, now_key, shown[each, HIGH], shown[each, LOW])
    for each in range(start, start + stand):
        is_it = entries[each, HIGH] == high and entries[each, LOW] == low
        if not _stands(shown, 0, stood, entries[each, HIGH], entries[each, LOW]):
            count = tell(told, count, need, CAME, entries[each, KEY], entries[each, HIGH], entries[each, LOW])
        elif is_it and what == EXHAUSTED_CHANGED:
            count = tell(told, count, need, CHANGED, entries[each, KEY], entries[each, HIGH], entries[each, LOW])
    return count


@part
def _stands(entries: Longs, start: int, count: int, high: int, low: int) -> bool:
    for each in range(start, start + count):
        if entries[each, HIGH] == high and entries[each, LOW] == low:
            return True
    return False
