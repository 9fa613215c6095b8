"""The ranking of one need, compiled: a search over the availabilities that could serve it, and edits in its place."""

from __future__ import annotations

import numpy as np

from services.matching.columns.appraising import (
    OUTSIDE,
    key_of,
    mark_need,
    score_of,
    score_without_skills,
    skills_held,
    skills_points,
    unmark,
)
from services.matching.columns.compiled import kernel, part
from services.matching.columns.layout import (
    BLOCK,
    BLOCKS,
    COMMUNE,
    COMPLETE,
    COUNT,
    FLOOR,
    HEAD,
    HIGH,
    ID_PAIR,
    KEPT,
    KEY,
    LIMIT,
    LOW,
    NEXT,
    OPEN,
    POOL_LOST,
    POOLED,
    RANKING_AT,
    ROOM,
    ROWS,
    SKILLS,
    SPARE,
    W_DISTANCE,
    W_PAY,
    W_PERIOD,
    W_SKILLS,
    Decided,
    Ints,
    Links,
    Longs,
    Rankings,
    Table,
)
from services.matching.columns.verdicts import standing_of


@part
def place_for(entries: Longs, start: int, count: int, key: int, high: int, low: int) -> int:
    """How many of the `count` pairs from `start` on rank before this one."""
    first, last = 0, count
    while first < last:
        middle = (first + last) // 2
        at = start + middle
        if entries[at, KEY] != key:
            before = entries[at, KEY] < key
        elif entries[at, HIGH] != high:
            before = entries[at, HIGH] < high
        else:
            before = entries[at, LOW] < low
        if before:
            first = middle + 1
        else:
            last = middle
    return first


@part
def insert(entries: Longs, start: int, count: int, place: int, key: int, high: int, low: int) -> None:
    """Put a pair at its place; those from there on move down by one, the last of them beyond `count`."""
    for at in range(start + count, start + place, -1):
        entries[at, KEY] = entries[at - 1, KEY]
        entries[at, HIGH] = entries[at - 1, HIGH]
        entries[at, LOW] = entries[at - 1, LOW]
    entries[start + place, KEY] = key
    entries[start + place, HIGH] = high
    entries[start + place, LOW] = low


@part
def remove(entries: Longs, start: int, count: int, place: int) -> None:
    """Take the pair at a place out; those after it move up."""
    for at in range(start + place, start + count - 1):
        entries[at, KEY] = entries[at + 1, KEY]
        entries[at, HIGH] = entries[at + 1, HIGH]
        entries[at, LOW] = entries[at + 1, LOW]


@part
def settle_floor(needs: Ints, need: int, entries: Longs) -> None:
    """What a newcomer has to score: as much as the last pair, unless the ranking is whole and has room."""
    count = needs[need, COUNT]
    if count == 0 or (needs[need, COMPLETE] and count < needs[need, ROOM]):
        needs[need, FLOOR] = 0
    else:
        needs[need, FLOOR] = score_of(entries[needs[need, RANKING_AT] + count - 1, KEY])


@kernel
def give_room(needs: Ints, need: int, kept: int, rankings: Rankings) -> bool:
    """Let a need keep so many pairs, with those to spare; false when there is no room for its ranking."""
    room = kept + SPARE if kept >= 0 else 0
    sizes = rankings.sizes
    needs[need, KEPT] = max(kept, 0)
    if needs[need, ROOM] == room:
        return True
    # One more than it keeps: an insertion lets the last fall into it.
    if room and sizes[POOLED] + room + 1 > rankings.entries.shape[0]:
        return False
    sizes[POOL_LOST] += needs[need, ROOM] + 1 if needs[need, ROOM] else 0
    needs[need, ROOM] = room
    needs[need, COUNT] = 0
    needs[need, RANKING_AT] = sizes[POOLED]
    sizes[POOLED] += room + 1 if room else 0
    return True


