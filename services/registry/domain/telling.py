"""What the registry says about a proposal: where it stands, for matching, and what was decided, for users."""

from __future__ import annotations

from schemas.decisions import DecisionRecorded, Outcome
from services.registry.domain.proposal import Proposal
from services.registry.domain.verdicts import OUTCOMES


def decision_of(proposal: Proposal, territory: str | None = None) -> DecisionRecorded:
    """Where a pair stands, for the shard of a territory; by default the one that speaks of it."""
    return DecisionRecorded(
        id=proposal.id,
        need_id=proposal.need_id,
        availability_id=proposal.availability_id,
        borrower_id=proposal.borrower_id,
        lender_id=proposal.lender_id,
        territory=territory or proposal.territory,
        version=proposal.version,
        standing=proposal.standing,
    )


def outcome_of(proposal: Proposal) -> Outcome:
    """The last decision, for those to be told.

    Raises:
        LookupError: nothing is decided.
    """
    if proposal.by is None:
        msg = "nothing is decided"
        raise LookupError(msg)
    return OUTCOMES[proposal.standing](
        id=proposal.id,
        need_id=proposal.need_id,
        availability_id=proposal.availability_id,
        borrower_id=proposal.borrower_id,
        lender_id=proposal.lender_id,
        version=proposal.version,
        by=proposal.by,
        reason=proposal.decisions[proposal.by].reason,
        headcount=proposal.headcount,
    )
