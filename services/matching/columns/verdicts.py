"""Where a pair stands for the registry, compiled: by its decision, or by a fact that told of it first."""

from __future__ import annotations

from services.matching.columns.compiled import kernel, part
from services.matching.columns.finding import slot_of, slot_of_pair
from services.matching.columns.layout import NOTE_STANDING, OPEN, OVER, Decided
from services.matching.columns.proposals import proposal_words


@part
def _has_told(decided: Decided, high: int, low: int) -> bool:
    return decided.postings[slot_of(decided.postings, decided.told, 0, high, low)] > 0


@part
def _told_of(decided: Decided, high: int, low: int, by_high: int, by_low: int) -> bool:
    return decided.told_slots[slot_of_pair(decided.told_slots, decided.told, high, low, by_high, by_low)] > 0


@kernel
def standing_of(decided: Decided, need_high: int, need_low: int, high: int, low: int) -> int:
    """Where the pair of a need and an availability stands: `OPEN`, `ACCEPTED`, or `OVER` and above."""
    standing = OPEN
    row = decided.slots[slot_of_pair(decided.slots, decided.pairs, need_high, need_low, high, low)]
    if row:
        standing = decided.notes[row - 1, NOTE_STANDING]
        if standing >= OVER:
            return standing
    by_need = _has_told(decided, need_high, need_low)
    by_staff = _has_told(decided, high, low)
    if by_need or by_staff:
        pair_high, pair_low = proposal_words(decided.scratch, need_high, need_low, high, low)
        if (by_need and _told_of(decided, need_high, need_low, pair_high, pair_low)) or (
            by_staff and _told_of(decided, high, low, pair_high, pair_low)
        ):
            return OVER
    return standing
