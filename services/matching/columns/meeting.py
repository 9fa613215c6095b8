"""What an availability that comes, changes or goes does to the rankings of all needs that it could serve, compiled."""

from __future__ import annotations

from typing import Final

import numpy as np

from services.matching.columns.appraising import INELIGIBLE, OUTSIDE, score_without_skills, unmark
from services.matching.columns.buckets import bucket_of, position_of
from services.matching.columns.comparing import NEW, OLD, key_now, mark, same_content
from services.matching.columns.compiled import kernel, part
from services.matching.columns.layout import (
    ACCEPTED,
    BLOCK,
    COMMUNE,
    COMPLETE,
    COUNT,
    DECISIONS,
    FLOOR,
    GONE,
    HEAD,
    HIGH,
    ID_PAIR,
    KEPT,
    KEY,
    LIMIT,
    LOW,
    NEXT,
    OPEN,
    OVER,
    RANKING_AT,
    ROOM,
    ROWS,
    Decided,
    Ints,
    Links,
    Longs,
    Rankings,
    Table,
)
from services.matching.columns.ranking import insert, place_for, remove, settle_floor
from services.matching.columns.verdicts import standing_of

# What a pair does, in a row of `told` with the need's place, the pair's key and the availability's two words.
# The key is negative when the pair is not eligible any more.
LEFT: Final = 0
CAME: Final = 1
CHANGED: Final = 2
EXHAUSTED: Final = 3
"""The ranking cannot tell who comes next: search it afresh, the availability's pair stood in it."""
EXHAUSTED_CHANGED: Final = 4
"""The same; should the availability stand in it again, its pair has other figures."""
EXHAUSTED_OVER: Final = 5
"""The same, and the availability's pair is over."""
TOLD_WIDTH: Final = 5


@part
def tell(told: Longs, count: int, need: int, what: int, key: int, high: int, low: int) -> int:
    """Note one change, and answer how many there are then."""
    told[count, 0] = need
    told[count, 1] = what
    told[count, 2] = key
    told[count, 3] = high
    told[count, 4] = low
    return count + 1


@part
def concerned(needs: Table, links: Links, occupation: int) -> int:
    """How many needs people of an occupation could serve."""
    count = 0
    for way in range(links.needs_from[occupation], links.needs_from[occupation + 1]):
        count += needs.buckets[links.needs[way], ROWS]
    return count


@part
def _meet_one(
    staff: Table,
    position: int,
    score: int,
    metres: Ints,
    former: Ints,
    former_score: int,
    before: Ints,
    was_there: bool,
    needs: Table,
    need: int,
    links: Links,
    decided: Decided,
    rankings: Rankings,
    marks: Ints,
    told: Longs,
    count: int,
) -> int:
    """Compare one need with an availability as it is and as it was, edit its ranking, and note what that changes.

    Args:
        score: without skills, negative when the pair cannot be, and `former_score` as it was.
    """
    rows, entries, weights = needs.rows, rankings.entries, links.weights
    there = rows[need, COMMUNE]
    old = key_now(needs, need, weights, former_score, before[there], marks, OLD)
    new = key_now(needs, need, weights, score, metres[there], marks, NEW)
    if old < 0 and new < 0:
        return count
    high, low = staff.wide[position, ID_PAIR], staff.wide[position, ID_PAIR + 1]
    standing = standing_of(decided, needs.wide[need, ID_PAIR], needs.wide[need, ID_PAIR + 1], high, low)
    start, total = np.int64(rows[need, RANKING_AT]), np.int64(rows[need, COUNT])
    kept, room = np.int64(rows[need, KEPT]), np.int64(rows[need, ROOM])
    is_complete = rows[need, COMPLETE] == 1
    fits = new >= 0 and standing == OPEN
    stays = old >= 0 and new >= 0 and was_there
    stays = stays and same_content(needs, need, weights, staff.rows, position, former, marks, metres, before)
    place = -1
    if old >= 0:
        at = place_for(entries, start, total, old, high, low)
        if at < total and entries[start + at, HIGH] == high and entries[start + at, LOW] == low:
            place = at
            remove(entries, start, total, place)
            total -= 1
    spot = place_for(entries, start, total, new, high, low) if fits else -1
    if spot == total and (total == room or not is_complete):
        spot = -1
        rows[need, COMPLETE] = 0
    if place >= 0 and not is_complete and total + (spot >= 0) < kept:
        insert(entries, start, total, place, old, high, low)
        what = EXHAUSTED if stays else EXHAUSTED_CHANGED
        return tell(told, count, need, EXHAUSTED_OVER if standing >= OVER else what, new, high, low)
    if spot >= 0:
        insert(entries, start, total, spot, new, high, low)
        if total == room:
            rows[need, COMPLETE] = 0
        else:
            total += 1
    rows[need, COUNT] = total
    settle_floor(rows, need, entries)
    was_in, is_in = 0 <= place < kept, 0 <= spot < kept
    if was_in and not is_in and total >= kept:
        at = start + kept - 1
        count = tell(told, count, need, CAME, entries[at, KEY], entries[at, HIGH], entries[at, LOW])
    elif is_in and not was_in and total > kept:
        at = start + kept
        count = tell(told, count, need, LEFT, entries[at, KEY], entries[at, HIGH], entries[at, LOW])
    was_shown = was_in or (old >= 0 and standing == ACCEPTED)
    is_shown = is_in or (new >= 0 and standing == ACCEPTED)
    if was_shown and is_shown:
        return count if stays else tell(told, count, need, CHANGED, new, high, low)
    if is_shown:
        return tell(told, count, need, CAME, new, high, low)
    if was_shown and standing < OVER:
        return tell(told, count, need, LEFT, new, high, low)
    return count


