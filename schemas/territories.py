"""The territories: the unit of scale, by an explicit and versioned table (design, decision 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Final
from uuid import UUID

OCCITANIE: Final = ("09", "11", "12", "30", "31", "32", "34", "46", "48", "65", "66", "81", "82")
BORDERING: Final = ("07", "13", "15", "19", "24", "40", "43", "47", "64", "84")
"""Départements that touch the region: Mecanic Vallée reaches into Corrèze, mobility into all of them."""


MOST_SLICES: Final = 32
"""Into how many slices a département may be cut: as many as there are partitions."""


class UnknownTerritoryError(LookupError):
    """The département or territory is not in the table."""


@dataclass(frozen=True)
class TerritoryTable:
    """One version of the table: which départements are served, and in how many slices each is cut.

    The position of a territory in `names` is its index, which decides its partition. A table that was in force never
    changes, as the digest of the rules covers it: any change is a new version, taken up by a new epoch. A `cut` of it
    is stated by the epoch that adopts it, and moves no territory that the table has.

    Attributes:
        slices: by département, in index order.
        cuts: the départements that are cut otherwise than in `slices`, and in how many.
    """

    version: int
    slices: Mapping[str, int]
    cuts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def cut(self, cuts: Mapping[str, int]) -> TerritoryTable:
        """The same table with these départements cut otherwise, and no other.

        Raises:
            UnknownTerritoryError: a département is not served.
            ValueError: less than one slice, or more than `MOST_SLICES`.
        """
        for departement, count in cuts.items():
            if departement not in self.slices:
                raise UnknownTerritoryError(departement)
            if not 1 <= count <= MOST_SLICES:
                msg = f"a département has 1 to {MOST_SLICES} slices, not {count}"
                raise ValueError(msg)
        other = {each: count for each, count in sorted(cuts.items()) if count != self.slices[each]}
        return replace(self, cuts=MappingProxyType(other))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every territory, département by département; in index order where nothing is cut otherwise."""
        return tuple(name for departement in self.slices for name in self.of_departement(departement))

    @cached_property
    def _indexes(self) -> Mapping[str, int]:
        """Of every territory that a cut of this table may name.

        The first slice keeps the index of its whole, and what the version has keeps its own. Further slices come after
        all of these, those of one département as far apart as there are départements, so that they spread.
        """
        whole = [name for departement, count in self.slices.items() for name in _named(departement, count)]
        indexes = {name: index for index, name in enumerate(whole)}
        for place, (departement, count) in enumerate(self.slices.items()):
            first = indexes[_named(departement, count)[0]]
            indexes[departement] = indexes[f"{departement}-0"] = first
            for number in range(1, MOST_SLICES):
                further = len(whole) + (number - 1) * len(self.slices) + place
                indexes.setdefault(f"{departement}-{number}", further)
        return indexes

    def of_departement(self, departement: str) -> tuple[str, ...]:
        """The territories of a département: itself, or its slices.

        Raises:
            UnknownTerritoryError: the département is not served.
        """
        count = self.cuts.get(departement, self.slices.get(departement))
        if count is None:
            raise UnknownTerritoryError(departement)
        return _named(departement, count)

    def of_need(self, departement: str, need_id: UUID) -> str:
        """The one territory in which a need of this département lives: slice = need id modulo the slices."""
        names = self.of_departement(departement)
        return names[need_id.int % len(names)]

    def index(self, territory: str) -> int:
        """The index of a territory, of this version or of any cut of it: the same in all of them.

        So whoever publishes for a territory need not know how the others are cut at that moment.

        Raises:
            UnknownTerritoryError: no such territory in this version, nor in any cut of it.
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
        return tuple(name for name in self.names if self.partition(name, partitions) == partition)


def departement_of(territory: str) -> str:
    """The département that a territory is, or is a slice of."""
    return territory.partition("-")[0]


def _named(departement: str, count: int) -> tuple[str, ...]:
    return (departement,) if count == 1 else tuple(f"{departement}-{slice_}" for slice_ in range(count))


def _slices(**cut: int) -> Mapping[str, int]:
    departements = (*OCCITANIE, *BORDERING)
    return MappingProxyType({code: cut.get(f"d{code}", 1) for code in departements})


TABLES: Final[Mapping[int, TerritoryTable]] = MappingProxyType({1: TerritoryTable(1, _slices(d31=4))})
"""Every version that was ever in force: old ones stay, so that an old epoch can be replayed."""

CURRENT: Final = TABLES[max(TABLES)]
