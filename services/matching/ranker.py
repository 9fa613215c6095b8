"""The rankings of a territory's needs, and what events change in them: compiled functions with their arrays."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import numpy as np

from services.matching import forms
from services.matching.columns import meeting, ranking, reading, refilling, taking
from services.matching.columns.appraising import INELIGIBLE
from services.matching.columns.buckets import bucket_of, position_of
from services.matching.columns.layout import (
    COMMUNE,
    COUNT,
    DECISIONS,
    GONE,
    KEPT,
    LEFT_SHIFT,
    POOL_LOST,
    POOLED,
    RANKING_AT,
    STATE,
    Ints,
    Longs,
    Rankings,
    words,
)
from services.matching.columns.taking import Written
from services.matching.distances import distances
from services.matching.facts import Facts
from services.matching.rows import room_for
from services.matching.standings import Standings

_FIRST: Final = 512

Pair = tuple[int, int, int, int]
"""An eligible pair: its need's place, its key, its availability's two words."""

Told = list[list[int]]
"""What an availability changes, as rows of `meeting`: need's place, what, key, and the availability's two words."""


class Ranker:
    """Keeps the ranking of each need that takes part: the best that nobody accepted, and some to spare.

    Attributes:
        rankings: what the compiled functions take.
    """

    def __init__(self, facts: Facts, standings: Standings) -> None:
        self._facts = facts
        self._standings = standings
        self.rankings = Rankings(np.empty((_FIRST, 3), dtype=np.int64), np.zeros(5, dtype=np.int64))
        self._marks = np.zeros(_FIRST, dtype=np.int32)
        self._told = np.empty((_FIRST, meeting.TOLD_WIDTH), dtype=np.int64)

    def begin(self) -> None:
        """Search every ranking afresh, whatever there was."""
        ranking.forget(self._facts.needs.table)
        self.rankings.sizes[:] = 0
        for high, low in self._facts.needs.live():
            self.rank(position_of(self._facts.needs.table, high, low))

    def rank(self, need: int) -> None:
        """Search the ranking of a need afresh, or let it go with a need that takes no part."""
        facts = self._facts
        needs = facts.needs.table
        occupation = bucket_of(needs, need)
        if occupation == GONE:
            ranking.give_room(needs.rows, need, -1, self.rankings)
            return
        kept = facts.rules.book.kept(int(needs.rows[need, STATE]) >> LEFT_SHIFT)
        while not ranking.give_room(needs.rows, need, kept, self.rankings):
            self._make_room(kept)
        ranking.rank(
            facts.staff.table,
            needs,
            need,
            occupation,
            self._metres(needs.rows[need, COMMUNE]),
            facts.links,
            self._standings.decided,
            self.rankings,
            self._ready_marks(),
        )

    def meet(self, id_: UUID, was: int) -> Told:
        """Compare an availability with the needs that it could serve or that hold it, as it is and as it was."""
        facts = self._facts
        high, low = words(id_)
        staff, needs, marks, former = facts.staff.table, facts.needs.table, self._ready_marks(), facts.staff.former
        metres = self._metres(staff.rows[position_of(staff, high, low), COMMUNE])
        before = metres if was == GONE else self._metres(former[0, COMMUNE])
        while True:
            arrays = (needs, facts.links, self._standings.decided, self.rankings, marks, self._told)
            count = meeting.meet(staff, high, low, metres, former, was, before, *arrays)
            if count >= 0:
                break
            self._told = np.empty((room_for(-count, _FIRST), meeting.TOLD_WIDTH), dtype=np.int64)
        return self._changes(count)

    def take(self, written: Written, first: int, last: int, *, meets: bool) -> tuple[int, Told]:
        """Take facts in a row, as the compiled `take`; with what the last of them changes, as `meet` returns it."""
        facts, desk = self._facts, self._facts.desk
        taken = taking.take(
            written,
            first,
            last,
            meets,
            facts.ordinal,
            facts.own,
            forms.form(),
            facts.known,
            distances().roads,
            facts.staff.table,
            facts.needs.table,
            facts.links,
            self._standings.decided,
            self.rankings,
            self._ready_marks(),
            self._told,
            desk,
        )
        caused, gaps = desk.outcome.tolist()
        if gaps:
            facts.note_gaps(gaps)
        return taken, self._changes(caused) if caused else []

    def _changes(self, count: int) -> Told:
        """The first rows of what was told, those of exhausted rankings by what a search changes."""
        told: Told = []
        for row in self._told[:count].tolist():
            if row[1] < meeting.EXHAUSTED:
                told.append(row)
            else:
                told += self._refilled(*row)
        return told

    def shown(self, need: int) -> list[Pair]:
        """The pairs of a need that stand proposed, accepted or not, in no order."""
        needs = self._facts.needs.table
        if need < 0 or bucket_of(needs, need) == GONE:
            return []
        row = needs.rows[need]
        start = row[RANKING_AT]
        entries = self.rankings.entries[start : start + min(row[COUNT], row[KEPT])].tolist()
        return [(need, *entry) for entry in (*entries, *self._beside(need))]

    def key(self, need: int, person: int) -> int:
        """The key of a pair by the places of both, negative when it is not eligible."""
        facts = self._facts
        needs, staff = facts.needs.table, facts.staff.table
        points = int(facts.links.points[bucket_of(needs, need), bucket_of(staff, person)])
        if points < 0:
            return INELIGIBLE
        metres = int(self._metres(needs.rows[need, COMMUNE])[staff.rows[person, COMMUNE]])
        return reading.key_between(staff, person, needs, need, points, metres, facts.links.weights)

    def figures(self, pairs: list[Pair]) -> list[list[int]]:
        """The figures of eligible pairs, as rows of `reading`."""
        facts, wanted = self._facts, np.array(pairs, dtype=np.int64).reshape(-1, 4)
        found = np.empty((len(pairs), reading.FIGURES_WIDTH), dtype=np.int64)
        reading.describe(facts.staff.table, facts.needs.table, facts.links, wanted, self._ready_marks(), found)
        rows: list[list[int]] = found.tolist()
        return rows

    def holding_expiring(self, today: int) -> list[tuple[int, int]]:
        """The needs, in words, that hold or decided about an availability that ended before a day."""
        facts = self._facts
        found = np.empty((len(facts.needs), 2), dtype=np.int64)
        tables = (facts.staff.table, facts.needs.table, self._standings.decided, self.rankings)
        return [(high, low) for high, low in found[: reading.holding_expiring(*tables, today, found)].tolist()]

    def _beside(self, need: int) -> list[list[int]]:
        facts = self._facts
        needs, count = facts.needs.table, 0
        if not needs.rows[need, DECISIONS]:
            return []
        tables = (facts.links, self._standings.decided, self._ready_marks())
        metres = self._metres(needs.rows[need, COMMUNE])
        found: Longs = np.empty((0, 3), dtype=np.int64)
        while (count := reading.beside(facts.staff.table, needs, need, metres, *tables, found)) > len(found):
            found = np.empty((count, 3), dtype=np.int64)
        rows: list[list[int]] = found[:count].tolist()
        return rows

    def _refilled(self, need: int, what: int, key: int, high: int, low: int) -> list[list[int]]:
        facts, needs = self._facts, self._facts.needs.table
        kept = int(needs.rows[need, KEPT])
        shown = np.empty((kept, 3), dtype=np.int64)
        told = np.empty((2 * kept + 2, meeting.TOLD_WIDTH), dtype=np.int64)
        tables = (facts.links, self._standings.decided, self.rankings, self._ready_marks())
        metres = self._metres(needs.rows[need, COMMUNE])
        count = refilling.refill(facts.staff.table, needs, need, metres, *tables, what, key, high, low, shown, told)
        rows: list[list[int]] = told[:count].tolist()
        return rows

    def _metres(self, commune: int) -> Ints:
        return distances().row(commune)

    def _ready_marks(self) -> Ints:
        """A zero for each tag that is known."""
        if len(self._marks) < len(self._facts.tags):
            self._marks = np.zeros(room_for(len(self._facts.tags), _FIRST), dtype=np.int32)
        return self._marks

    def _make_room(self, kept: int) -> None:
        """For one more ranking: those that are lost make place first."""
        sizes = self.rankings.sizes
        needed = int(sizes[POOLED] - sizes[POOL_LOST]) + kept + _FIRST
        entries = np.empty((room_for(needed, _FIRST), 3), dtype=np.int64)
        ranking.repack_rankings(self._facts.needs.table, self.rankings, entries)
        self.rankings = Rankings(entries, sizes)
