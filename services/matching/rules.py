"""When a pair is eligible and how many points it scores: the rules of the design, in integers and exact fractions.

The only float in sight is inside the shared `distance_metres`, which answers in whole metres; from there on every
machine computes the same points. Weights and bounds come from the rulebook that the log adopted.

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
from services.matching.terms import NeedTerms, StaffTerms, Terms

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


def portion(points: int, part: int, whole: int) -> int:
    """`points` × `part` / `whole`, rounded half up, exactly; `part` is not negative."""
    return (2 * points * part + whole) // (2 * whole)


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
        self.most_after_distance = book.skills_points + book.period_points + book.pay_points
        """The points that a pair may still win when its occupation and distance are known."""
        self.most_after_occupation = self.most_after_distance + book.distance_points

    def ways(self, need_occupation: str) -> Mapping[str, Way]:
        """Every occupation of a person that serves a need of this one, by code, the most points first."""
        ways = self._ways.get(need_occupation)
        if ways is None:
            points = self.book.occupation_points
            found = [Way(person, link, points[link]) for person, link in links_to(need_occupation).items()]
            found.sort(key=lambda way: (-way.points, way.person))
            ways = self._ways[need_occupation] = {way.person: way for way in found}
        return ways

    def appraise(self, need: NeedTerms, staff: StaffTerms, way: Way, metres: int, floor: int = 0) -> Appraisal | None:
        """The pair's points, or none if it is not eligible or cannot score as much as `floor`.

        The checks stand in the order of the design, after the occupation's, which the way answers.
        """
        if need.siren == staff.siren or need.mode not in staff.modes or metres > staff.limit_metres:
            return None
        distance_points = portion(self.book.distance_points, staff.limit_metres - metres, staff.limit_metres)
        if way.points + distance_points + self.most_after_distance < floor:
            return None
        period = self.shared_period(need, staff)
        if period is None or not need.certificates <= staff.certificates:
            return None
        skills_points = self._skills_points(need, staff)
        period_points = portion(self.book.period_points, period.days, period.asked)
        pay_points = self._pay_points(need.pay_maximum, staff.pay)
        score = way.points + skills_points + distance_points + period_points + pay_points
        return Appraisal(
            key=(-score, metres, staff.number),
            way=way,
            metres=metres,
            period=period,
            skills_points=skills_points,
            distance_points=distance_points,
            period_points=period_points,
            pay_points=pay_points,
        )

    def shared_period(self, need: Terms, staff: Terms) -> SharedPeriod | None:
        """The days that both share; none if they are too few.

        An open need counts as `open_need_days` from the later of the two starts; an open availability lasts as long as
        the need. A need shorter than `least_shared_days` must be covered whole.
        """
        first = max(need.first, staff.first)
        if need.last is None:
            last_of_need = first + self.book.open_need_days - 1
            asked = self.book.open_need_days
        else:
            last_of_need = need.last
            asked = need.last - need.first + 1
        last = last_of_need if staff.last is None else min(staff.last, last_of_need)
        days = last - first + 1
        if days < 1 or days < min(self.book.least_shared_days, asked):
            return None
        return SharedPeriod(first, days, asked)

    def _skills_points(self, need: NeedTerms, staff: StaffTerms) -> int:
        if not need.skills:
            return self.book.skills_points
        held = sum(skill in staff.skills for skill in need.skills)
        return portion(self.book.skills_points, held, len(need.skills))

    def _pay_points(self, maximum: int | None, current: int | None) -> int:
        if maximum is None or current is None or current <= maximum:
            return self.book.pay_points
        tolerated = self.book.pay_tolerance_percent * maximum
        left = tolerated - 100 * (current - maximum)
        return portion(self.book.pay_points, left, tolerated) if left > 0 else 0
