"""Rows of needs or of availabilities, with the arrays that grow under them.

Arrays grow by a quarter: what is copied then is a few megabytes for a hundred thousand rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from services.matching.columns import buckets, walking
from services.matching.columns.layout import (
    BLOCK,
    BLOCKS,
    FREE,
    ID_PAIR,
    KNOWN,
    POOL_LOST,
    POOLED,
    STAMPED_VERSION,
    VERSION,
    Ints,
    Longs,
    Table,
    words,
)

Width = TypeVar("Width", np.int32, np.int64)

_FIRST_BLOCKS: Final = 8
_FIRST_SLOTS: Final = 256
_FIRST_TAGS: Final = 1024


def grown(array: NDArray[Width], rows: int) -> NDArray[Width]:
    """A copy with room for so many rows, those beyond the old ones without meaning."""
    larger: NDArray[Width] = np.empty((rows, *array.shape[1:]), dtype=array.dtype)
    larger[: len(array)] = array
    return larger


def room_for(count: int, least: int) -> int:
    """How much to hold ready when so much is needed: a quarter more."""
    return max(least, count + count // 4)


class Rows:
    """The rows of one kind, in buckets.

    Attributes:
        table: what the compiled functions take. It is another one after `record`, `mention` or `retire`.
        former: the row that the last `record` replaced.
    """

    def __init__(self, width: int, buckets_: int) -> None:
        self._width = width
        rows = np.empty((_FIRST_BLOCKS * BLOCK, width), dtype=np.int32)
        self.table = Table(
            rows=rows,
            wide=rows.view(np.int64),
            chain=np.zeros((_FIRST_BLOCKS, 3), dtype=np.int32),
            buckets=np.zeros((buckets_, 3), dtype=np.int32),
            slots=np.zeros(_FIRST_SLOTS, dtype=np.int32),
            sizes=np.zeros(5, dtype=np.int64),
            tags=np.empty(_FIRST_TAGS, dtype=np.int32),
        )
        self.former = np.zeros((1, width), dtype=np.int32)
        self._carried = np.zeros((1, width), dtype=np.int32)

    def __len__(self) -> int:
        """All that are known, taking part or not."""
        return int(self.table.sizes[KNOWN])

    @property
    def nbytes(self) -> int:
        """Memory held for them, in bytes: all that grows with their number."""
        table = self.table
        return table.rows.nbytes + table.chain.nbytes + table.slots.nbytes + table.tags.nbytes

    def find(self, id_: UUID) -> int:
        """Where a row lies; -1 when it is unknown."""
        return int(buckets.position_of(self.table, *words(id_)))

    def record(self, fact: Ints, wide: Longs, tags: Ints, count: int, bucket: int) -> int:
        """As the compiled `record`, but there is always room."""
        while (was := buckets.record(self.table, fact, wide, tags, count, bucket, self.former)) == buckets.NO_ROOM:
            self._make_room(count)
        return was

    def mention(self, id_: UUID) -> int:
        """Where a row lies; one that takes no part is made when it is unknown."""
        while (position := buckets.mention(self.table, *words(id_))) == buckets.NO_ROOM:
            self._make_room(0)
        return position

    def retire(self, high: int, low: int) -> None:
        """Move a known row to those that take no part."""
        while buckets.retire(self.table, high, low, self._carried) == buckets.NO_ROOM:
            self._make_room(0)

    def expired(self, today: int) -> list[tuple[int, int]]:
        """The two words of what takes part and ended before a day."""
        found = np.empty((walking.expired(self.table, today, np.empty((0, 2), dtype=np.int64)), 2), dtype=np.int64)
        walking.expired(self.table, today, found)
        return [(high, low) for high, low in found.tolist()]

    def live(self) -> list[tuple[int, int]]:
        """The two words of all that takes part."""
        found = np.empty((len(self), 2), dtype=np.int64)
        return [(high, low) for high, low in found[: walking.live(self.table, found)].tolist()]

    def stamps(self) -> Longs:
        """Of all whose content is known: the digest above 32 bits of version, and the two words of the identifier."""
        known = np.sort(self.table.slots[self.table.slots > 0]) - 1  # in the order of memory, which is read once
        stamps = self.table.wide[known, VERSION // 2 : ID_PAIR + 2]
        return stamps[stamps[:, 0] & STAMPED_VERSION > 0]

    def add_bucket(self) -> None:
        """One more bucket, after the last."""
        self.table = self.table._replace(buckets=np.vstack((self.table.buckets, np.zeros((1, 3), dtype=np.int32))))

    def restore(self, arrays: Mapping[str, Any]) -> None:
        """Hold what these arrays say: all those of the table but its index."""
        rows = np.array(arrays["rows"])
        self.table = Table(
            rows=rows,
            wide=rows.view(np.int64),
            slots=self.table.slots,
            **{name: np.array(arrays[name]) for name in ("chain", "buckets", "sizes", "tags")},
        )
        self.reindex()

    def reindex(self) -> None:
        """Make the index afresh, with room for more."""
        slots = _FIRST_SLOTS
        while 10 * (len(self) + 1) > 7 * slots:
            slots *= 2
        self.table = self.table._replace(slots=np.zeros(slots, dtype=np.int32))
        walking.index_rows(self.table)

    def _make_room(self, tags: int) -> None:
        """For one more row and so many tags."""
        table, sizes = self.table, self.table.sizes
        if sizes[FREE] == 0 and (sizes[BLOCKS] + 1) * BLOCK > len(table.rows):
            blocks = room_for(int(sizes[BLOCKS]) + 1, _FIRST_BLOCKS)
            rows = grown(table.rows, blocks * BLOCK)
            self.table = table._replace(rows=rows, wide=rows.view(np.int64), chain=grown(table.chain, blocks))
        if 10 * (len(self) + 1) > 7 * len(table.slots):
            self.reindex()
        if sizes[POOLED] + tags > len(table.tags):
            kept = int(sizes[POOLED] - sizes[POOL_LOST])
            pool = np.empty(room_for(kept + tags, _FIRST_TAGS), dtype=np.int32)
            walking.repack(self.table, pool)
            self.table = self.table._replace(tags=pool)
