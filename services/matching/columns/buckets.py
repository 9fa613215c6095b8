"""Rows in buckets by occupation, so that a search reads memory in one direction: put, change, move, find.

A row that leaves a bucket is replaced by the bucket's last, so that blocks stay full and no row points to another.
"""

from __future__ import annotations

from typing import Final

from services.matching.columns.compiled import kernel, part
from services.matching.columns.finding import slot_of
from services.matching.columns.layout import (
    BLOCK,
    BLOCKS,
    DIGEST,
    FACT_WIDTH,
    FREE,
    GONE,
    HEAD,
    ID_PAIR,
    KNOWN,
    NEXT,
    OWNER,
    POOL_LOST,
    POOLED,
    PREVIOUS,
    ROWS,
    TAGS,
    TAGS_AT,
    TAIL,
    VERSION,
    Ints,
    Longs,
    Table,
)

# What `record` answers when it took nothing: the version is older, or known with another content, or there is no room.
OLDER: Final = -1
OTHER: Final = -2
NO_ROOM: Final = -3


@part
def _copy(to: Ints, at: int, source: Ints, place: int, width: int) -> None:
    """Copy a row: a loop compiles ten times faster than an assignment of slices."""
    for column in range(width):
        to[at, column] = source[place, column]


@part
def _clear(rows: Ints, at: int) -> None:
    for column in range(rows.shape[1]):
        rows[at, column] = 0


@kernel
def position_of(table: Table, high: int, low: int) -> int:
    """Where a row lies; -1 when it is unknown."""
    return table.slots[slot_of(table.slots, table.wide, ID_PAIR, high, low)] - 1


@kernel
def bucket_of(table: Table, position: int) -> int:
    """The bucket in which a row lies."""
    return table.chain[position // BLOCK, OWNER]


@part
def _opened(table: Table, bucket: int) -> int:
    """The place after the last row of a bucket."""
    sizes, chain, buckets = table.sizes, table.chain, table.buckets
    count = buckets[bucket, ROWS]
    if count % BLOCK == 0:
        block = sizes[FREE]
        if block:
            sizes[FREE] = chain[block - 1, NEXT]
        else:
            sizes[BLOCKS] += 1
            block = sizes[BLOCKS]
        tail = buckets[bucket, TAIL]
        chain[block - 1, OWNER] = bucket
        chain[block - 1, PREVIOUS] = tail
        chain[block - 1, NEXT] = 0
        if tail:
            chain[tail - 1, NEXT] = block
        else:
            buckets[bucket, HEAD] = block
        buckets[bucket, TAIL] = block
    buckets[bucket, ROWS] = count + 1
    return (buckets[bucket, TAIL] - 1) * BLOCK + count % BLOCK


@part
def _closed(table: Table, position: int) -> None:
    """Let the last row of a bucket take the place of the one that leaves."""
    sizes, chain, buckets = table.sizes, table.chain, table.buckets
    bucket = chain[position // BLOCK, OWNER]
    count = buckets[bucket, ROWS] - 1
    tail = buckets[bucket, TAIL]
    last = (tail - 1) * BLOCK + count % BLOCK
    if last != position:
        slot = slot_of(table.slots, table.wide, ID_PAIR, table.wide[last, ID_PAIR], table.wide[last, ID_PAIR + 1])
        _copy(table.rows, position, table.rows, last, table.rows.shape[1])
        table.slots[slot] = position + 1
    buckets[bucket, ROWS] = count
    if count % BLOCK == 0:
        before = chain[tail - 1, PREVIOUS]
        buckets[bucket, TAIL] = before
        if before:
            chain[before - 1, NEXT] = 0
        else:
            buckets[bucket, HEAD] = 0
        chain[tail - 1, NEXT] = sizes[FREE]
        sizes[FREE] = tail


@part
def _has_room(table: Table, tags: int) -> bool:
    """Whether any one row may come or move; the index is kept at most 70 % full."""
    sizes = table.sizes
    blocks = sizes[FREE] > 0 or (sizes[BLOCKS] + 1) * BLOCK <= table.rows.shape[0]
    return blocks and 10 * (sizes[KNOWN] + 1) <= 7 * table.slots.size and sizes[POOLED] + tags <= table.tags.size


@kernel
def record(table: Table, fact: Ints, wide: Longs, tags: Ints, count: int, bucket: int, former: Ints) -> int:
    """Take a fact into a bucket, if its version is news; what stood there before is left in `former`.

    Args:
        fact: the one row of the fact, and `wide` the same by pairs of columns.
        tags: its `count` tags.
        former: one row; its version is 0 when there was none, or only a mention of it. Its tags stay in the pool, at
            the place where it says.

    Returns:
        The bucket where it was, `GONE` too when there was none; `OLDER`, `OTHER` or `NO_ROOM` when nothing is done.
    """
    rows, sizes = table.rows, table.sizes
    if not _has_room(table, count):
        return NO_ROOM
    slot = slot_of(table.slots, table.wide, ID_PAIR, wide[0, ID_PAIR], wide[0, ID_PAIR + 1])
    position = table.slots[slot] - 1
    was = GONE
    if position < 0:
        _clear(former, 0)
        position = _opened(table, bucket)
        _clear(rows, position)
        sizes[KNOWN] += 1
    else:
        if rows[position, VERSION] >= fact[0, VERSION]:
            same = rows[position, VERSION] > fact[0, VERSION] or rows[position, DIGEST] == fact[0, DIGEST]
            return OLDER if same else OTHER
        _copy(former, 0, rows, position, rows.shape[1])
        was = table.chain[position // BLOCK, OWNER]
        if was != bucket:
            _closed(table, position)
            position = _opened(table, bucket)
            _copy(rows, position, former, 0, rows.shape[1])
    _copy(rows, position, fact, 0, FACT_WIDTH)
    table.slots[slot] = position + 1
    at = sizes[POOLED]
    for place in range(count):
        table.tags[at + place] = tags[place]
    rows[position, TAGS_AT] = at
    rows[position, TAGS] = count
    sizes[POOLED] += count
    sizes[POOL_LOST] += former[0, TAGS]
    return was


@kernel
def mention(table: Table, high: int, low: int) -> int:
    """Where a row lies; one without content is made when it is unknown. `NO_ROOM` when there is none for it."""
    if not _has_room(table, 0):
        return NO_ROOM
    slot = slot_of(table.slots, table.wide, ID_PAIR, high, low)
    position = table.slots[slot] - 1
    if position < 0:
        position = _opened(table, GONE)
        _clear(table.rows, position)
        table.wide[position, ID_PAIR] = high
        table.wide[position, ID_PAIR + 1] = low
        table.slots[slot] = position + 1
        table.sizes[KNOWN] += 1
    return position


@kernel
def retire(table: Table, high: int, low: int, carried: Ints) -> int:
    """Move a known row to those that take no part, without its tags; `carried` is one row to work with.

    Returns:
        Its place, or `NO_ROOM`.
    """
    if not _has_room(table, 0):
        return NO_ROOM
    slot = slot_of(table.slots, table.wide, ID_PAIR, high, low)
    position = table.slots[slot] - 1
    _copy(carried, 0, table.rows, position, carried.shape[1])
    table.sizes[POOL_LOST] += carried[0, TAGS]
    carried[0, TAGS] = 0
    _closed(table, position)
    position = _opened(table, GONE)
    _copy(table.rows, position, carried, 0, carried.shape[1])
    table.slots[slot] = position + 1
    return position
