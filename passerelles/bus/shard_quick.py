"""The quick way through records: many at once, wherever the shard need not look at each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aiokafka import ConsumerRecord

from passerelles.bus.codec import decode
from passerelles.bus.shard import QuickShard, Shard, refused
from schemas.envelope import Event
from schemas.vocabulary import Payload

_STEP: Final = 128
"""Records taken at once: two milliseconds at most, after which others may have their turn."""


class Quick:
    """The records of one partition that were read at once.

    Args:
        raws: at least one, in the order of their offsets.
        position: the offset that the shard is to take next; unless they go on from there, without a gap, none is taken.
        silently: take them as `load` does, else as `fold` does.
    """

    def __init__(self, shard: Shard, raws: Sequence[ConsumerRecord], position: int, *, silently: bool = False) -> None:
        self._raws = raws
        self._silently = silently
        in_a_row = raws[0].offset == position and raws[-1].offset - position == len(raws) - 1
        self._shard = shard if in_a_row and isinstance(shard, QuickShard) else None
        self._batch = None if self._shard is None else self._shard.read(raws)
        self._alone = -1

    def take(self, first: int) -> tuple[int, Sequence[Event[Payload]]]:
        """Take records from `first` on, for some milliseconds.

        Returns:
            The first that was not taken, and what the others caused. If that is `first`, it has to be taken alone.

        Raises:
            FoldError: the shard refused one.
        """
        if self._shard is None or first == self._alone:
            return first, ()
        last = min(first + _STEP, len(self._raws))
        try:
            taken, said = self._shard.take(self._batch, first, last, silently=self._silently)
            if said is None:
                self._alone = taken if taken < last else -1
                return taken, ()
            raw = self._raws[taken - 1]
            return taken, said(decode(raw), raw.offset)
        except Exception as error:
            raise refused(self._raws[first], error) from error
