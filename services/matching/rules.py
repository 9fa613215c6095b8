"""The rules under one rulebook: which occupations serve which, and every weight. `columns.appraising` applies them.

The rule "companies: both joined" is kept by the registry, which publishes nothing for a company that has not joined and
withdraws everything of one that leaves; what is left of it here is that the two SIREN differ. "State: both open,
headcount left" is `terms.gone`, and "not declined" belongs to `standings`: neither compares the two sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from passerelles.reference.communes import commune, distance_metres
from passerelles.reference.occupations import links_to
from passerelles.reference.rulebook import Rulebook
from schemas.proposals import Link

Key = tuple[int, int, int]
"""The rank of a pair among those of its need, the smallest first: score (negated), distance, availability id."""


@dataclass(frozen=True, slots=True)
class Way:
    """One occupation from which ROME leads to a need's, and what that is worth."""

    person: str
    link: Link
    points: int


@dataclass(frozen=True, slots=True)
class SharedPeriod:
    """What two periods have in common: `days` from the ordinal `first` on, of the `asked` days of the need."""

    first: int
    days: int
    asked: int


@dataclass(frozen=True, slots=True)
class Appraisal:
    """An eligible pair's figures and points, and its rank."""

    key: Key
    way: Way
    metres: int
    period: SharedPeriod
    skills_points: int
    distance_points: int
    period_points: int
    pay_points: int

    @property
    def score(self) -> int:
        """0 to 100: the sum of the five points."""
        return -self.key[0]


@lru_cache(maxsize=1 << 17)
def metres_between(one: str, other: str) -> int:
    """The estimated road distance between two communes by INSEE code, in metres; remembered, as communes come back.

    Raises:
        UnknownCommuneError: one of them is not in the table.
    """
    return distance_metres(commune(one), commune(other))


class Rules:
    """The rules under one rulebook."""

    def __init__(self, book: Rulebook) -> None:
        self.book = book
        self._ways: dict[str, Mapping[str, Way]] = {}

    def ways(self, need_occupation: str) -> Mapping[str, Way]:
        """Every occupation of a person that serves a need of this one, by code, the most points first."""
        ways = self._ways.get(need_occupation)
        if ways is None:
            points = self.book.occupation_points
            found = [Way(person, link, points[link]) for person, link in links_to(need_occupation).items()]
            found.sort(key=lambda way: (-way.points, way.person))
            ways = self._ways[need_occupation] = {way.person: way for way in found}
        return ways
