"""What is read from the columns to be said: accepted pairs, the figures of pairs, needs that hold what expires."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.matching.columns.appraising import (
    key_of,
    mark_need,
    metres_of,
    pay_points,
    period_of,
    portion,
    score_without_skills,
    skills_held,
    skills_points,
    unmark,
)
from services.matching.columns.buckets import bucket_of, position_of
from services.matching.columns.compiled import kernel, part
from services.matching.columns.layout import (
    ACCEPTED,
    BLOCK,
    COMMUNE,
    COUNT,
    DECISIONS,
    GONE,
    HEAD,
    HIGH,
    ID_PAIR,
    LAST,
    LIMIT,
    LOW,
    NEXT,
    NOTE_NEXT,
    NOTE_STANDING,
    PAY,
    RANKING_AT,
    ROWS,
    SKILLS,
    TAGS,
    TAGS_AT,
    W_DISTANCE,
    W_PERIOD,
    Decided,
    Ints,
    Links,
    Longs,
    Rankings,
    Table,
)
from services.matching.columns.verdicts import standing_of

FIGURES_WIDTH: Final = 8
"""Place of the availability; points for skills, distance, period, pay; first day, days shared, days asked."""


@kernel
def beside(
    staff: Table, needs: Table, need: int, metres: Ints, links: Links, decided: Decided, marks: Ints, found: Longs
) -> int:
    """The accepted pairs of a need that are eligible, as in a ranking but in no order; `marks` as in `rank`.

    Returns:
        Their number, even when `found` has not that room.
    """
    occupation, count, rows = bucket_of(needs, need), 0, needs.rows
    certificates = mark_need(marks, needs.tags, rows, need)
    decision = rows[need, DECISIONS]
    while decision:
        note, high, low = decision - 1, decided.pairs[decision - 1, 2], decided.pairs[decision - 1, 3]
        decision = decided.notes[note, NOTE_NEXT]
        if decided.notes[note, NOTE_STANDING] != ACCEPTED:
            continue
        position = position_of(staff, high, low)
        if position < 0 or bucket_of(staff, position) == GONE:
            continue
        points = np.int64(links.points[occupation, bucket_of(staff, position)])
        if points < 0:
            continue
        distance = np.int64(metres[staff.rows[position, COMMUNE]])
        score = score_without_skills(links.weights, points, distance, rows, need, staff.rows, position, np.int64(0))
        held = skills_held(marks, staff.tags, staff.rows, position, certificates)
        if score < 0 or held < 0:
            continue
        if standing_of(decided, needs.wide[need, ID_PAIR], needs.wide[need, ID_PAIR + 1], high, low) != ACCEPTED:
            continue
        if count < found.shape[0]:
            found[count, 0] = key_of(score + skills_points(links.weights, held, np.int64(rows[need, SKILLS])), distance)
            found[count, HIGH] = high
            found[count, LOW] = low
        count += 1
    unmark(marks, needs.tags, rows, need)
    return count


@kernel
def key_between(staff: Table, person: int, needs: Table, need: int, points: int, metres: int, weights: Longs) -> int:
    """The key of the pair of two rows, negative when it is not eligible; no marks are needed, it may be slow."""
    rows = needs.rows
    score = score_without_skills(weights, points, metres, rows, need, staff.rows, person, np.int64(0))
    start, skills, held = np.int64(rows[need, TAGS_AT]), np.int64(rows[need, SKILLS]), np.int64(0)
    for place in range(rows[need, TAGS]):
        has = False
        for at in range(staff.rows[person, TAGS_AT], staff.rows[person, TAGS_AT] + staff.rows[person, TAGS]):
            has = has or staff.tags[at] == needs.tags[start + place]
        if place < skills:
            held += has
        elif not has:
            return -1
    return key_of(score + skills_points(weights, held, skills), metres) if score >= 0 else -1


@kernel
def describe(staff: Table, needs: Table, links: Links, pairs: Longs, marks: Ints, figures: Longs) -> None:
    """The figures of eligible pairs, each given by the need's place, its key and the availability's two words."""
    weights = links.weights
    for each in range(pairs.shape[0]):
        need, metres = pairs[each, 0], metres_of(pairs[each, 1])
        person = position_of(staff, pairs[each, 2], pairs[each, 3])
        certificates = mark_need(marks, needs.tags, needs.rows, need)
        held = skills_held(marks, staff.tags, staff.rows, person, certificates)
        unmark(marks, needs.tags, needs.rows, need)
        limit = np.int64(staff.rows[person, LIMIT])
        first, days, asked = period_of(weights, needs.rows, need, staff.rows, person)
        figures[each, 0] = person
        figures[each, 1] = skills_points(weights, held, np.int64(needs.rows[need, SKILLS]))
        figures[each, 2] = portion(weights[W_DISTANCE], limit - metres, limit)
        figures[each, 3] = portion(weights[W_PERIOD], days, asked)
        figures[each, 4] = pay_points(weights, np.int64(needs.rows[need, PAY]), np.int64(staff.rows[person, PAY]))
        figures[each, 5] = first
        figures[each, 6] = days
        figures[each, 7] = asked


@part
def _expires(staff: Table, high: int, low: int, today: int) -> bool:
    position = position_of(staff, high, low)
    return position >= 0 and bucket_of(staff, position) != GONE and staff.rows[position, LAST] < today


@part
def _holds_expiring(staff: Table, needs: Table, need: int, decided: Decided, rankings: Rankings, today: int) -> bool:
    start = needs.rows[need, RANKING_AT]
    for at in range(start, start + needs.rows[need, COUNT]):
        if _expires(staff, rankings.entries[at, HIGH], rankings.entries[at, LOW], today):
            return True
    decision = needs.rows[need, DECISIONS]
    while decision:
        if _expires(staff, decided.pairs[decision - 1, 2], decided.pairs[decision - 1, 3], today):
            return True
        decision = decided.notes[decision - 1, NOTE_NEXT]
    return False


@kernel
def holding_expiring(staff: Table, needs: Table, decided: Decided, rankings: Rankings, today: int, found: Longs) -> int:
    """The identifiers of the needs that hold, or decided about, an availability that ended before a day.

    Returns:
        Their number, even when `found` has not that room.
    """
    count = 0
    for bucket in range(GONE + 1, needs.buckets.shape[0]):
        block, left = needs.buckets[bucket, HEAD], needs.buckets[bucket, ROWS]
        while left > 0:
            start = (block - 1) * BLOCK
            for need in range(start, start + min(left, BLOCK)):
                if _holds_expiring(staff, needs, need, decided, rankings, today):
                    if count < found.shape[0]:
                        found[count, 0] = needs.wide[need, ID_PAIR]
                        found[count, 1] = needs.wide[need, ID_PAIR + 1]
                    count += 1
            left -= BLOCK
            block = needs.chain[block - 1, NEXT]
    return count
