"""Whether a pair is eligible and what it scores, compiled: the rules of the design, in integers.

Checks come in the order of their cost: what one cache line of the availability tells, then the tags of both.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from services.matching.columns.compiled import kernel, part
from services.matching.columns.layout import (
    FIRST,
    LAST,
    LIMIT,
    MODES,
    NO_END,
    PAY,
    SIREN,
    SKILLS,
    STATE,
    TAGS,
    TAGS_AT,
    TOP,
    W_DISTANCE,
    W_LEAST_DAYS,
    W_OPEN_DAYS,
    W_PAY,
    W_PERIOD,
    W_SKILLS,
    W_TOLERANCE,
    Ints,
    Longs,
)

INELIGIBLE: Final = -1
OUTSIDE: Final = -2
"""May be eligible, but cannot score as much as the floor."""

WANTED_SKILL: Final = 1
WANTED_CERTIFICATE: Final = 2


@kernel
def portion(points: int, part: int, whole: int) -> int:
    """`points` × `part` / `whole`, rounded half up, exactly; `part` is not negative."""
    return (2 * points * part + whole) // (2 * whole)


@part
def period_of(weights: Longs, needs: Ints, need: int, staff: Ints, person: int) -> tuple[int, int, int]:
    """First day, days and days asked that both share; no day when they are too few.

    An open need counts as `open_need_days` from the later of the two starts; an open availability lasts as long as the
    need. A need shorter than `least_shared_days` must be covered whole.
    """
    first = np.int64(max(needs[need, FIRST], staff[person, FIRST]))
    last = np.int64(needs[need, LAST])
    asked = last - needs[need, FIRST] + 1
    if last == NO_END:
        asked = weights[W_OPEN_DAYS]
        last = first + asked - 1
    days = min(last, staff[person, LAST]) - first + 1
    if days < 1 or days < min(weights[W_LEAST_DAYS], asked):
        return first, 0, asked
    return first, days, asked


@part
def pay_points(weights: Longs, maximum: int, current: int) -> int:
    """All up to the maximum or when a figure is missing (0), none from the tolerance above it."""
    if maximum == 0 or current <= maximum:
        return weights[W_PAY]
    tolerated = weights[W_TOLERANCE] * maximum
    left = tolerated - 100 * (current - maximum)
    return portion(weights[W_PAY], left, tolerated) if left > 0 else 0


@part
def score_without_skills(
    weights: Longs, points: int, metres: int, needs: Ints, need: int, staff: Ints, person: int, floor: int
) -> int:
    """The points but those for skills, certificates not yet looked at; `INELIGIBLE`, or `OUTSIDE` of the floor."""
    if needs[need, SIREN] == staff[person, SIREN]:
        return INELIGIBLE
    limit = np.int64(staff[person, LIMIT])
    if metres > limit or needs[need, STATE] & staff[person, STATE] & MODES == 0:
        return INELIGIBLE
    score = points + portion(weights[W_DISTANCE], limit - metres, limit)
    if score + weights[W_SKILLS] + weights[W_PERIOD] + weights[W_PAY] < floor:
        return OUTSIDE
    _, days, asked = period_of(weights, needs, need, staff, person)
    if days == 0:
        return INELIGIBLE
    score += portion(weights[W_PERIOD], days, asked)
    if score + weights[W_SKILLS] + weights[W_PAY] < floor:
        return OUTSIDE
    score += pay_points(weights, np.int64(needs[need, PAY]), np.int64(staff[person, PAY]))
    return score if score + weights[W_SKILLS] >= floor else OUTSIDE


@part
def skills_points(weights: Longs, held: int, asked: int) -> int:
    """In proportion to the skills held; all when none is asked for."""
    return portion(weights[W_SKILLS], held, asked) if asked else weights[W_SKILLS]


@part
def key_of(score: int, metres: int) -> int:
    """What orders pairs, but for the identifier."""
    return (TOP - score) << 32 | metres


@part
def score_of(key: int) -> int:
    """The score that a key was made of."""
    return TOP - (key >> 32)


@part
def metres_of(key: int) -> int:
    """The distance that a key was made of."""
    return key & 0xFFFFFFFF


@part
def mark_need(marks: Ints, tags: Ints, rows: Ints, need: int) -> int:
    """Mark the tags that a need asks for, certificates once each; how many these are."""
    start, skills = rows[need, TAGS_AT], rows[need, SKILLS]
    for place in range(start, start + skills):
        marks[tags[place]] |= WANTED_SKILL
    certificates = 0
    for place in range(start + skills, start + rows[need, TAGS]):
        if marks[tags[place]] & WANTED_CERTIFICATE == 0:
            marks[tags[place]] |= WANTED_CERTIFICATE
            certificates += 1
    return certificates


@part
def unmark(marks: Ints, tags: Ints, rows: Ints, row: int) -> None:
    """Take the marks of a row's tags off."""
    start = rows[row, TAGS_AT]
    for place in range(start, start + rows[row, TAGS]):
        marks[tags[place]] = 0


@part
def skills_held(marks: Ints, tags: Ints, rows: Ints, person: int, certificates: int) -> int:
    """How many of the marked skills a person holds; -1 when a marked certificate is missing."""
    held, start = np.int64(0), rows[person, TAGS_AT]
    for place in range(start, start + rows[person, TAGS]):
        mark = marks[tags[place]]
        held += mark & WANTED_SKILL
        certificates -= mark >> 1
    return held if certificates == 0 else -1
