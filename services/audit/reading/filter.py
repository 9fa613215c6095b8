"""Which rows of a batch are wanted, column by column, before any of them becomes a record."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final

import pyarrow as pa
from pyarrow import compute

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Filter:
    """Keeps the rows of a period, some types and a territory, and those whose type only their headers tell."""

    def __init__(
        self, since: datetime | None, until: datetime | None, types: Collection[str] | None, territory: str | None
    ) -> None:
        self._territory = None if territory is None else pa.scalar(territory, pa.string())
        self._low = None if since is None else pa.scalar(_milliseconds(since), pa.int64())
        self._high = None if until is None else pa.scalar(_milliseconds(until), pa.int64())
        self._types = None if types is None else pa.array(sorted(types), pa.string())

    def of(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows that are kept."""
        masks = []
        at = batch.column("at").cast(pa.int64())
        if self._low is not None:
            masks.append(compute.greater_equal(at, self._low))
        if self._high is not None:
            masks.append(compute.less(at, self._high))
        if self._types is not None:
            masks.append(compute.or_(compute.is_in(batch.column("type"), self._types), _is_odd(batch)))
        if self._territory is not None:
            is_there = compute.fill_null(compute.equal(batch.column("territory"), self._territory), fill_value=False)
            masks.append(compute.or_(is_there, _is_odd(batch)))
        for mask in masks[1:]:
            masks[0] = compute.and_(masks[0], mask)
        return batch.filter(masks[0]) if masks else batch


def _is_odd(batch: pa.RecordBatch) -> pa.Array:
    return compute.is_valid(batch.column("headers"))


def _milliseconds(instant: datetime) -> int:
    """The first millisecond that is not before."""
    return -((_BEGINNING - instant) // timedelta(milliseconds=1))
