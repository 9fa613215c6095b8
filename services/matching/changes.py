"""What an event changes in a territory's open sets: pairs that leave with their reason, and pairs to be said."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from schemas.facts import AvailabilityRecorded, NeedRecorded
from schemas.proposals import WithdrawalReason
from services.matching.columns.buckets import bucket_of, position_of
from services.matching.columns.layout import COMPANY, ID_PAIR, number_of, words
from services.matching.columns.meeting import LEFT
from services.matching.facts import Facts
from services.matching.places import Place
from services.matching.ranker import Pair, Ranker, Told
from services.matching.rules import Rules
from services.matching.scribe import Scribe
from services.matching.standings import Standings
from services.matching.words import PairIds, same_content, withdrawal_reason

Id = tuple[int, int]
"""An identifier as two words."""


@dataclass(frozen=True, slots=True)
class Change:
    """The net change, in no order. A pair that is over leaves in silence: the registry has said so already."""

    lost: list[tuple[PairIds, WithdrawalReason]] = field(default_factory=list)
    made: list[Place] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Said:
    """What stood proposed of a need: by availability, its pair where the event may change what it says."""

    borrower_id: UUID
    pairs: dict[Id, Place | None]


class Changes:
    """Takes the events of an open epoch, one by one."""

    def __init__(self, facts: Facts, standings: Standings, ranker: Ranker, scribe: Scribe) -> None:
        self._facts = facts
        self._standings = standings
        self._ranker = ranker
        self._scribe = scribe

    def opening(self) -> Change:
        """Match every need; what was stated as going on and is in no open set is lost."""
        self._ranker.begin()
        pairs = [pair for need_id in self._facts.needs.live() for pair in self._shown(need_id)]
        held = {(*self._id(need), high, low) for need, _, high, low in pairs}
        change = Change(made=self._scribe.places(pairs))
        for stated in self._standings.going_on():
            need_id, staff_id = stated[0:2], stated[2:4]
            if (*need_id, *staff_id) not in held:
                ids = PairIds(*(UUID(int=number_of(*stated[at : at + 2])) for at in (0, 2, 4, 6)))
                change.lost.append((ids, self._why(need_id, staff_id)))
        return change

    def of_staff(self, fact: AvailabilityRecorded) -> Change | None:
        """An availability is met with the needs that it could serve or that hold it."""
        noted = self._standings.note(fact)
        staff = self._facts.staff
        if self._facts.record_staff(fact):
            was = self._facts.former_bucket
        elif noted and (position := staff.find(fact.id)) >= 0:
            staff.former[0] = staff.table.rows[position]
            was = bucket_of(staff.table, position)
        else:
            return None
        return self.met(words(fact.id), self._ranker.meet(fact.id, was))

    def met(self, id_: Id, told: Told) -> Change:
        """What an availability changed when it was met; it stood in `Rows.former` before."""
        staff = self._facts.staff
        change, made = Change(), []
        for need, what, key, high, low in told:
            if what != LEFT:
                made.append((need, key, high, low))
                continue
            position = position_of(staff.table, high, low)
            row = staff.former[0] if (high, low) == id_ else staff.table.rows[position]
            ids = PairIds(
                self._scribe.need_id(need),
                UUID(int=number_of(high, low)),
                self._scribe.borrower(need),
                self._scribe.company(row[COMPANY]),
            )
            gone = self._facts.why_gone(staff, position)
            change.lost.append((ids, withdrawal_reason(None, gone, eligible=key >= 0)))
        if made:
            change.made.extend(self._scribe.places(made))
        return change

    def of_need(self, fact: NeedRecorded) -> Change | None:
        """A need is matched afresh; its pairs are said again where they say something else."""
        noted = self._standings.note(fact)
        said = self._said([words(fact.id)], may_differ=True)
        return self._rematched(said) if self._facts.record_need(fact) or noted else None

    def of_pair(self, need_id: UUID, decide: Callable[[], bool]) -> Change | None:
        """A decision is taken, if it is news: then its need is matched afresh."""
        said = self._said([words(need_id)])
        return self._rematched(said) if decide() else None

    def of_day(self, day: date) -> Change | None:
        """What ended expires, and the needs that held it are matched afresh."""
        if not self._facts.start_day(day):
            return None
        today = self._facts.ordinal
        said = self._said(dict.fromkeys([*self._facts.needs.expired(today), *self._ranker.holding_expiring(today)]))
        self._facts.retire_expired()
        return self._rematched(said)

    def of_rules(self, rules: Rules) -> Change | None:
        """By other rules every need is matched afresh."""
        if rules is self._facts.rules:
            return None
        said = self._said(self._facts.needs.live(), may_differ=True)
        self._facts.adopt(rules)
        return self._rematched(said)

    def _said(self, need_ids: Iterable[Id], *, may_differ: bool = False) -> dict[Id, _Said]:
        """What stands proposed of these needs before an event."""
        said = {}
        for need_id in need_ids:
            pairs = self._shown(need_id)
            if pairs:
                places = self._scribe.places(pairs) if may_differ else [None] * len(pairs)
                by_staff = {pair[2:]: place for pair, place in zip(pairs, places, strict=True)}
                said[need_id] = _Said(self._scribe.borrower(pairs[0][0]), by_staff)
            else:
                said[need_id] = _Said(UUID(int=0), {})
        return said

    def _rematched(self, before: dict[Id, _Said]) -> Change:
        change = Change()
        for need_id, said in before.items():
            need = position_of(self._facts.needs.table, *need_id)
            if need >= 0:
                self._ranker.rank(need)
            now = {pair[2:]: pair for pair in self._shown(need_id)}
            for staff_id in said.pairs.keys() - now.keys():
                ids = self._pair_ids(need_id, staff_id, said.borrower_id)
                if not self._standings.is_over(ids.need_id, ids.availability_id):
                    change.lost.append((ids, self._why(need_id, staff_id)))
            news = [pair for id_, pair in now.items() if id_ not in said.pairs or said.pairs[id_] is not None]
            for pair, place in zip(news, self._scribe.places(news), strict=True):
                held = said.pairs.get(pair[2:])
                if held is None or not same_content(held, place):
                    change.made.append(place)
        return change

    def _shown(self, need_id: Id) -> list[Pair]:
        return self._ranker.shown(position_of(self._facts.needs.table, *need_id))

    def _pair_ids(self, need_id: Id, staff_id: Id, borrower_id: UUID) -> PairIds:
        staff = self._facts.staff.table
        lender_id = self._scribe.company(staff.rows[position_of(staff, *staff_id), COMPANY])
        return PairIds(UUID(int=number_of(*need_id)), UUID(int=number_of(*staff_id)), borrower_id, lender_id)

    def _why(self, need_id: Id, staff_id: Id) -> WithdrawalReason:
        """Why a pair is out of the open set; what never was in this epoch's facts was withdrawn before it."""
        needs, staff = self._facts.needs, self._facts.staff
        need, person = position_of(needs.table, *need_id), position_of(staff.table, *staff_id)
        need_gone, staff_gone = self._facts.why_gone(needs, need), self._facts.why_gone(staff, person)
        eligible = need_gone is None and staff_gone is None and self._ranker.key(need, person) >= 0
        return withdrawal_reason(need_gone, staff_gone, eligible=eligible)

    def _id(self, need: int) -> Id:
        high, low = self._facts.needs.table.wide[need, ID_PAIR : ID_PAIR + 2].tolist()
        return high, low
