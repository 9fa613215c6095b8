"""Who is owed which message about a pair, and whether it is still true: decisions only, no input or output.

The table (design, decision 16, and "silence when nothing calls for action" of the domain):

| event | told | on condition |
|---|---|---|
| `proposal.made` | both | it opens a run: nobody is alerted when an open pair is stated again |
| `proposal.accepted` | the other party | while the pair is proposed, or as soon as it is again |
| `proposal.agreed` | both | |
| `proposal.declined` | the other party | its contacts were told of the pair, or it had accepted |
| `proposal.cancelled` | the other party | the one that cancels knows it |
| `proposal.withdrawn` | both | only contacts that were told of the pair; not `outranked` once a party has accepted |

A need that moves leaves one territory and is taken up by another, by two words in no order between them. Neither is
news while the pair stays proposed; so a withdrawal because the need moved is held for `MOVING`, and told if the pair is
still closed then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from schemas.decisions import (
    Outcome,
    ProposalAccepted,
    ProposalAgreed,
    ProposalCancelled,
    ProposalDeclined,
    Standing,
)
from schemas.deliveries import MessageKind
from schemas.preferences import DIGEST_BY_DEFAULT
from schemas.proposals import Pair as Word
from schemas.proposals import ProposalMade, WithdrawalReason
from schemas.vocabulary import Party
from services.notifications.pairs import STANDINGS, KnownPair, name_of

BOTH: Final = (Party.BORROWER, Party.LENDER)

MOVING: Final = timedelta(minutes=1)
"""What the other territory's shard is given to propose the pair: milliseconds as a rule, longer when shards change
hands. Nobody waits for this message; if it is outrun after all, the pair is told again as proposed."""

OPENING: Final = (MessageKind.PROPOSED, MessageKind.ACCEPTED)
CLOSING: Final = (MessageKind.WITHDRAWN,)
"""What becomes true, and untrue, as runs open and close; the other kinds are the last words of the registry."""

LADDER: Final = (MessageKind.REMINDED, MessageKind.REMINDED_AGAIN, MessageKind.ESCALATED)
"""What is told in this order while an answer is awaited."""

TELLING: Final = (MessageKind.PROPOSED, MessageKind.ACCEPTED, MessageKind.AGREED)
"""The kinds from which a contact learns that the pair exists."""

TOLD_AFTER: Final[dict[MessageKind, tuple[MessageKind, ...]]] = {
    MessageKind.PROPOSED: CLOSING,
    MessageKind.ACCEPTED: CLOSING,
    MessageKind.WITHDRAWN: TELLING,
    MessageKind.DECLINED: TELLING,
    MessageKind.REMINDED: OPENING,
    MessageKind.REMINDED_AGAIN: OPENING,
    MessageKind.ESCALATED: OPENING,
}
"""What a contact must have been told since, for a kind to be told to it again: the contrary, so that the last message
that it read stays true; for a reminder, what it reminds of. Those that are only for who was told of the pair follow the
same for the first time."""

CONTRADICTED_BY: Final[dict[MessageKind, frozenset[str]]] = {
    MessageKind.PROPOSED: frozenset({"agreed", "declined", "cancelled"}),
    MessageKind.ACCEPTED: frozenset({"agreed", "declined", "cancelled"}),
    MessageKind.AGREED: frozenset({"declined", "cancelled"}),
    MessageKind.DECLINED: frozenset(),
    MessageKind.CANCELLED: frozenset(),
    MessageKind.WITHDRAWN: frozenset({"agreed", "declined", "cancelled"}),
    MessageKind.REMINDED: frozenset({"agreed", "declined", "cancelled"}),
    MessageKind.REMINDED_AGAIN: frozenset({"agreed", "declined", "cancelled"}),
    MessageKind.ESCALATED: frozenset({"agreed", "declined", "cancelled"}),
}
"""The registry's own statuses under which a message would be false, whatever the events have said so far.

