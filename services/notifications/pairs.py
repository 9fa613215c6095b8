"""What notifications knows of a pair from the events alone: enough to tell what is new and what is still true."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.decisions import (
    Outcome,
    ProposalAccepted,
    ProposalAgreed,
    ProposalCancelled,
    ProposalDeclined,
    Standing,
)
from schemas.proposals import Pair as Word
from schemas.proposals import ProposalMade, ProposalWithdrawn, Reason, WithdrawalReason
from schemas.vocabulary import DeclineReason, Party

TERMINAL: Final = frozenset({Standing.AGREED, Standing.DECLINED, Standing.CANCELLED})

STANDINGS: Final[dict[type[Outcome], Standing]] = {
    ProposalAccepted: Standing.ACCEPTED,
    ProposalAgreed: Standing.AGREED,
    ProposalDeclined: Standing.DECLINED,
    ProposalCancelled: Standing.CANCELLED,
}


class KnownPair(BaseModel):
    """A pair, after the last word of matching and the last outcome of the registry.

    The two come by different topics, in no order between them; each has its own guard.

    Attributes:
        revision: of matching's last word; none before the first.
        open: matching proposes the pair.
        since: the revision of the word that opened, or closed, the present run: a pair that is stated again while it
            is open has a new `revision` and an old `since`, and is news to nobody.
        version: of the registry's last outcome; 0 before the first.
        standing: what that outcome says; none while nobody has decided.
        by: the party that decided last; `accepted_by` are those that ever accepted.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    need_id: UUID
    availability_id: UUID
    borrower_id: UUID
    lender_id: UUID
    revision: int | None = None
    open: bool = False
    since: int | None = None
    withdrawal: WithdrawalReason | None = None
    score: int | None = None
    reasons: tuple[Reason, ...] = ()
    distance_metres: int | None = None
    overlap_days: int | None = None
    version: int = 0
    standing: Standing | None = None
    by: Party | None = None
    accepted_by: tuple[Party, ...] = ()
    decline_reason: DeclineReason | None = None
    headcount: int | None = None

    @property
    def decided(self) -> bool:
        """Whether the registry has said its last word, or one that only a cancellation follows."""
        return self.standing in TERMINAL

    def company(self, party: Party) -> UUID:
        """The company on that side."""
        return self.borrower_id if party is Party.BORROWER else self.lender_id


def after(pair: KnownPair | None, word: Word | Outcome) -> KnownPair:
    """The pair once this word is known; the same object when the word is not newer than what is held."""
    if pair is None:
        pair = KnownPair(
            id=word.id,
            need_id=word.need_id,
            availability_id=word.availability_id,
            borrower_id=word.borrower_id,
            lender_id=word.lender_id,
        )
    if isinstance(word, Outcome):
        return _after_outcome(pair, word)
    if pair.revision is not None and word.revision <= pair.revision:
        return pair
    if isinstance(word, ProposalMade):
        return pair.model_copy(
            update={
                "revision": word.revision,
                "open": True,
                "since": pair.since if pair.open else word.revision,
                "withdrawal": None,
                "score": word.score,
                "reasons": word.reasons,
                "distance_metres": word.distance_metres,
                "overlap_days": word.overlap_days,
            }
        )
    if isinstance(word, ProposalWithdrawn):
        closed_already = pair.revision is not None and not pair.open
        return pair.model_copy(
            update={
                "revision": word.revision,
                "open": False,
                "since": pair.since if closed_already else word.revision,
                "withdrawal": word.reason,
            }
        )
    return pair


def _after_outcome(pair: KnownPair, outcome: Outcome) -> KnownPair:
    if outcome.version <= pair.version:
        return pair
    accepted = pair.accepted_by
    if isinstance(outcome, ProposalAccepted | ProposalAgreed) and outcome.by not in accepted:
        accepted = (*accepted, outcome.by)
    return pair.model_copy(
        update={
            "version": outcome.version,
            "standing": STANDINGS[type(outcome)],
            "by": outcome.by,
            "accepted_by": accepted,
            "decline_reason": outcome.reason,
            "headcount": outcome.headcount,
        }
    )
