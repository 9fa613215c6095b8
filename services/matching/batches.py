"""Records of a partition made ready for the compiled functions that read and take many facts in one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zlib import crc32

import numpy as np

from passerelles.bus.codec import Recorded
from passerelles.bus.skimming import Head, skim
from schemas.catalogue import BY_PAYLOAD
from schemas.facts import AvailabilityRecorded, NeedRecorded
from services.matching.columns.taking import Written

_NEED: Final = BY_PAYLOAD[NeedRecorded]
_STAFF: Final = BY_PAYLOAD[AvailabilityRecorded]
_BEYOND: Final = bytes(64)
"""What compiled functions may look at after the last posting: more than the longest thing that they expect."""


class Batch:
    """Records, the headers of each looked at.

    Attributes:
        written: what compiled functions take.
    """

    def __init__(self, records: Sequence[Recorded]) -> None:
        skimmed = skim(records)
        self._which = skimmed.which
        self._heads = skimmed.heads
        lengths = np.fromiter(map(len, skimmed.parts), dtype=np.int64, count=len(skimmed.parts))
        # What differs from the written form is read by the models, whose digest is that of the form.
        digests = np.fromiter(map(crc32, skimmed.parts[2::3]), dtype=np.int64, count=len(records)) - (1 << 31)
        self.written = Written(
            text=np.frombuffer(b"".join((*skimmed.parts, _BEYOND)), dtype=np.uint8),
            ends=lengths.reshape(-1, 3).sum(axis=1).cumsum(),
            digests=digests.astype(np.int32),
            kinds=_kinds(skimmed.heads)[np.array(skimmed.which, dtype=np.int64)],
        )

    def head(self, place: int) -> Head | None:
        """What a record is about, as far as its headers tell; none when it is to be decoded."""
        which = self._which[place]
        return self._heads[which] if which >= 0 else None


def _kinds(heads: Sequence[Head]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """The kind of each head, and after the last, so at -1, that of none."""
    lands: dict[tuple[str, int], int] = {}
    kinds = []
    for head in heads:
        land = lands.setdefault((head.territory, head.epoch), len(lands))
        is_posting = head.type is _NEED or head.type is _STAFF
        kinds.append(2 * land + (head.type is _NEED) if is_posting else -1)
    return np.array([*kinds, -1], dtype=np.int32)