Only its terminal words count: its projection of matching's words may lag behind what this service knows.
"""


@dataclass(frozen=True, slots=True)
class Owed:
    """One message about one pair that one company has a right to.

    Attributes:
        subject: what its window gathers by: the need for a borrower, the company itself for a lender.
        cause: the words that made it owed; the same events made again have the same.
        heard_only: told to those contacts only that were told of the pair before.
        hold: how long it is kept before it counts, in case it does not stay true.
    """

    company_id: UUID
    party: Party
    subject: UUID
    proposal_id: UUID
    kind: MessageKind
    cause: str
    heard_only: bool = False
    hold: timedelta = timedelta()


def other(party: Party) -> Party:
    """The opposite side."""
    return Party.LENDER if party is Party.BORROWER else Party.BORROWER


def owed(pair: KnownPair, word: Word | Outcome) -> list[Owed]:
    """What this word makes owed, given the pair as it stands with it and with all that came since.

    The same word seen again owes the same: the ledger knows what was told. A word that a later one has superseded owes
    nothing, since it would no longer be true.
    """
    if isinstance(word, Outcome):
        return _owed_by_outcome(pair, word)
    if name_of(word) != pair.since:
        return []
    kinds = OPENING if isinstance(word, ProposalMade) else CLOSING
    return [debt for debt in owed_anew(pair) if debt.kind in kinds]


def _owed_by_outcome(pair: KnownPair, outcome: Outcome) -> list[Owed]:
    if outcome.version != pair.version or STANDINGS[type(outcome)] is not pair.standing:
        return []
    told = other(outcome.by)
    match outcome:
        case ProposalAgreed():
            return [_item(pair, party, MessageKind.AGREED) for party in BOTH]
        case ProposalAccepted() if still_true(pair, MessageKind.ACCEPTED, told):
            return [_item(pair, told, MessageKind.ACCEPTED)]
        case ProposalDeclined():
            heard_only = told not in pair.accepted_by
            return [_item(pair, told, MessageKind.DECLINED, heard_only=heard_only)]
        case ProposalCancelled():
            return [_item(pair, told, MessageKind.CANCELLED)]
        case _:
            return []


def still_true(pair: KnownPair, kind: MessageKind, party: Party, registry_status: str | None = None) -> bool:
    """Whether `party` may be told this of the pair as it stands now.

    `registry_status` is what the registry answered when it was asked for the contacts, none when it has not been asked
    or does not know the pair yet.
    """
    if registry_status in CONTRADICTED_BY[kind]:
        return False
    return _TRUTHS[kind](pair, party)


def _proposed(pair: KnownPair, _: Party) -> bool:
    return pair.standing is None and pair.open


def _answered(pair: KnownPair, party: Party) -> bool:
    accepted = pair.standing is Standing.ACCEPTED and pair.by is other(party)
    return accepted and (not pair.closed or _outlived(pair))


def _unanswered(pair: KnownPair, party: Party) -> bool:
    return _proposed(pair, party) or _answered(pair, party)


def _withdrawn(pair: KnownPair, _: Party) -> bool:
    return pair.closed and not pair.decided and not _outlived(pair)


def _outlived(pair: KnownPair) -> bool:
    """An accept that the registry recorded outlives a better newcomer (design, decision 12)."""
    return pair.standing is Standing.ACCEPTED and pair.withdrawal is WithdrawalReason.OUTRANKED


_TRUTHS: Final[Mapping[MessageKind, Callable[[KnownPair, Party], bool]]] = {
    MessageKind.PROPOSED: _proposed,
    MessageKind.ACCEPTED: _answered,
    MessageKind.WITHDRAWN: _withdrawn,
    MessageKind.AGREED: lambda pair, _: pair.standing is Standing.AGREED,
    MessageKind.DECLINED: lambda pair, _: pair.standing is Standing.DECLINED,
    MessageKind.CANCELLED: lambda pair, _: pair.standing is Standing.CANCELLED,
    **dict.fromkeys(LADDER, _unanswered),
}


def awaited(pair: KnownPair, kind: MessageKind, party: Party) -> bool:
    """Whether this ends a wait: the party had accepted, and was promised to be told what becomes of it."""
    return kind in DIGEST_BY_DEFAULT and party in pair.accepted_by


def informs(pair: KnownPair, kind: MessageKind, party: Party) -> bool:
    """Whether this only informs: it calls for no action, and nobody waits for it."""
    return kind in DIGEST_BY_DEFAULT and party not in pair.accepted_by


def _item(pair: KnownPair, party: Party, kind: MessageKind, *, heard_only: bool = False) -> Owed:
    company = pair.company(party)
    moved = kind is MessageKind.WITHDRAWN and pair.withdrawal is WithdrawalReason.NEED_MOVED
    return Owed(
        company,
        party,
        subject=pair.need_id if party is Party.BORROWER else company,
        proposal_id=pair.id,
        kind=kind,
        # It is true of this run and this decision; after another of either it may have to be told anew.
        cause=f"{pair.since}/{pair.version}",
        heard_only=heard_only,
        hold=MOVING if moved else timedelta(),
    )


def reminder(pair: KnownPair, party: Party, kind: MessageKind) -> Owed:
    """A step of the ladder, for a company whose answer is awaited; a coordinator needs not have heard of the pair."""
    return _item(pair, party, kind, heard_only=kind is not MessageKind.ESCALATED)


def owed_anew(pair: KnownPair) -> list[Owed]:
    """What is true of a pair by now and turns with it: owed to whoever was not told, for it was not always true."""
    return [
        _item(pair, party, kind, heard_only=kind in CLOSING)
        for kind in (*OPENING, *CLOSING)
        for party in BOTH
        if still_true(pair, kind, party)
    ]
