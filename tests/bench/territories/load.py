"""What each shard holds and does, by the reach and the partitions that the registry and the bus really use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final

from schemas.territories import CURRENT, TerritoryTable
from schemas.topics import TOPICS, TopicName
from services.registry.domain.reach import need_territory, reach
from tests.bench.territories.demand import ASSUMED, Demand

PARTITIONS: Final = TOPICS[TopicName.FACTS].partitions
STAFF_MICROSECONDS: Final = 40
"""Of one core, to read a fact about staff, index it, and compare it with the open needs."""

NEED_MICROSECONDS: Final = 400
"""To read a need, match it, and say ten proposals: most of it is saying them."""

UNCUT: Final = CURRENT.cut(dict.fromkeys(CURRENT.slices, 1))

ENOUGH_STAFF: Final = 100_000
"""Live in one shard: the size for which matching's latencies are promised and measured."""


@dataclass(frozen=True)
class Load:
    """What a demand is to the shards of a table.

    Attributes:
        staff: copies of availabilities, by territory.
        needs: by territory.
        people: availabilities, each counted once.
    """

    table: TerritoryTable
    staff: Mapping[str, int]
    needs: Mapping[str, int]
    people: int

    @property
    def copies(self) -> float:
        """Per availability."""
        return sum(self.staff.values()) / self.people

    @property
    def facts_a_day(self) -> float:
        """That all shards fold."""
        return (sum(self.staff.values()) + sum(self.needs.values())) * ASSUMED.facts / ASSUMED.days

    def seconds(self, territory: str) -> float:
        """Of one core, to fold once all that is live in a territory."""
        return (self.staff[territory] * STAFF_MICROSECONDS + self.needs[territory] * NEED_MICROSECONDS) / 1e6

    @property
    def total_seconds(self) -> float:
        """The same, of all territories."""
        return sum(map(self.seconds, self.table.names))

    @cached_property
    def _busy(self) -> Sequence[float]:
        busy = [0.0] * PARTITIONS
        for name in self.table.names:
            busy[self.table.partition(name, PARTITIONS)] += self.seconds(name)
        return busy

    @property
    def busiest_seconds(self) -> float:
        """Of the partition with the most work, which no number of processes divides."""
        return max(self._busy)

    @property
    def hottest(self) -> str:
        """The territory with the most work in that partition."""
        names = self.table.in_partition(self._busy.index(self.busiest_seconds), PARTITIONS)
        return max(names, key=self.seconds)

    @property
    def processes(self) -> float:
        """How many are of use: all the work, in units of the busiest partition's."""
        return self.total_seconds / self.busiest_seconds

    @property
    def fullest(self) -> str:
        """The territory that holds the most staff."""
        return max(self.table.names, key=lambda name: self.staff[name])

    def peak_seconds(self, needs: int) -> float:
        """Of one core, for so many needs at once, spread as those that are live, in the busiest partition."""
        counts = [0] * PARTITIONS
        for name in self.table.names:
            counts[self.table.partition(name, PARTITIONS)] += self.needs[name]
        return needs * max(counts) / sum(counts) * NEED_MICROSECONDS / 1e6


def load(demand: Demand, table: TerritoryTable) -> Load:
    """How a demand falls on the shards of a table."""
    staff: Counter[str] = Counter()
    for (commune, km), count in Counter((each.commune, each.mobility_km) for each in demand.staff).items():
        for departement in _departements(commune, km):
            for name in table.of_departement(departement):
                staff[name] += count
    needs = Counter(need_territory(each.commune, each.id, table=table) for each in demand.needs)
    return Load(table, staff, needs, len(demand.staff))


@cache
def _departements(commune: str, mobility_km: int) -> tuple[str, ...]:
    """Those within reach, as the registry finds them where nothing is cut."""
    return reach(commune, mobility_km, table=UNCUT)


def mean_copies(demand: Demand, table: TerritoryTable, mobility_km: int) -> float:
    """Copies of an availability of this mobility, whoever's it is in that demand."""
    places = Counter(each.commune for each in demand.staff)
    copies = sum(count * len(reach(place, mobility_km, table=table)) for place, count in places.items())
    return copies / len(demand.staff)
