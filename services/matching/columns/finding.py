"""Open-addressing indexes from identifiers to rows: a slot holds the row's number plus one, 0 when it is free."""

from __future__ import annotations

import numpy as np

from services.matching.columns.compiled import kernel, part
from services.matching.columns.layout import Ints, Longs

# Odd constants of splitmix64 (Steele, Lea, Flood 2014).
_MIX = np.uint64(0x9E3779B97F4A7C15)
_STIR = np.uint64(0xBF58476D1CE4E5B9)
_27 = np.uint64(27)
_31 = np.uint64(31)


@part
def mixed(seed: int, high: int, low: int) -> int:
    """A number below 2^62 from an identifier; similar ones lie far apart."""
    value = (np.uint64(high) ^ np.uint64(seed)) * _MIX
    value = (value ^ (value >> _27) ^ np.uint64(low)) * _STIR
    value ^= value >> _31
    return np.int64(value >> np.uint64(2))


@part
def slot_of(slots: Ints, keys: Longs, column: int, high: int, low: int) -> int:
    """The slot of the row whose two `keys` from `column` on are these, or the free slot where it would stand."""
    mask = slots.size - 1
    slot = mixed(0, high, low) & mask
    while True:
        row = slots[slot] - 1
        if row < 0 or (keys[row, column] == high and keys[row, column + 1] == low):
            return slot
        slot = (slot + 1) & mask


@part
def slot_of_pair(slots: Ints, keys: Longs, high: int, low: int, other_high: int, other_low: int) -> int:
    """`slot_of`, for rows found by two identifiers: all four columns of `keys`."""
    mask = slots.size - 1
    slot = mixed(mixed(0, high, low), other_high, other_low) & mask
    while True:
        row = slots[slot] - 1
        if row < 0 or (
            keys[row, 0] == high and keys[row, 1] == low and keys[row, 2] == other_high and keys[row, 3] == other_low
        ):
            return slot
        slot = (slot + 1) & mask


@kernel
def index_row(slots: Ints, keys: Longs, row: int) -> None:
    """Let a row be found by its first two columns."""
    slots[slot_of(slots, keys, 0, keys[row, 0], keys[row, 1])] = row + 1


@kernel
def index_pairs(slots: Ints, keys: Longs, count: int) -> None:
    """Fill an empty index with the first `count` rows, by all four columns."""
    for row in range(count):
        slots[slot_of_pair(slots, keys, keys[row, 0], keys[row, 1], keys[row, 2], keys[row, 3])] = row + 1


@kernel
def index_firsts(slots: Ints, keys: Longs, count: int) -> None:
    """Fill an empty index with the first `count` rows, by the first two columns; one row stands for all alike."""
    for row in range(count):
        slots[slot_of(slots, keys, 0, keys[row, 0], keys[row, 1])] = row + 1
