"""Facts taken one after another, compiled: as far as they are written as expected, and cause nothing.

What a fact needs of Python is looked for before it is taken: room, names, distances. Where that is missing nothing is
done, and Python takes the fact alone.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from services.matching.columns import postings as read
from services.matching.columns.buckets import bucket_of, position_of, record
from services.matching.columns.compiled import kernel, part
from services.matching.columns.finding import slot_of
from services.matching.columns.layout import (
    COMMUNE,
    COMPANY,
    DIGEST,
    ELSEWHERE,
    FIRST,
    GONE,
    ID_PAIR,
    LAST,
    LEFT_SHIFT,
    LIMIT,
    NO_END,
    PAY,
    SIREN,
    STATE,
    TAGS,
    TAGS_AT,
    VERSION,
    WITHDRAWN,
    Decided,
    Ints,
    Links,
    Longs,
    Rankings,
    Table,
)
from services.matching.columns.meeting import concerned, meet
from services.matching.columns.postings import (
    CERTIFICATES,
    END,
    HERE,
    ID,
    LEFT,
    MOBILITY,
    MODES,
    OCCUPATION,
    SKILLS,
    START,
    STATUS,
    Form,
    Known,
    posting_at,
)
from services.matching.columns.texts import Bytes, day_at, identifier_at, number_at

STAMP: Final = 36 + 27
"""Characters before each posting: the event's identifier and its time."""
_HOURS, _SIXTY = 24, 60
_METRES: Final = 1000

CAUSED: Final = 0
"""In `outcome`: how many rows of `told` the last fact taken made."""
GAPS: Final = 1
"""In `outcome`: how many facts were taken although versions are missing before them."""


class Written(NamedTuple):
    """Facts in a row: their stamps and JSON one after another, where each ends, its digest, and of what it is.

    `kinds` is negative for what is no posting, else twice a number that those of one territory and epoch share, plus
    one for a need.
    """

    text: Bytes
    ends: Longs
    digests: Ints
    kinds: Ints


class Roads(NamedTuple):
    """Metres between communes: rows by origin, and which row is that of an origin, -1 when it was not made."""

    metres: Ints
    rows: Ints


class Desk(NamedTuple):
    """One fact on its way into a row: the row, the same by pairs of columns, its tags, what was read of it.

    `need` and `staff` are what stood before it; `outcome` is told at the end.
    """

    fact: Ints
    wide: Longs
    tags: Ints
    values: Longs
    words: Longs
    need: Ints
    staff: Ints
    outcome: Longs


@part
def _is_stamped(text: Bytes, at: int, values: Longs) -> bool:
    """Whether a canonical identifier and a time `2026-01-31T08:30:00.000000Z` stand there."""
    if identifier_at(text, at, values, ID) < 0:
        return False
    at += 36
    marks = text[at + 10] == 84 and text[at + 13] == 58 and text[at + 16] == 58 and text[at + 19] == 46  # noqa: PLR2004
    if not marks or text[at + 26] != 90 or day_at(text, at) == 0:  # noqa: PLR2004 (T, two colons, a point, Z)
        return False
    hour, minute, second = number_at(text, at + 11, 2), number_at(text, at + 14, 2), number_at(text, at + 17, 2)
    if hour < 0 or minute < 0 or second < 0 or number_at(text, at + 20, 6) < 0:
        return False
    return hour < _HOURS and minute < _SIXTY and second < _SIXTY


@part
def _gap(former: Ints, fact: Ints) -> int:
    return 1 if 0 < former[0, VERSION] < fact[0, VERSION] - 1 else 0


