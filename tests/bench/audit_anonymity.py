"""How many people share what an archived record says of a place and an occupation: for docs/audit-reidentification.md.

Industry's jobs are spread over the communes of Occitanie by their real population, and over ROME's occupations of
industry in two ways: evenly, or as the most common one is found. No published table crosses commune and occupation, so
these are expected sizes, not counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from passerelles.reference.communes import COMMUNES, Commune
from passerelles.reference.occupations import OCCUPATIONS
from schemas.territories import OCCITANIE

JOBS: Final = 220_000
"""Industrial jobs of the region [touleco.fr, CCI]."""

COMMON_SHARE: Final = 0.05
"""Of an occupation that one job in twenty has: more than any single ROME code of industry can be expected to weigh."""

LEAST: Final = 5
INDUSTRY: Final = tuple(code for code in OCCUPATIONS if code[0] == "H" or code[:3] in {"I13", "N11"})
"""ROME's occupations of industry, industrial maintenance and logistics."""


@dataclass(frozen=True)
class Spread:
    """The sizes of the groups of one place and one occupation.

    Attributes:
        places: how many there are.
        alone: the share of people in groups of less than one expected person more than themselves.
        few: the share of people in groups of fewer than five.
        median: the size of the group in which the median person is.
    """

    places: int
    alone: float
    few: float
    median: float


def of_communes(share: float) -> Spread:
    """By commune."""
    return _spread({code: each.population for code, each in _occitanie().items()}, share)


def of_departements(share: float) -> Spread:
    """By département, as the export has it."""
    people: Counter[str] = Counter()
    for each in _occitanie().values():
        people[each.departement] += each.population
    return _spread(people, share)


def even_share() -> float:
    """Of an occupation, when all have as many people."""
    return 1 / len(INDUSTRY)


def _occitanie() -> Mapping[str, Commune]:
    return {code: each for code, each in COMMUNES.items() if each.departement in OCCITANIE}


def _spread(people: Mapping[str, int], share: float) -> Spread:
    total = sum(people.values())
    sizes = sorted((JOBS * count / total * share, count) for count in people.values())

    def below(limit: float) -> float:
        return sum(count for size, count in sizes if size < limit) / total

    reached = 0
    for size, count in sizes:
        reached += count
        if 2 * reached >= total:
            return Spread(len(people), below(2), below(LEAST), size)
    raise ValueError("no place")
