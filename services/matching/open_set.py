"""The open set of one need: the pairs that stand proposed, kept exact as staff come, change and go."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from uuid import UUID

from services.matching.index import Place
from services.matching.rules import Key


class OpenSet:
    """The best `limit` pairs that nobody accepted, and every accepted one beside them."""

    def __init__(self, limit: int, best: Iterable[Place] = (), accepted: Iterable[Place] = ()) -> None:
        self._limit = limit
        self._places: dict[UUID, Place] = {}
        self._accepted: set[UUID] = set()
        self._ranking: list[tuple[Key, UUID]] = []
        for place in accepted:
            self._places[place.staff.id] = place
            self._accepted.add(place.staff.id)
        for place in best:
            self._places[place.staff.id] = place
            self._ranking.append((place.key, place.staff.id))
        self._ranking.sort()

    @property
    def places(self) -> dict[UUID, Place]:
        """The pairs, by availability: the reader's own copy."""
        return dict(self._places)

    def __contains__(self, availability_id: UUID) -> bool:
        return availability_id in self._places

    @property
    def floor(self) -> int:
        """The score below which a newcomer that nobody accepted stays outside."""
        return -self._ranking[-1][0][0] if self._is_full else 0

    @property
    def _is_full(self) -> bool:
        return len(self._ranking) >= self._limit

    def update(self, availability_id: UUID, place: Place | None, *, accepted: bool) -> bool:
        """Let a pair come, change, or go (`place` is none).

        Returns:
            False when the set is not exact any more and has to be made afresh: a pair left the ranking or fell in it
            while others waited outside. A ranking that is not full has nobody waiting.
        """
        held = self._places.get(availability_id)
        if held is not None and availability_id not in self._accepted:
            falls = place is None or accepted or place.key > held.key
            if falls and self._is_full:
                return False
            del self._ranking[bisect_left(self._ranking, (held.key, availability_id))]
        self._places.pop(availability_id, None)
        self._accepted.discard(availability_id)
        if place is None:
            return True
        self._places[availability_id] = place
        if accepted:
            self._accepted.add(availability_id)
            return True
        insort(self._ranking, (place.key, availability_id))
        if len(self._ranking) > self._limit:
            _, outranked = self._ranking.pop()
            del self._places[outranked]
        return True
