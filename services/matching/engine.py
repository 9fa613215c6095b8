"""The fold of one territory in one epoch: facts, decisions and days in, the net change of its open sets out.

No clock, no random, no network: everything comes by the log (design, decision 6). The open set of a need is a pure
function of live facts, decisions and today; the bookkeeping below only spares matching every need afresh at each fact.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from schemas.decisions import DecisionRecorded
from schemas.envelope import Event
from schemas.epochs import DayStarted, EpochOpened, RulesAdopted
from schemas.facts import AvailabilityRecorded, NeedRecorded
from schemas.vocabulary import Payload
from services.matching.adoption import RuleLibrary
from services.matching.changes import Change, Changes
from services.matching.columns.layout import number_of, words
from services.matching.columns.taking import Written
from services.matching.facts import Facts
from services.matching.odd import Odd, Oddities
from services.matching.places import Place
from services.matching.ranker import Ranker, Told
from services.matching.rules import Rules
from services.matching.scribe import Scribe
from services.matching.standings import Standings
from services.matching.words import Voice


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

    def __init__(self, territory: str, epoch: int, rules: Rules, *, library: RuleLibrary, odd: Oddities) -> None:
        self.territory = territory
        self.epoch = epoch
        self.is_open = False
        self.facts = Facts(territory, rules, odd)
        self.standings = Standings()
        self.ranker = Ranker(self.facts, self.standings)
        self._scribe = Scribe(self.facts, self.ranker)
        self._changes = Changes(self.facts, self.standings, self.ranker, self._scribe)
        self._library = library
        self._odd = odd

    @property
    def rules(self) -> Rules:
        """Those in force."""
        return self.facts.rules

    def load(self, event: Event[Payload]) -> None:
        """Take an event in silence; once all are taken, `settle` makes the open sets that they lead to."""
        match event.data:
            case EpochOpened():
                self._begin()
            case NeedRecorded() as need:
                self.standings.note(need)
                self.facts.record_need(need)
            case AvailabilityRecorded() as staff:
                self.standings.note(staff)
                self.facts.record_staff(staff)
            case DecisionRecorded() as decision:
                self._decide(decision)
            case DayStarted() as day:
                if self.facts.start_day(day.day):
                    self.facts.retire_expired()
            case RulesAdopted() as adopted:
                self.facts.adopt(self._library.adopted(adopted))
            case _:
                pass  # company.recorded, for one: matching has no use for it

    def settle(self) -> None:
        """Match each open need once, if the epoch is open: the state that folding the same events would have left."""
        if self.is_open:
            self.ranker.begin()

    def fold(self, event: Event[Payload], offset: int) -> Sequence[Event[Payload]]:
        """Take the event at this offset of the partition, and say what it changes."""
        if not self.is_open and not isinstance(event.data, EpochOpened):
            self.load(event)
            return ()
        match event.data:
            case EpochOpened():
                change = self._changes.opening() if self._begin() else None
            case NeedRecorded() as need:
                change = self._changes.of_need(need)
            case AvailabilityRecorded() as staff:
                change = self._changes.of_staff(staff)
            case DecisionRecorded() as decision:
                change = self._changes.of_pair(decision.need_id, lambda: self._decide(decision))
            case DayStarted() as day:
                change = self._changes.of_day(day.day)
            case RulesAdopted() as adopted:
                change = self._changes.of_rules(self._library.adopted(adopted))
            case _:
                return ()
        return self._say(change, Voice(event, self.territory, offset, self.rules.book.version)) if change else ()

    def take(self, written: Written, first: int, last: int, *, silently: bool) -> tuple[int, Told]:
        """Take facts of this territory from `first` on, as `fold` takes them one by one, or as `load` does.

        Returns:
            The first that was not taken, at the latest the one after the first that causes something; and what that
            one changed, which `caused` says.
        """
        return self.ranker.take(written, first, last, meets=self.is_open and not silently)

    def caused(self, told: Told, event: Event[Payload], offset: int) -> Sequence[Event[Payload]]:
        """Say what an availability changed that was taken by `take`, before anything else is."""
        assert isinstance(event.data, AvailabilityRecorded)  # noqa: S101 (nothing else causes anything there)
        change = self._changes.met(words(event.data.id), told)
        return self._say(change, Voice(event, self.territory, offset, self.rules.book.version))

    def open_set(self, need_id: UUID) -> tuple[Place, ...]:
        """The pairs of a need that stand proposed, accepted or not, by rank."""
        places = self._scribe.places(self.ranker.shown(self.facts.needs.find(need_id)))
        return tuple(sorted(places, key=lambda place: place.key))

    def open_needs(self) -> list[UUID]:
        """The needs that take part, in order."""
        return [UUID(int=number) for number in sorted(number_of(*each) for each in self.facts.needs.live())]

    def _begin(self) -> bool:
        if self.is_open:
            self._odd.note(Odd.OPENED_AGAIN, self.territory)
            return False
        self.is_open = True
        return True

    def _decide(self, decision: DecisionRecorded) -> bool:
        odd = self.standings.record(self.facts.needs, decision)
        if odd is not None:
            self._odd.note(odd, self.territory)
        return odd is None

    def _say(self, change: Change, voice: Voice) -> Sequence[Event[Payload]]:
        """The words in their order."""
        ordered = sorted(change.lost, key=lambda lost: (lost[0].need_id.int, lost[0].availability_id.int))
        withdrawn = [voice.withdrawn(ids, reason) for ids, reason in ordered]
        made = sorted(change.made, key=lambda place: (place.need.id.int, place.key))
        return [*withdrawn, *map(voice.made, made)]
