"""The territories: the unit of scale, by an explicit and versioned table (design, decision 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final
from uuid import UUID

OCCITANIE: Final = ("09", "11", "12", "30", "31", "32", "34", "46", "48", "65", "66", "81", "82")
BORDERING: Final = ("07", "13", "15", "19", "24", "40", "43", "47", "64", "84")
"""Départements that touch the region: Mecanic Vallée reaches into Corrèze, mobility into all of them."""


class UnknownTerritoryError(LookupError):
    """The département or territory is not in the table."""


@dataclass(frozen=True)
class TerritoryTable:
    """One version of the table: which départements are served, and in how many slices each is cut.

    The position of a territory in `names` is its index, which decides its partition. A table that was in force never
    changes, as the digest of the rules covers it: any change is a new version, taken up by a new epoch.
    """

    version: int
    slices: Mapping[str, int]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every territory, in index order."""
        return tuple(name for departement in self.slices for name in self.of_departement(departement))

    @cached_property
    def _indexes(self) -> Mapping[str, int]:
        return {name: index for index, name in enumerate(self.names)}

    def of_departement(self, departement: str) -> tuple[str, ...]:
        """The territories of a département: itself, or its slices.

        Raises:
            UnknownTerritoryError: the département is not served.
        """
        count = self.slices.get(departement)
        if count is None:
            raise UnknownTerritoryError(departement)
        return (departement,) if count == 1 else tuple(f"{departement}-{slice_}" for slice_ in range(count))

    def of_need(self, departement: str, need_id: UUID) -> str:
        """The one territory in which a need of this département lives: slice = need id modulo the slices."""
        names = self.of_departement(departement)
        return names[need_id.int % len(names)]

    def index(self, territory: str) -> int:
        """The index of a territory.

        Raises:
            UnknownTerritoryError: no such territory in this version.
        """
        try:
            return self._indexes[territory]
        except KeyError:
            raise UnknownTerritoryError(territory) from None

    def partition(self, territory: str, partitions: int) -> int:
        """The partition, of a topic laid out by territory, in which a territory's records go."""
        return self.index(territory) % partitions

    def in_partition(self, partition: int, partitions: int) -> tuple[str, ...]:
        """The territories whose records go to a partition."""
        return tuple(name for index, name in enumerate(self.names) if index % partitions == partition)


def _slices(**cut: int) -> Mapping[str, int]:
    departements = (*OCCITANIE, *BORDERING)
    return MappingProxyType({code: cut.get(f"d{code}", 1) for code in departements})


TABLES: Final[Mapping[int, TerritoryTable]] = MappingProxyType({1: TerritoryTable(1, _slices(d31=4))})
"""Every version that was ever in force: old ones stay, so that an old epoch can be replayed."""

CURRENT: Final = TABLES[max(TABLES)]
