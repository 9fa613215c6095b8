"""Decisions and told agreements, compiled: taken once each, and found by the identifiers of both sides."""

from __future__ import annotations

from services.matching.columns.buckets import NO_ROOM, OLDER, OTHER
from services.matching.columns.compiled import kernel, part
from services.matching.columns.finding import slot_of, slot_of_pair
from services.matching.columns.layout import (
    DECISIONS,
    NOTE_DIGEST,
    NOTE_NEXT,
    NOTE_STANDING,
    NOTE_VERSION,
    OVER,
    Decided,
    Longs,
    Table,
)
from services.matching.columns.verdicts import standing_of


@part
def _has_room(slots: int, rows: int, count: int) -> bool:
    return count < rows and 10 * (count + 1) <= 7 * slots


@kernel
def decide(decided: Decided, needs: Table, need: int, pair: Longs, version: int, standing: int, digest: int) -> int:
    """Take a decision on a pair, the need's two words and the availability's, if its version is news.

    Returns:
        Its row, or `OLDER`, `OTHER` or `NO_ROOM` when nothing is done.
    """
    notes, count = decided.notes, decided.sizes[0]
    if not _has_room(decided.slots.size, decided.pairs.shape[0], count):
        return NO_ROOM
    slot = slot_of_pair(decided.slots, decided.pairs, pair[0], pair[1], pair[2], pair[3])
    row = decided.slots[slot] - 1
    if row < 0:
        row = count
        decided.sizes[0] = count + 1
        decided.slots[slot] = row + 1
        for word in range(4):
            decided.pairs[row, word] = pair[word]
        notes[row, NOTE_NEXT] = needs.rows[need, DECISIONS]
        needs.rows[need, DECISIONS] = row + 1
    elif notes[row, NOTE_VERSION] >= version:
        same = notes[row, NOTE_VERSION] > version or notes[row, NOTE_DIGEST] == digest
        return OLDER if same else OTHER
    notes[row, NOTE_VERSION] = version
    notes[row, NOTE_STANDING] = standing
    notes[row, NOTE_DIGEST] = digest
    return row


@kernel
def note_told(decided: Decided, key: Longs) -> int:
    """Note that a posting told of a proposal, two words each: 1 when that is news, 0 when not, or `NO_ROOM`."""
    count = decided.sizes[1]
    if not _has_room(decided.told_slots.size, decided.told.shape[0], count):
        return NO_ROOM
    slot = slot_of_pair(decided.told_slots, decided.told, key[0], key[1], key[2], key[3])
    if decided.told_slots[slot]:
        return 0
    for word in range(4):
        decided.told[count, word] = key[word]
    decided.sizes[1] = count + 1
    decided.told_slots[slot] = count + 1
    decided.postings[slot_of(decided.postings, decided.told, 0, key[0], key[1])] = count + 1
    return 1


@kernel
def going_on(decided: Decided, found: Longs) -> int:
    """The rows of every decision whose pair is not over, into the first column; how many."""
    count = 0
    for row in range(decided.sizes[0]):
        pairs = decided.pairs
        if standing_of(decided, pairs[row, 0], pairs[row, 1], pairs[row, 2], pairs[row, 3]) < OVER:
            found[count, 0] = row
            count += 1
    return count