@part
def _set_out(desk: Desk, known: Known, digest: int, is_need: bool, today: int) -> int:
    """Make a row of what was read; the bucket it belongs to, or -1 when its company is not known."""
    values, fact = desk.values, desk.fact
    slot = slot_of(known.company_slots, known.companies, 0, values[read.COMPANY], values[read.COMPANY + 1])
    company = known.company_slots[slot] - 1
    if company < 0:
        return -1
    takes_part = values[STATUS] == 0 and values[LEFT] > 0 and values[HERE] == 1
    takes_part = takes_part and not (values[END] != NO_END and values[END] < today)
    limit = values[SKILLS] if is_need else values[MOBILITY] * _METRES
    state = values[LEFT] << LEFT_SHIFT | values[MODES]
    fact[0, SIREN] = values[read.SIREN]
    fact[0, COMPANY] = company
    fact[0, COMMUNE] = values[read.COMMUNE]
    fact[0, FIRST] = values[START]
    fact[0, LAST] = values[END]
    fact[0, PAY] = values[read.PAY]
    fact[0, LIMIT] = limit if takes_part else 0
    fact[0, STATE] = state | WITHDRAWN * values[STATUS] | ELSEWHERE * (1 - values[HERE])
    fact[0, TAGS_AT] = 0
    fact[0, TAGS] = 0
    fact[0, VERSION] = values[read.VERSION]
    fact[0, DIGEST] = digest
    desk.wide[0, ID_PAIR] = values[ID]
    desk.wide[0, ID_PAIR + 1] = values[ID + 1]
    return values[OCCUPATION] if takes_part else GONE


@part
def _meets(
    staff: Table, desk: Desk, bucket: int, needs: Table, links: Links, roads: Roads, told: Longs
) -> tuple[int, int, int]:
    """How many needs the fact of an availability concerns, and the rows of its metres, as it is and as it was.

    The number is negative when the metres or the room to tell it all are missing.
    """
    here = before = roads.rows[desk.fact[0, COMMUNE]]
    concerns = concerned(needs, links, bucket) if bucket != GONE else 0
    position = position_of(staff, desk.wide[0, ID_PAIR], desk.wide[0, ID_PAIR + 1])
    was = np.int64(bucket_of(staff, position)) if position >= 0 else GONE
    if was != GONE:
        concerns += concerned(needs, links, was)
        before = roads.rows[staff.rows[position, COMMUNE]]
    if concerns and (here < 0 or before < 0 or 2 * concerns > told.shape[0]):
        return -1, here, before
    return concerns, here, before


@kernel
def take(  # noqa: PLR0911 (each reason to stop ends it)
    written: Written,
    first: int,
    last: int,
    meets: bool,
    today: int,
    own: Bytes,
    form: Form,
    known: Known,
    roads: Roads,
    staff: Table,
    needs: Table,
    links: Links,
    decided: Decided,
    rankings: Rankings,
    marks: Ints,
    told: Longs,
    desk: Desk,
) -> int:
    """Take facts of one territory and epoch from `first` on, and stop after one that causes something.

    Args:
        last: the first that is not to be taken.
        meets: whether an availability is met with the needs; a need is then for Python, which has to say its pairs.
        own, today: the territory's name, and its day's ordinal.

    Returns:
        The first fact that was not taken: nothing was done about it.
    """
    desk.outcome[CAUSED] = desk.outcome[GAPS] = 0
    for each in range(first, last):
        kind = written.kinds[each]
        is_need = kind & 1 == 1
        if kind < 0 or kind >> 1 != written.kinds[first] >> 1 or (is_need and meets):
            return each
        begin = written.ends[each - 1] if each else 0
        if not _is_stamped(written.text, begin, desk.values):
            return each
        begin += STAMP
        if not posting_at(
            written.text, begin, written.ends[each], form, is_need, known, own, desk.values, desk.tags, desk.words
        ):
            return each
        bucket = _set_out(desk, known, written.digests[each], is_need, today)
        if bucket < 0:
            return each
        count = desk.values[SKILLS] + desk.values[CERTIFICATES] if bucket != GONE else 0
        if is_need:
            if record(needs, desk.fact, desk.wide, desk.tags, count, bucket, desk.need) < 0:
                return each
            desk.outcome[GAPS] += _gap(desk.need, desk.fact)
            continue
        concerns, here, before = _meets(staff, desk, bucket, needs, links, roads, told) if meets else (0, 0, 0)
        if concerns < 0:
            return each
        was = record(staff, desk.fact, desk.wide, desk.tags, count, bucket, desk.staff)
        if was < 0:
            return each
        desk.outcome[GAPS] += _gap(desk.staff, desk.fact)
        if concerns:
            high, low = desk.values[ID], desk.values[ID + 1]
            metres = roads.metres
            arrays = (needs, links, decided, rankings, marks, told)
            caused = meet(staff, high, low, metres[here], desk.staff, was, metres[before], *arrays)
            if caused:
                desk.outcome[CAUSED] = caused
                return each + 1
    return last