@kernel
def meet(
    staff: Table,
    high: int,
    low: int,
    metres: Ints,
    former: Ints,
    was: int,
    before: Ints,
    needs: Table,
    links: Links,
    decided: Decided,
    rankings: Rankings,
    marks: Ints,
    told: Longs,
) -> int:
    """Compare an availability that came, changed or went with the needs that it could serve or that hold it.

    No index leads from an availability to the needs that hold it: its pair is scored as it was, which gives its key,
    and a key that is not above a need's last one is looked for in its ranking.

    Args:
        metres: from the availability's commune to each, and `before` from the one where it was.
        former: its row as it was, `was` the bucket in which that lay.
        marks: a zero for each tag; zeros again when it is done.
        told: rows for what changes.

    Returns:
        How many rows of `told` there are; less 1 and negative when it may need so many, and nothing is done.
    """
    position = position_of(staff, high, low)
    occupation = np.int64(bucket_of(staff, position))
    most = concerned(needs, links, was) * (was != GONE) + concerned(needs, links, occupation) * (occupation != GONE)
    if 2 * most > told.shape[0]:
        return -2 * most - 1
    if occupation != GONE:
        mark(marks, staff.tags, staff.rows, position, NEW)
    if was != GONE:
        mark(marks, staff.tags, former, 0, OLD)
    rows, staff_rows, weights, zero = needs.rows, staff.rows, links.weights, np.int64(0)
    points_from, listed, chain, buckets = links.points, links.needs, needs.chain, needs.buckets
    count = np.int64(0)
    for turn in range(2):
        person = occupation if turn else was
        if person == GONE or (turn and was == occupation):
            continue
        for way in range(links.needs_from[person], links.needs_from[person + 1]):
            wanted = listed[way]
            if turn and was != GONE and points_from[wanted, was] >= 0:
                continue
            points = np.int64(points_from[wanted, occupation] if occupation != GONE else -1)
            points_before = np.int64(points_from[wanted, was] if was != GONE else -1)
            block, left = buckets[wanted, HEAD], buckets[wanted, ROWS]
            while left > 0:
                first = (block - 1) * BLOCK
                for need in range(first, first + min(left, BLOCK)):
                    there = rows[need, COMMUNE]
                    floor = np.int64(0 if rows[need, DECISIONS] else rows[need, FLOOR])
                    new = old = np.int64(INELIGIBLE)
                    far = np.int64(before[there])
                    if points_before >= 0 and far <= former[0, LIMIT]:
                        old = score_without_skills(weights, points_before, far, rows, need, former, zero, floor)
                    far = np.int64(metres[there])
                    if points >= 0 and far <= staff_rows[position, LIMIT]:
                        least = np.int64(floor if old < 0 else 0)
                        new = score_without_skills(weights, points, far, rows, need, staff_rows, position, least)
                        if new == OUTSIDE:
                            rows[need, COMPLETE] = 0
                    if new >= 0 or old >= 0:
                        count = _meet_one(
                            staff,
                            position,
                            new,
                            metres,
                            former,
                            old,
                            before,
                            was == occupation,
                            needs,
                            need,
                            links,
                            decided,
                            rankings,
                            marks,
                            told,
                            count,
                        )
                left -= BLOCK
                block = chain[block - 1, NEXT]
    if occupation != GONE:
        unmark(marks, staff.tags, staff.rows, position)
    if was != GONE:
        unmark(marks, staff.tags, former, 0)
    return count
