"""What goes through all rows of a table: who expires, the index and the pool made afresh, compiled."""

from __future__ import annotations

from typing import Final

from services.matching.columns.compiled import kernel
from services.matching.columns.finding import slot_of
from services.matching.columns.layout import (
    BLOCK,
    GONE,
    HEAD,
    ID_PAIR,
    LAST,
    NEXT,
    NO_END,
    POOL_LOST,
    POOLED,
    ROWS,
    TAGS,
    TAGS_AT,
    Ints,
    Longs,
    Table,
)

_AFTER_ALL: Final = NO_END + 1


@kernel
def expired(table: Table, today: int, found: Longs) -> int:
    """The identifiers of what takes part and ended before a day; their number, even when `found` has not that room."""
    count = 0
    for bucket in range(GONE + 1, table.buckets.shape[0]):
        block, left = table.buckets[bucket, HEAD], table.buckets[bucket, ROWS]
        while left > 0:
            start = (block - 1) * BLOCK
            for position in range(start, start + min(left, BLOCK)):
                if table.rows[position, LAST] < today:
                    if count < found.shape[0]:
                        found[count, 0] = table.wide[position, ID_PAIR]
                        found[count, 1] = table.wide[position, ID_PAIR + 1]
                    count += 1
            left -= BLOCK
            block = table.chain[block - 1, NEXT]
    return count


@kernel
def live(table: Table, found: Longs) -> int:
    """The identifiers of all that takes part; their number, even when `found` has not that room."""
    return expired(table, _AFTER_ALL, found)


@kernel
def index_rows(table: Table) -> None:
    """Fill an empty index with every row."""
    for bucket in range(table.buckets.shape[0]):
        block, left = table.buckets[bucket, HEAD], table.buckets[bucket, ROWS]
        while left > 0:
            start = (block - 1) * BLOCK
            for position in range(start, start + min(left, BLOCK)):
                high, low = table.wide[position, ID_PAIR], table.wide[position, ID_PAIR + 1]
                table.slots[slot_of(table.slots, table.wide, ID_PAIR, high, low)] = position + 1
            left -= BLOCK
            block = table.chain[block - 1, NEXT]


@kernel
def repack(table: Table, tags: Ints) -> None:
    """Write the tags of every row one after another into a new pool."""
    at = 0
    for bucket in range(table.buckets.shape[0]):
        block, left = table.buckets[bucket, HEAD], table.buckets[bucket, ROWS]
        while left > 0:
            start = (block - 1) * BLOCK
            for position in range(start, start + min(left, BLOCK)):
                old = table.rows[position, TAGS_AT]
                table.rows[position, TAGS_AT] = at
                for place in range(table.rows[position, TAGS]):
                    tags[at + place] = table.tags[old + place]
                at += table.rows[position, TAGS]
            left -= BLOCK
            block = table.chain[block - 1, NEXT]
    table.sizes[POOLED] = at
    table.sizes[POOL_LOST] = 0
