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
from services.audit.explain_wording import COLON, DECLINES, STANDINGS, WITHDRAWALS

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


def pair_state(events: Iterable[Event[Payload]]) -> PairState:
    """The state of one pair from every event about it, in any order: the highest revision and version win.

    An accept outlives a better newcomer (`outranked`), but no other withdrawal (design, decision 12).
    """
    held = list(events)
    words = [event.data for event in held if isinstance(event.data, Pair)]
    latest = {word.territory: word for word in sorted(words, key=lambda word: word.revision)}
    word = max(latest.values(), key=lambda each: (isinstance(each, ProposalMade), each.revision), default=None)
    withdrawal = word.reason if isinstance(word, ProposalWithdrawn) else None
    made = [each for each in words if isinstance(each, ProposalMade)]
    standing, outcome = _decided(held)
    if standing in _TERMINAL:
        status = Status(standing.value)
    elif word is None:
        status = Status.NONE
    elif withdrawal is None or (withdrawal is WithdrawalReason.OUTRANKED and standing is Standing.ACCEPTED):
        status = Status.OPEN
    else:
        status = Status.WITHDRAWN
    last = max(made, key=lambda each: each.revision, default=None)
    return PairState(status, standing, last, withdrawal, outcome)


def _decided(events: Iterable[Event[Payload]]) -> tuple[Standing, Outcome | None]:
    """The companies' last word; the outcome, which has the reason, before matching's copy of it."""
    version, standing, outcome = -1, Standing.OPEN, None
    for event in events:
        data = event.data
        if isinstance(data, Outcome) and data.version >= version:
            version, standing, outcome = data.version, standing_of(data), data
        elif isinstance(data, DecisionRecorded) and data.version > version:
            version, standing, outcome = data.version, data.standing, None
    return standing, outcome
