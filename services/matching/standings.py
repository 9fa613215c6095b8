"""Where the pairs of one territory stand for the registry: undecided, accepted, or over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import numpy as np

from schemas.decisions import DecisionRecorded, Standing
from schemas.facts import Posting
from services.matching.columns import deciding
from services.matching.columns.buckets import NO_ROOM, OTHER
from services.matching.columns.finding import index_firsts, index_pairs
from services.matching.columns.layout import ACCEPTED, LARGEST, OPEN, OVER, Decided, words
from services.matching.columns.verdicts import standing_of
from services.matching.facts import digest_of
from services.matching.odd import Odd
from services.matching.rows import Rows, grown, room_for

_STANDINGS: Final = {
    Standing.OPEN: OPEN,
    Standing.ACCEPTED: ACCEPTED,
    Standing.AGREED: OVER,
    Standing.DECLINED: OVER,
    Standing.CANCELLED: OVER,
}
_FIRST: Final = 64


class Standings:
    """The latest decision on each pair, and the agreements that facts already tell of.

    A fact that an agreement or a cancellation made carries the proposal's id, and may overtake the decision itself, as
    each leaves the registry by the outbox of its own document. Such a pair counts as over at once: otherwise it would
    be withdrawn as "filled" by its own agreement.

    Attributes:
        decided: what the compiled functions take. It is another one after `record` or `note`.
        companies: the borrower's and the lender's identifiers of each decision, two words each.
    """

    def __init__(self) -> None:
        self.decided = Decided(
            pairs=np.empty((_FIRST, 4), dtype=np.int64),
            notes=np.empty((_FIRST, 4), dtype=np.int32),
            slots=np.zeros(2 * _FIRST, dtype=np.int32),
            told=np.empty((_FIRST, 4), dtype=np.int64),
            told_slots=np.zeros(2 * _FIRST, dtype=np.int32),
            postings=np.zeros(2 * _FIRST, dtype=np.int32),
            sizes=np.zeros(2, dtype=np.int64),
            scratch=np.empty(208, dtype=np.int64),
        )
        self.companies = np.empty((_FIRST, 4), dtype=np.int64)

    def record(self, needs: Rows, decision: DecisionRecorded) -> Odd | None:
        """Take note, or tell why not: it is not newer than what is known of the pair."""
        need = needs.mention(decision.need_id)
        pair = np.array((*words(decision.need_id), *words(decision.availability_id)), dtype=np.int64)
        note = (min(decision.version, LARGEST), _STANDINGS[decision.standing], digest_of(decision))
        while (row := deciding.decide(self.decided, needs.table, need, pair, *note)) == NO_ROOM:
            self._make_room()
        if row < 0:
            return Odd.OTHER_CONTENT if row == OTHER else Odd.OLDER_VERSION
        self.companies[row] = (*words(decision.borrower_id), *words(decision.lender_id))
        return None

    def note(self, posting: Posting) -> bool:
        """Take note of the agreement or cancellation that made this version of a fact. False: none, or known."""
        if posting.proposal_id is None:
            return False
        key = np.array((*words(posting.id), *words(posting.proposal_id)), dtype=np.int64)
        while (news := deciding.note_told(self.decided, key)) == NO_ROOM:
            self._make_room()
        return news > 0

    def is_over(self, need_id: UUID, availability_id: UUID) -> bool:
        """Whether the pair may never be proposed again."""
        return standing_of(self.decided, *words(need_id), *words(availability_id)) >= OVER

    def going_on(self) -> list[tuple[int, int, int, int, int, int, int, int]]:
        """Every pair that the registry holds as open or accepted: need, availability, borrower, lender, in words."""
        found = np.empty((int(self.decided.sizes[0]), 1), dtype=np.int64)
        rows = found[: deciding.going_on(self.decided, found), 0]
        return list(map(tuple, np.hstack((self.decided.pairs[rows], self.companies[rows])).tolist()))

    def restore(self, arrays: Mapping[str, Any]) -> None:
        """Hold what these arrays say: pairs, notes and companies of decisions, and what was told."""
        pairs, told = np.array(arrays["pairs"]), np.array(arrays["told"])
        sizes = np.array((len(pairs), len(told)), dtype=np.int64)
        self.decided = self.decided._replace(pairs=pairs, notes=np.array(arrays["notes"]), told=told, sizes=sizes)
        self.companies = np.array(arrays["companies"])
        self.reindex()

    def reindex(self) -> None:
        """Make the indexes afresh, with room for more."""
        decisions, told = self.decided.sizes.tolist()
        self.decided = self.decided._replace(
            slots=_slots(decisions),
            told_slots=_slots(told),
            postings=_slots(told),
        )
        index_pairs(self.decided.slots, self.decided.pairs, decisions)
        index_pairs(self.decided.told_slots, self.decided.told, told)
        index_firsts(self.decided.postings, self.decided.told, told)

    def _make_room(self) -> None:
        """For one more decision and one more told agreement."""
        decisions, told = (room_for(count + 1, _FIRST) for count in self.decided.sizes.tolist())
        self.decided = self.decided._replace(
            pairs=grown(self.decided.pairs, max(decisions, len(self.decided.pairs))),
            notes=grown(self.decided.notes, max(decisions, len(self.decided.notes))),
            told=grown(self.decided.told, max(told, len(self.decided.told))),
        )
        self.companies = grown(self.companies, len(self.decided.pairs))
        self.reindex()


def _slots(count: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """An empty index with room for so many and some to come."""
    slots = 2 * _FIRST
    while 10 * (room_for(count + 1, _FIRST) + 1) > 7 * slots:
        slots *= 2
    return np.zeros(slots, dtype=np.int32)
