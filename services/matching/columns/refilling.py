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
    told: Longs,
) -> int:
    """Search an exhausted ranking afresh, and note what that changes in what stands proposed.

    Args:
        what: how it is exhausted, by the pair of the availability of these two words that now has this key.
        told: rows for twice as many pairs as the need keeps.
    """
    rows, entries, start, kept = needs.rows, rankings.entries, needs.rows[need, RANKING_AT], needs.rows[need, KEPT]
    shown = entries[start : start + min(rows[need, COUNT], kept)].copy()
    rank(staff, needs, need, np.int64(bucket_of(needs, need)), metres, links, decided, rankings, marks)
    now = entries[start : start + min(rows[need, COUNT], kept)]
    count = np.int64(0)
    for each in range(shown.shape[0]):
        is_it = shown[each, HIGH] == high and shown[each, LOW] == low
        if not _stands(now, shown[each, HIGH], shown[each, LOW]) and not (is_it and what == EXHAUSTED_OVER):
            now_key = key if is_it else shown[each, KEY]
            count = tell(told, count, need, LEFT, now_key, shown[each, HIGH], shown[each, LOW])
    for each in range(now.shape[0]):
        is_it = now[each, HIGH] == high and now[each, LOW] == low
        if not _stands(shown, now[each, HIGH], now[each, LOW]):
            count = tell(told, count, need, CAME, now[each, KEY], now[each, HIGH], now[each, LOW])
        elif is_it and what == EXHAUSTED_CHANGED:
            count = tell(told, count, need, CHANGED, now[each, KEY], now[each, HIGH], now[each, LOW])
    return count


@part
def _stands(entries: Longs, high: int, low: int) -> bool:
    for each in range(entries.shape[0]):
        if entries[each, HIGH] == high and entries[each, LOW] == low:
            return True
    return False
