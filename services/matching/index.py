"""Where to look: staff by occupation and commune for a need, needs by the occupations that serve them for staff."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from uuid import UUID

from services.matching.rules import Appraisal, Key, Rules, metres_between
from services.matching.terms import NeedTerms, StaffTerms


@dataclass(frozen=True, slots=True)
class Place:
    """An eligible pair: the two sides as they were compared, and the result."""

    need: NeedTerms
    staff: StaffTerms
    appraisal: Appraisal

    @property
    def key(self) -> Key:
        """Its rank among the pairs of the need."""
        return self.appraisal.key


def compare(rules: Rules, need: NeedTerms, staff: StaffTerms, floor: int = 0) -> Place | None:
    """The pair, or none if it is not eligible or cannot score as much as `floor`."""
    way = rules.ways(need.occupation).get(staff.occupation)
    if way is None:
        return None
    appraisal = rules.appraise(need, staff, way, metres_between(need.commune, staff.commune), floor)
    return None if appraisal is None else Place(need, staff, appraisal)


class StaffIndex:
    """The availabilities that take part today, in buckets by the people's occupation, then by commune."""

    def __init__(self) -> None:
        self._by_id: dict[UUID, StaffTerms] = {}
        self._buckets: dict[str, dict[str, dict[UUID, StaffTerms]]] = {}

    def __iter__(self) -> Iterator[StaffTerms]:
        return iter(self._by_id.values())

    def get(self, availability_id: UUID) -> StaffTerms | None:
        """The availability, if it takes part."""
        return self._by_id.get(availability_id)

    def put(self, staff: StaffTerms) -> None:
        """Add an availability, or put a newer version in its place."""
        self.drop(staff.id)
        self._by_id[staff.id] = staff
        self._buckets.setdefault(staff.occupation, {}).setdefault(staff.commune, {})[staff.id] = staff

    def drop(self, availability_id: UUID) -> None:
        """Take an availability out, if it is there."""
        staff = self._by_id.pop(availability_id, None)
        if staff is None:
            return
        communes = self._buckets[staff.occupation]
        del communes[staff.commune][availability_id]
        if not communes[staff.commune]:
            del communes[staff.commune]

    def best(self, rules: Rules, need: NeedTerms, limit: int, *, passed_over: Callable[[UUID], bool]) -> list[Place]:
        """The best `limit` eligible pairs of a need, best first, leaving out those that are `passed_over`.

        Buckets come by falling points of their occupation. Once `limit` pairs are found, what cannot reach the score of
        the last of them is not looked at; an equal score is, as distance and id may still decide.
        """
        # A heap with the last of the best on top: ranks negated, unique by the availability's number.
        found: list[tuple[Key, Place]] = []
        floor = 0
        for way in rules.ways(need.occupation).values():
            if way.points + rules.most_after_occupation < floor:
                break
            for commune, bucket in self._buckets.get(way.person, {}).items():
                metres = metres_between(need.commune, commune)
                for staff in bucket.values():
                    appraisal = rules.appraise(need, staff, way, metres, floor)
                    if appraisal is None:
                        continue
                    score, nearness, number = appraisal.key
                    merit = (-score, -nearness, -number)
                    is_full = len(found) == limit
                    if (is_full and merit < found[0][0]) or passed_over(staff.id):
                        continue
                    entry = (merit, Place(need, staff, appraisal))
                    if is_full:
                        heapq.heapreplace(found, entry)
                    else:
                        heapq.heappush(found, entry)
                    if len(found) == limit:
                        floor = found[0][0][0]
        return [place for _, place in sorted(found, reverse=True)]


class NeedIndex:
    """The needs that take part today, by each occupation of the people who could serve them."""

    def __init__(self) -> None:
        self._by_id: dict[UUID, NeedTerms] = {}
        self._by_person: dict[str, dict[UUID, NeedTerms]] = {}

    def __iter__(self) -> Iterator[NeedTerms]:
        return iter(self._by_id.values())

    def get(self, need_id: UUID) -> NeedTerms | None:
        """The need, if it takes part."""
        return self._by_id.get(need_id)

    def put(self, rules: Rules, need: NeedTerms) -> None:
        """Add a need, or put a newer version in its place."""
        self.drop(rules, need.id)
        self._by_id[need.id] = need
        for person in rules.ways(need.occupation):
            self._by_person.setdefault(person, {})[need.id] = need

    def drop(self, rules: Rules, need_id: UUID) -> None:
        """Take a need out, if it is there."""
        need = self._by_id.pop(need_id, None)
        if need is not None:
            for person in rules.ways(need.occupation):
                del self._by_person[person][need_id]

    def served_by(self, occupation: str) -> Collection[UUID]:
        """The needs that people of this occupation could serve."""
        return self._by_person.get(occupation, {}).keys()
