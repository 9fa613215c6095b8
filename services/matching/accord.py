"""Whether the territories that a process holds were told the same of an availability that several of them know.

The registry writes one content of a version to every territory within reach. Two contents are a fault of whoever wrote
to the bus: each fold keeps what its own log says, so that none can tell by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import numpy as np
import structlog

from services.matching.columns.layout import STAMPED_VERSION, Longs, number_of
from services.matching.shard import MatchingShard

log = structlog.get_logger(__name__)


class Disagreement(NamedTuple):
    """A version of an availability of which two territories know different contents."""

    id: UUID
    version: int
    territories: tuple[str, str]


class Accord:
    """Compares what the folds of a process hold, whenever it is asked to look.

    Args:
        shards: gives those at work, which come and go.

    Attributes:
        disagreements: versions of availabilities with several contents, as of the last look. The next version, told
            alike everywhere, ends one.
    """

    def __init__(self, shards: Callable[[], Iterable[MatchingShard]]) -> None:
        self.disagreements = 0
        self._shards = shards
        self._told: set[tuple[str, str]] = set()

    async def look(self) -> None:
        """Compare; the first disagreement of two territories is logged. A fold stands still only to be copied."""
        folds = [fold for shard in self._shards() for fold in shard.folds.values()]
        newest = max((fold.epoch for fold in folds), default=0)
        # A territory that is still in the epoch before may be laid out otherwise: `territories` is part of a content.
        stamps: dict[str, Longs] = {}
        for fold in folds:
            if fold.epoch == newest:
                stamps[fold.territory] = fold.facts.staff.stamps()
                await asyncio.sleep(0)
        found = await asyncio.to_thread(disagreements, stamps) if len(stamps) > 1 else []
        self.disagreements = len({(each.id, each.version) for each in found})
        for each in found:
            if each.territories not in self._told:
                self._told.add(each.territories)
                log.warning(
                    "matching.territories_disagree",
                    availability=str(each.id),
                    version=each.version,
                    territories=each.territories,
                )


def disagreements(stamps: Mapping[str, Longs]) -> Sequence[Disagreement]:
    """What is different, by identifier.

    Args:
        stamps: of each territory what `Rows.stamps` gives.
    """
    names = sorted(stamps)
    all_ = np.concatenate([stamps[name] for name in names])
    owners = np.repeat(np.arange(len(names)), [len(stamps[name]) for name in names])
    stamp, high, low = all_.T
    order = np.lexsort((stamp, stamp & STAMPED_VERSION, low, high))
    stamp, high, low = all_[order].T
    same = (high[1:] == high[:-1]) & (low[1:] == low[:-1]) & ((stamp[1:] ^ stamp[:-1]) & STAMPED_VERSION == 0)
    found = []
    for place in np.flatnonzero(same & (stamp[1:] != stamp[:-1])).tolist():
        one, other = sorted(names[owners[order[each]]] for each in (place, place + 1))
        id_ = UUID(int=number_of(int(high[place]), int(low[place])))
        found.append(Disagreement(id_, int(stamp[place]) & STAMPED_VERSION, (one, other)))
    return found