@kernel
def rank(
    staff: Table,
    needs: Table,
    need: int,
    occupation: int,
    metres: Ints,
    links: Links,
    decided: Decided,
    rankings: Rankings,
    marks: Ints,
) -> None:
    """Search the best pairs of a need afresh, into its ranking.

    Buckets come by falling points of their occupation, and end the search where even full marks for all the rest would
    not reach the last pair.

    Args:
        metres: from the need's commune to each.
        marks: a zero for each tag; zeros again when it is done.
    """
    rows, weights, entries = needs.rows, links.weights, rankings.entries
    start, room = np.int64(rows[need, RANKING_AT]), np.int64(rows[need, ROOM])
    high, low = needs.wide[need, ID_PAIR], needs.wide[need, ID_PAIR + 1]
    people, wide, tags, chain = staff.rows, staff.wide, staff.tags, staff.chain
    count, complete, floor, last = 0, 1, 0, 0
    most = weights[W_SKILLS] + weights[W_DISTANCE] + weights[W_PERIOD] + weights[W_PAY]
    certificates = mark_need(marks, needs.tags, rows, need)
    for way in range(links.persons_from[occupation], links.persons_from[occupation + 1]):
        person = links.persons[way]
        points = np.int64(links.points[occupation, person])
        if points + most < floor:
            complete = 0
            break
        block, left = staff.buckets[person, HEAD], staff.buckets[person, ROWS]
        while left > 0:
            first = (block - 1) * BLOCK
            for each in range(first, first + min(left, BLOCK)):
                distance = np.int64(metres[people[each, COMMUNE]])
                # Nine in ten end here, where two loads decide: a call costs more, for the references that it counts.
                if distance > people[each, LIMIT]:
                    continue
                score = score_without_skills(weights, points, distance, rows, need, people, each, floor)
                if score < 0:
                    if score == OUTSIDE:
                        complete = 0
                    continue
                held = skills_held(marks, tags, people, each, certificates)
                if held < 0:
                    continue
                key = key_of(score + skills_points(weights, held, np.int64(rows[need, SKILLS])), distance)
                if count == room and key > last:
                    complete = 0
                    continue
                staff_high, staff_low = wide[each, ID_PAIR], wide[each, ID_PAIR + 1]
                if standing_of(decided, high, low, staff_high, staff_low) != OPEN:
                    continue
                place = place_for(entries, start, count, key, staff_high, staff_low)
                if count == room:
                    complete = 0
                    if place == room:
                        continue
                    count -= 1
                insert(entries, start, count, place, key, staff_high, staff_low)
                count += 1
                if count == room:
                    last = entries[start + count - 1, KEY]
                    floor = score_of(last)
            left -= BLOCK
            block = chain[block - 1, NEXT]
    unmark(marks, needs.tags, rows, need)
    rows[need, COUNT] = count
    rows[need, COMPLETE] = complete
    settle_floor(rows, need, entries)


@kernel
def forget(needs: Table) -> None:
    """Let every ranking go."""
    for block in range(needs.sizes[BLOCKS]):
        for need in range(block * BLOCK, block * BLOCK + BLOCK):
            needs.rows[need, ROOM] = 0
            needs.rows[need, COUNT] = 0


@kernel
def repack_rankings(needs: Table, rankings: Rankings, entries: Longs) -> None:
    """Write the rankings of what takes part one after another into new rows."""
    at = 0
    for bucket in range(needs.buckets.shape[0]):
        block, left = needs.buckets[bucket, HEAD], needs.buckets[bucket, ROWS]
        while left > 0:
            first = (block - 1) * BLOCK
            for need in range(first, first + min(left, BLOCK)):
                if needs.rows[need, ROOM] == 0:
                    continue
                old = needs.rows[need, RANKING_AT]
                needs.rows[need, RANKING_AT] = at
                for place in range(needs.rows[need, COUNT]):
                    for column in range(3):
                        entries[at + place, column] = rankings.entries[old + place, column]
                at += needs.rows[need, ROOM] + 1
            left -= BLOCK
            block = needs.chain[block - 1, NEXT]
    rankings.sizes[POOLED] = at
    rankings.sizes[POOL_LOST] = 0
