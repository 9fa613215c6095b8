"""Where a pair stands, from matching's words and the companies' decisions, as the registry would say it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.decisions import (
    DecisionRecorded,
    Outcome,
    ProposalAccepted,
    ProposalAgreed,
    ProposalCancelled,
    ProposalDeclined,
    Standing,
)
from schemas.envelope import Event
from schemas.proposals import Pair, ProposalMade, ProposalWithdrawn, WithdrawalReason
from schemas.vocabulary import Payload
from services.audit.story.wording import COLON, DECLINES, STANDINGS, WITHDRAWALS

_OUTCOMES: Final[dict[type[Outcome], Standing]] = {
    ProposalAccepted: Standing.ACCEPTED,
    ProposalAgreed: Standing.AGREED,
    ProposalDeclined: Standing.DECLINED,
    ProposalCancelled: Standing.CANCELLED,
}
_TERMINAL: Final = frozenset({Standing.AGREED, Standing.DECLINED, Standing.CANCELLED})


class Status(StrEnum):
    """What users see of a pair."""

    NONE = "none"
    OPEN = "open"
    AGREED = "agreed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"


def standing_of(outcome: Outcome) -> Standing:
    """The standing that an outcome leads to."""
    return _OUTCOMES[type(outcome)]


@dataclass(frozen=True, slots=True)
class PairState:
    """A pair as it stands.

    Attributes:
        made: the last proposal that counts; none when it was only ever withdrawn.
        withdrawal: why it is withdrawn, when matching's last word is that.
        outcome: the companies' last word, when it is known with its reason.
    """

    status: Status
    standing: Standing
    made: ProposalMade | None
    withdrawal: WithdrawalReason | None
    outcome: Outcome | None

    @property
    def text(self) -> str:
        """The status in French, with its reason."""
        if self.standing in _TERMINAL:
            reason = self.outcome.reason if self.outcome else None
            return STANDINGS[self.standing] + (f"{COLON}{DECLINES[reason]}" if reason else "")
        if self.status is Status.WITHDRAWN and self.withdrawal is not None:
            return f"retirée{COLON}{WITHDRAWALS[self.withdrawal]}"
        return "jamais proposée" if self.status is Status.NONE else STANDINGS[self.standing]


class PairFold:
    """The state of one pair as events about it come, in any order: the highest revision and version win.

    Only what counts is kept, so that every pair of an archive can be held at once.
    """

    def __init__(self) -> None:
        self._words: dict[str, Pair] = {}
        self._made: ProposalMade | None = None
        self._version = -1
        self._standing = Standing.OPEN
        self._outcome: Outcome | None = None

    def take(self, event: Event[Payload]) -> None:
        """Take note of a word of matching, a decision or an outcome; anything else says nothing of a pair."""
        data = event.data
        if isinstance(data, Pair):
            held = self._words.get(data.territory)
            if held is None or held.revision <= data.revision:
                self._words[data.territory] = data
            if isinstance(data, ProposalMade) and (self._made is None or self._made.revision <= data.revision):
                self._made = data
        elif isinstance(data, Outcome) and data.version >= self._version:
            self._version, self._standing, self._outcome = data.version, standing_of(data), data
        elif isinstance(data, DecisionRecorded) and data.version > self._version:
            self._version, self._standing, self._outcome = data.version, data.standing, None

    @property
    def state(self) -> PairState:
        """Where it stands. An accept outlives a better newcomer (`outranked`), but no other withdrawal."""
        word = max(self._words.values(), key=lambda each: (isinstance(each, ProposalMade), each.revision), default=None)
        withdrawal = word.reason if isinstance(word, ProposalWithdrawn) else None
        if self._standing in _TERMINAL:
            status = Status(self._standing.value)
        elif word is None:
            status = Status.NONE
        elif withdrawal is None or (withdrawal is WithdrawalReason.OUTRANKED and self._standing is Standing.ACCEPTED):
            status = Status.OPEN
        else:
            status = Status.WITHDRAWN
        return PairState(status, self._standing, self._made, withdrawal, self._outcome)


def pair_state(events: Iterable[Event[Payload]]) -> PairState:
    """The state of one pair from every event about it."""
    fold = PairFold()
    for event in events:
        fold.take(event)
    return fold.state
