"""Where industry is: each commune weighs by its population, and by the establishments of its département.

`establishments.csv` counts 324 real industrial establishments of Occitanie, by département and branch (IREP 2017, and
SIRENE of 2026-07-31, both under the Licence Ouverte). They are few, and some branches are better covered than others:
they make half of a département's weight, and population the other half. The bordering départements have none, and weigh
by population alone.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Final

from passerelles.reference.branches import BRANCHES
from passerelles.reference.communes import COMMUNES
from schemas.territories import OCCITANIE

_FILE: Final = Path(__file__).with_name("establishments.csv")


def establishments() -> Mapping[str, int]:
    """By département, those of the ten branches of the programme."""
    counted: Counter[str] = Counter()
    with _FILE.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["branch"] in BRANCHES:
                counted[row["departement"]] += int(row["establishments"])
    return counted


def population() -> Mapping[str, int]:
    """By département."""
    counted: Counter[str] = Counter()
    for each in COMMUNES.values():
        counted[each.departement] += each.population
    return counted


def weights() -> Mapping[str, float]:
    """By département: its industry, as a share of Occitanie's, whose départements sum up to 1."""
    people, found = population(), establishments()
    region = sum(people[each] for each in OCCITANIE)
    return {
        each: (count / region + found[each] / sum(found.values())) / 2 if each in OCCITANIE else count / region
        for each, count in people.items()
    }


class Industry:
    """Draws communes as industry is spread."""

    def __init__(self) -> None:
        people, by_departement = population(), weights()
        self._codes = list(COMMUNES)
        self._cumulated = list(
            accumulate(
                by_departement[each.departement] * each.population / people[each.departement]
                for each in COMMUNES.values()
            )
        )

    @property
    def total(self) -> float:
        """All of it, where Occitanie's is 1."""
        return self._cumulated[-1]

    def communes(self, chance: Random, count: int) -> list[str]:
        """INSEE codes, each drawn by its weight."""
        return chance.choices(self._codes, cum_weights=self._cumulated, k=count)
