"""The odd things that a log may hold: each is counted, and its first one logged (design, decision 10)."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

import structlog

log = structlog.get_logger(__name__)


class Odd(StrEnum):
    """What is odd about an event. It is left aside; only what comes after a `gap` is taken all the same.

    `elsewhere`: of a territory that is not laid out in this partition. `not_adopted`: before the first `rules.adopted`
    of its territory. `other_epoch`: of an epoch that is over, or that never began here. `older_version`: at or below
    what is known, with the same content where it is equal. `other_content`: the same version with another content; the
    first stays. `earlier_day`: a day not after the current one. `unknown_commune`: a fact at a commune that is not in
    the reference data. `opened_again`: an epoch that is open already. `gap`: versions are missing
    before a fact, which is whole without them.
    """

    ELSEWHERE = "elsewhere"
    NOT_ADOPTED = "not_adopted"
    OTHER_EPOCH = "other_epoch"
    OLDER_VERSION = "older_version"
    OTHER_CONTENT = "other_content"
    EARLIER_DAY = "earlier_day"
    UNKNOWN_COMMUNE = "unknown_commune"
    OPENED_AGAIN = "opened_again"
    GAP = "gap"


class Oddities(Counter[Odd]):
    """How often each was met in a partition. The first of a kind in a territory is logged: a flood would hide others.

    Args:
        partition: as the log is told.
    """

    def __init__(self, partition: int | None = None) -> None:
        super().__init__()
        self._partition = partition
        self._told: set[tuple[Odd, str]] = set()

    def note(self, odd: Odd, territory: str, times: int = 1) -> None:
        """Count what was met in a territory."""
        self[odd] += times
        if (odd, territory) not in self._told:
            self._told.add((odd, territory))
            name = "matching.version_gap" if odd is Odd.GAP else "matching.left_aside"
            log.warning(name, odd=odd.value, territory=territory, partition=self._partition)
