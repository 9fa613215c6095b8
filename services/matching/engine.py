"""The fold of one territory in one epoch: facts, decisions and days in, the net change of its open sets out.

No clock, no random, no network: everything comes by the log (design, decision 6). The open set of a need is a pure
function of live facts, decisions and today; the bookkeeping below only spares matching every need afresh at each fact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from schemas.decisions import DecisionRecorded
from schemas.envelope import Event
from schemas.epochs import DayStarted, EpochOpened, RulesAdopted
from schemas.facts import AvailabilityRecorded, NeedRecorded
from schemas.proposals import WithdrawalReason
from schemas.vocabulary import Payload
from services.matching.adoption import RuleLibrary
from services.matching.facts import Facts
from services.matching.index import Place, compare
from services.matching.odd import Odd
from services.matching.open_set import OpenSet
from services.matching.rules import Rules
from services.matching.standings import Standings
from services.matching.terms import Gone, NeedTerms
from services.matching.words import PairIds, Voice, same_content, withdrawal_reason


@dataclass(frozen=True, slots=True)
class Touched:
    """What a fact may have changed: needs to match afresh, and availabilities to compare with the needs concerned."""

    needs: set[UUID] = field(default_factory=set)
    staff: set[UUID] = field(default_factory=set)


class TerritoryFold:
    """Matching in one territory during one epoch.

    Until `epoch.opened` facts are loaded and nothing is said. Then every pair of every open set is said, and every pair
    that was stated as open or accepted and is in none is withdrawn. From there each fact emits its net change, pair by
    pair: withdrawals first, by need and availability; then the pairs made or changed, by need and rank.

    Args:
        territory: the one that it folds.
        rules: those that the log adopted when the epoch began.
        library: where others are found, should the log adopt them on its way.
        odd: counts what is left aside.

    Raises:
        RulesMismatchError: from `load` and `fold`, this build does not have rules that are adopted on the way.
    """

    def __init__(self, territory: str, epoch: int, rules: Rules, *, library: RuleLibrary, odd: Counter[Odd]) -> None:
        self.territory = territory
        self.epoch = epoch
        self._library = library
        self._odd = odd
        self._facts = Facts(territory, rules, odd)
        self._standings = Standings()
        self._is_open = False
        self._sets: dict[UUID, OpenSet] = {}
        self._holders: dict[UUID, set[UUID]] = {}

    def load(self, event: Event[Payload]) -> None:
        """Take an event in silence; once all are taken, `settle` makes the open sets that they lead to."""
        if isinstance(event.data, EpochOpened):
            self._begin()
        else:
            self._absorb(event.data)

    def settle(self) -> None:
        """Match each open need once, if the epoch is open: the state that folding the same events would have left."""
        self._sets = {need.id: self._matched(need) for need in self._facts.live_needs} if self._is_open else {}
        self._holders = {}
        for need_id, open_set in self._sets.items():
            for availability_id in open_set.places:
                self._holders.setdefault(availability_id, set()).add(need_id)

    def fold(self, event: Event[Payload], offset: int) -> Sequence[Event[Payload]]:
        """Take the event at this offset of the partition, and say what it changes."""
        if isinstance(event.data, EpochOpened):
            return self._open(event, offset)
        touched = self._absorb(event.data)
        if not self._is_open:
            return ()
        before: dict[UUID, dict[UUID, Place]] = {}
        for need_id in touched.needs:
            self._match(need_id, before)
        for availability_id in touched.staff:
            self._meet(availability_id, before)
        return self._net_change(before, self._voice(event, offset)) if before else ()

    def open_set(self, need_id: UUID) -> tuple[Place, ...]:
        """The pairs of a need that stand proposed, accepted or not, by rank."""
        open_set = self._sets.get(need_id)
        return tuple(sorted(open_set.places.values(), key=lambda place: place.key)) if open_set else ()

    def _absorb(self, data: Payload) -> Touched:
        """Take note of an event, and tell what it may have changed."""
        facts = self._facts
        match data:
            case NeedRecorded():
                noted = self._standings.note(data)
                return Touched(needs={data.id}) if facts.record_need(data) or noted else Touched()
            case AvailabilityRecorded():
                noted = self._standings.note(data)
                return Touched(staff={data.id}) if facts.record_staff(data) or noted else Touched()
            case DecisionRecorded():
                odd = self._standings.record(data)
                if odd is None:
                    return Touched(needs={data.need_id})
                self._odd[odd] += 1
            case DayStarted():
                needs, staff = facts.start_day(data.day)
                held = (self._holders.get(availability_id, set()) for availability_id in staff)
                return Touched(needs=set(needs).union(*held))
            case RulesAdopted():
                rules = self._library.adopted(data)
                if rules is not facts.rules:
                    facts.rules = rules
                    return Touched(needs={need.id for need in facts.live_needs})
            case _:
                pass  # company.recorded, for one: matching has no use for it
        return Touched()

    def _begin(self) -> bool:
        if self._is_open:
            self._odd[Odd.OPENED_AGAIN] += 1
            return False
        self._is_open = True
        return True

    def _open(self, event: Event[Payload], offset: int) -> Sequence[Event[Payload]]:
        if not self._begin():
            return ()
        self.settle()
        lost = {
            PairIds(stated.need_id, stated.availability_id, stated.borrower_id, stated.lender_id)
            for stated in self._standings.going_on()
            if not self._holds(stated.need_id, stated.availability_id)
        }
        made = [place for open_set in self._sets.values() for place in open_set.places.values()]
        return self._say(lost, made, self._voice(event, offset))

    def _match(self, need_id: UUID, before: dict[UUID, dict[UUID, Place]]) -> None:
        """Make the open set of a need afresh, or let it go with its need."""
        open_set = self._sets.pop(need_id, None)
        before.setdefault(need_id, open_set.places if open_set else {})
        need = self._facts.live_needs.get(need_id)
        if need is not None:
            self._sets[need_id] = self._matched(need)

    def _meet(self, availability_id: UUID, before: dict[UUID, dict[UUID, Place]]) -> None:
        """Compare an availability that came, changed or went with the needs that it could serve or that hold it."""
        facts, standings = self._facts, self._standings
        staff = facts.live_staff.get(availability_id)
        concerned = set(self._holders.get(availability_id, ()))
        if staff is not None:
            concerned.update(facts.live_needs.served_by(staff.occupation))
        for need_id in concerned:
            need, open_set = facts.live_needs.get(need_id), self._sets[need_id]
            is_held = availability_id in open_set
            is_accepted = standings.is_accepted(need_id, availability_id)
            place = None
            if need is not None and staff is not None and not standings.is_over(need_id, availability_id):
                floor = 0 if is_held or is_accepted else open_set.floor
                place = compare(facts.rules, need, staff, floor)
            if place is None and not is_held:
                continue
            before[need_id] = open_set.places
            if not open_set.update(availability_id, place, accepted=is_accepted):
                self._match(need_id, before)

    def _matched(self, need: NeedTerms) -> OpenSet:
        """The open set of a need from what is live now."""
        facts, standings = self._facts, self._standings
        accepted = {id_ for id_ in standings.of_need(need.id) if standings.is_accepted(need.id, id_)}
        beside = (compare(facts.rules, need, staff) for staff in map(facts.live_staff.get, accepted) if staff)
        limit = facts.rules.book.kept(need.fact.headcount_left)
        best = facts.live_staff.best(
            facts.rules,
            need,
            limit,
            passed_over=lambda id_: id_ in accepted or standings.is_over(need.id, id_),
        )
        return OpenSet(limit, best, [place for place in beside if place])

    def _net_change(self, before: dict[UUID, dict[UUID, Place]], voice: Voice) -> Sequence[Event[Payload]]:
        lost: set[PairIds] = set()
        made: list[Place] = []
        for need_id, said in before.items():
            open_set = self._sets.get(need_id)
            now = open_set.places if open_set else {}
            for availability_id, place in said.items():
                if availability_id not in now:
                    self._holders[availability_id].discard(need_id)
                    borrower_id, lender_id = place.need.fact.company_id, place.staff.fact.company_id
                    lost.add(PairIds(need_id, availability_id, borrower_id, lender_id))
            for availability_id, place in now.items():
                held = said.get(availability_id)
                if held is None:
                    self._holders.setdefault(availability_id, set()).add(need_id)
                if held is None or not same_content(held, place):
                    made.append(place)
        return self._say(lost, made, voice)

    def _say(self, lost: set[PairIds], made: list[Place], voice: Voice) -> Sequence[Event[Payload]]:
        """The words in their order. A pair that is over leaves in silence: the registry has said so already."""
        told = (pair for pair in lost if not self._standings.is_over(pair.need_id, pair.availability_id))
        ordered = sorted(told, key=lambda pair: (pair.need_id.int, pair.availability_id.int))
        made.sort(key=lambda place: (place.need.number, place.key))
        withdrawn = [voice.withdrawn(pair, self._why(pair)) for pair in ordered]
        return [*withdrawn, *(voice.made(place) for place in made)]

    def _why(self, pair: PairIds) -> WithdrawalReason:
        """Why a pair is out of the open set; what never was in this epoch's facts was withdrawn before it."""
        need, staff = self._facts.need(pair.need_id), self._facts.staff(pair.availability_id)
        if need is None or staff is None:
            need_gone = Gone.WITHDRAWN if need is None else self._facts.why_gone(need)
            staff_gone = Gone.WITHDRAWN if staff is None else self._facts.why_gone(staff)
            return withdrawal_reason(need_gone, staff_gone, eligible=False)
        eligible = compare(self._facts.rules, need, staff) is not None
        return withdrawal_reason(self._facts.why_gone(need), self._facts.why_gone(staff), eligible=eligible)

    def _holds(self, need_id: UUID, availability_id: UUID) -> bool:
        open_set = self._sets.get(need_id)
        return open_set is not None and availability_id in open_set

    def _voice(self, event: Event[Payload], offset: int) -> Voice:
        return Voice(event, self.territory, offset, self._facts.rules.book.version)
