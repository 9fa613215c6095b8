"""The rules as the arrays that compiled functions take: who may serve whom for how many points, and the weights."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import accumulate

import numpy as np

from passerelles.reference.mobilities import links_from
from passerelles.reference.occupations import OCCUPATIONS
from services.matching.columns.layout import GONE, Ints, Links
from services.matching.named import Names
from services.matching.rules import Rules


@lru_cache(maxsize=64)
def links_of(rules: Rules, occupations: tuple[str, ...]) -> Links:
    """The links among occupations, each by its number; number `GONE` is no occupation and linked to none."""
    numbers = {code: number for number, code in enumerate(occupations) if number != GONE}
    points = np.full((len(occupations), len(occupations)), -1, dtype=np.int32)
    persons: list[list[int]] = [[] for _ in occupations]
    needs: list[list[int]] = [[] for _ in occupations]
    for code, number in numbers.items():
        for person, way in rules.ways(code).items():
            if person in numbers:
                points[number, numbers[person]] = way.points
                persons[number].append(numbers[person])
        needs[number] = [numbers[need] for need in links_from(code) if need in numbers]
    book = rules.book
    weights = (
        book.skills_points,
        book.distance_points,
        book.period_points,
        book.pay_points,
        book.least_shared_days,
        book.open_need_days,
        book.pay_tolerance_percent,
    )
    return Links(
        points=points,
        persons_from=_starts(persons),
        persons=np.array([each for many in persons for each in many], dtype=np.int32),
        needs_from=_starts(needs),
        needs=np.array([each for many in needs for each in many], dtype=np.int32),
        weights=np.array(weights, dtype=np.int64),
    )


def _starts(lists: Sequence[Sequence[int]]) -> Ints:
    return np.array([0, *accumulate(map(len, lists))], dtype=np.int32)


@cache
def rome() -> Names[str]:
    """No occupation, which has number `GONE`, then those of ROME; to be copied before one is added."""
    return Names(("", *sorted(OCCUPATIONS)))
