"""What the companies decided about a proposal: as a fact for matching, as an outcome for those to be told."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from schemas.vocabulary import DeclineReason, HeadcountLeft, Party, Payload, Territory, Version


class Standing(StrEnum):
    """Where a pair stands for the registry, which matching has to respect.

    `open`: proposed, nobody has accepted (said when an epoch opens). `accepted`: one party has, at least; the pair
    stays beside the best K. `agreed`, `declined` and `cancelled` are terminal: the pair is never proposed again.
    """

    OPEN = "open"
    ACCEPTED = "accepted"
    AGREED = "agreed"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class DecisionRecorded(Payload):
    """Where a pair stands, for the shard of its need.

    Attributes:
        id: the proposal's.
        version: 1, 2, 3… by proposal, from the first decision; 0 for a pair that is only known to be open.
    """

    id: UUID
    need_id: UUID
    availability_id: UUID
    borrower_id: UUID
    lender_id: UUID
    territory: Territory
    version: int
    standing: Standing


class Outcome(Payload):
    """What every outcome says.

    Attributes:
        id: the proposal's.
        version: that of the decision, by proposal.
        by: the party that decided last.
        reason: given by that party, when it declined or cancelled.
        headcount: people agreed on; none before an agreement.
    """

    id: UUID
    need_id: UUID
    availability_id: UUID
    borrower_id: UUID
    lender_id: UUID
    version: Version
    by: Party
    reason: DeclineReason | None = None
    headcount: HeadcountLeft | None = None


class ProposalAccepted(Outcome):
    """One party accepted; the other has yet to answer."""


class ProposalDeclined(Outcome):
    """One party declined. Terminal."""


class ProposalAgreed(Outcome):
    """Both accepted, and people are reserved on both sides. Ends only by a cancellation."""


class ProposalCancelled(Outcome):
    """An agreement was cancelled by one party: the people come back. Terminal."""
