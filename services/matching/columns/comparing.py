"""How an availability compares with one need, as it is and as it was, by marks on the tags of both, compiled."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.matching.columns.appraising import INELIGIBLE, key_of, period_of, skills_points
from services.matching.columns.compiled import part
from services.matching.columns.layout import (
    COMMUNE,
    LEFT_SHIFT,
    LIMIT,
    PAY,
    SKILLS,
    STATE,
    TAGS,
    TAGS_AT,
    Ints,
    Longs,
    Table,
)

NEW: Final = 1
"""The mark of the tags that an availability has, and `OLD` of those that it had."""
OLD: Final = 2


@part
def mark(marks: Ints, tags: Ints, rows: Ints, row: int, bit: int) -> None:
    """Give the tags of a row a mark; `unmark` takes all off."""
    start = rows[row, TAGS_AT]
    for place in range(start, start + rows[row, TAGS]):
        marks[tags[place]] |= bit


@part
def _held(needs: Table, need: int, marks: Ints, mark: int) -> int:
    """How many of a need's skills bear a mark; -1 when one of its certificates does not."""
    start, skills, held = needs.rows[need, TAGS_AT], needs.rows[need, SKILLS], 0
    for place in range(start + skills, start + needs.rows[need, TAGS]):
        if marks[needs.tags[place]] & mark == 0:
            return -1
    for place in range(start, start + skills):
        if marks[needs.tags[place]] & mark:
            held += 1
    return held


@part
def _same_skills(needs: Table, need: int, marks: Ints) -> bool:
    start = needs.rows[need, TAGS_AT]
    for place in range(start, start + needs.rows[need, SKILLS]):
        if marks[needs.tags[place]] not in (0, NEW | OLD):
            return False
    return True


@part
def key_now(needs: Table, need: int, weights: Longs, score: int, metres: int, marks: Ints, bit: int) -> int:
    """The key of a pair from its score without skills; negative when that is, or when a certificate is missing."""
    if score < 0:
        return score
    held = _held(needs, need, marks, bit)
    if held < 0:
        return INELIGIBLE
    return key_of(score + skills_points(weights, held, np.int64(needs.rows[need, SKILLS])), np.int64(metres))


@part
def same_content(
    needs: Table, need: int, weights: Longs, new: Ints, person: int, old: Ints, marks: Ints, metres: Ints, before: Ints
) -> bool:
    """Whether both rows, of one occupation, give the pair the same figures."""
    at = needs.rows[need, COMMUNE]
    if new[person, LIMIT] != old[0, LIMIT] or new[person, PAY] != old[0, PAY] or metres[at] != before[at]:
        return False
    if new[person, STATE] >> LEFT_SHIFT != old[0, STATE] >> LEFT_SHIFT or not _same_skills(needs, need, marks):
        return False
    one = period_of(weights, needs.rows, need, new, person)
    other = period_of(weights, needs.rows, need, old, 0)
    return one[0] == other[0] and one[1] == other[1] and one[2] == other[2]
