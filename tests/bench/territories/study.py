"""The study: a region at several scales on the shipped table, and départements cut until it no longer pays."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Final

from schemas.territories import CURRENT, MOST_SLICES, TerritoryTable, departement_of
from tests.bench.territories.demand import Demand, demand
from tests.bench.territories.industry import Industry
from tests.bench.territories.load import Load, load

SCALES: Final = (1, 10, 100)
_STEPS: Final = 24


class Study:
    """Everything that the page shows, worked out once."""

    def __init__(self) -> None:
        self.industry = Industry()
        self._demands: dict[int, Demand] = {}

    def demand(self, times: int) -> Demand:
        """What is live in a region so many times today's."""
        if times not in self._demands:
            self._demands[times] = demand(times, self.industry)
        return self._demands[times]

    def load(self, times: int, table: TerritoryTable = CURRENT) -> Load:
        """It, on the shards of a table."""
        return load(self.demand(times), table)

    @cached_property
    def cuts(self) -> list[Load]:
        """At the largest scale: the shipped table, then each time the hottest département in twice as many slices."""
        return list(self._cuts())

    @property
    def best(self) -> Load:
        """The cut with the least work in its busiest partition."""
        return min(self.cuts, key=lambda each: each.busiest_seconds)

    def _cuts(self) -> Iterator[Load]:
        table = CURRENT
        for _ in range(_STEPS):
            found = self.load(SCALES[-1], table)
            yield found
            departement = departement_of(found.hottest)
            slices = 2 * len(table.of_departement(departement))
            if slices > MOST_SLICES:
                return
            table = table.cut({**table.cuts, departement: slices})
