"""The ladder: what still waits for an answer when its time comes is owed as a reminder, and then goes on by a step.

The timer of each pair and company stands in its mark. A step is gathered first, and the mark moved on then: a crash in
between gathers it again, which changes nothing. Whether the answer is still awaited is looked at again right before a
message leaves, as with everything that is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from passerelles.store.port import Body, Stored, change
from schemas.deliveries import DeliveryState, MessageKind
from schemas.envelope import format_time, parse_time
from schemas.vocabulary import Party
from services.notifications.ladder import AFTER, FURTHER, NEXT, due
from services.notifications.ledger.documents import Documents
from services.notifications.ledger.heard import HEARD, History, histories
from services.notifications.ledger.spread import spread
from services.notifications.pairs import KnownPair
from services.notifications.policy import Owed, reminder, still_true

Gather = Callable[[Sequence[Owed], Mapping[str, KnownPair]], Awaitable[None]]

PENDING = (DeliveryState.RESERVED, DeliveryState.ATTEMPTING)


@dataclass(frozen=True, slots=True)
class _Timer:
    """A mark whose time has come."""

    mark: Stored

    @property
    def pair(self) -> str:
        return self.mark.id.partition(":")[0]

    @property
    def company(self) -> str:
        return self.mark.id.partition(":")[2]

    @property
    def party(self) -> Party:
        return Party(self.mark.body["party"])

    @property
    def step(self) -> MessageKind:
        return MessageKind(self.mark.body["step"])


@dataclass(frozen=True, slots=True)
class _Move:
    """What becomes of a timer: the step that is owed now, if any, and the one that comes next, if any."""

    owed: MessageKind | None
    step: MessageKind | None
    at: datetime | None


class Reminders:
    """Takes the timers that are due. Several may work on one ledger: each mark is moved on once."""

    def __init__(self, documents: Documents, gather: Gather, *, clock: Callable[[], datetime]) -> None:
        self._documents = documents
        self._gather = gather
        self._clock = clock

    async def remind(self, marks: Sequence[Stored]) -> None:
        """Owe what these timers announced, where the answer is still awaited. Raises `UnavailableError`."""
        timers = [_Timer(mark) for mark in marks]
        pairs = await self._documents.known({each.pair for each in timers})
        past = await self._past(timers)
        now = self._clock()
        moves = [(each, _move(each, pairs.get(each.pair), past[each.company, each.pair], now)) for each in timers]
        debts = [reminder(pairs[each.pair], each.party, move.owed) for each, move in moves if move.owed is not None]
        if debts:
            await self._gather(debts, pairs)
        await spread(partial(self._move_on, each.mark, move) for each, move in moves)

    async def _past(self, timers: Iterable[_Timer]) -> Mapping[tuple[str, str], History]:
        companies: dict[str, set[str]] = defaultdict(set)
        for each in timers:
            companies[each.company].add(each.pair)
        found: dict[tuple[str, str], History] = {}
        for company, pairs in companies.items():
            for pair, history in (await histories(self._documents, pairs, company)).items():
                found[company, pair] = history
        return found

    async def _move_on(self, mark: Stored, move: _Move) -> None:
        def edit(body: Body | None) -> Body | None:
            if body is None or (body["step"], body["due_at"]) != (mark.body["step"], mark.body["due_at"]):
                return None
            step = move.step.value if move.step else None
            return {**body, "step": step, "due_at": format_time(move.at) if move.at else None}

        await change(self._documents.told, mark.id, edit, known=mark)


def _move(timer: _Timer, pair: KnownPair | None, history: History, now: datetime) -> _Move:
    if pair is None or not still_true(pair, timer.step, timer.party):
        return _Move(None, None, None)
    company, step = UUID(timer.company), timer.step
    # It comes so long after what it follows was told, which may have waited for a digest or for the morning.
    before, wait = AFTER[step]
    said = [each for sendings in history.said.values() for each in sendings if each.kind in before]
    heard = [parse_time(each.at) for each in said if each.state in HEARD and each.at]
    if heard and max(heard) + wait > now:
        return _Move(None, step, due(company, max(heard), wait))
    on_its_way = not set(before).isdisjoint(history.waiting) or any(each.state in PENDING for each in said)
    if not heard and on_its_way:
        return _Move(None, step, due(company, now, FURTHER))
    if not heard and step is MessageKind.REMINDED:
        # Nobody there is told of anything: somebody should know.
        step = MessageKind.ESCALATED
    following = NEXT[step]
    return _Move(step, following, due(company, now, FURTHER) if following else None)
