"""What the registry says about a proposal: where it stands, what was decided, and who saw it."""

from __future__ import annotations

from uuid import UUID

from schemas.decisions import DecisionRecorded, Outcome
from schemas.readings import ProposalSeen, SeenBy
from schemas.vocabulary import Party
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


def reading_of(proposal: Proposal, party: Party, contact_id: UUID, seen_by: SeenBy) -> ProposalSeen:
    """That a contact of a party saw it."""
    return ProposalSeen(
        id=proposal.id,
        need_id=proposal.need_id,
        availability_id=proposal.availability_id,
        borrower_id=proposal.borrower_id,
        lender_id=proposal.lender_id,
        party=party,
        contact_id=contact_id,
        seen_by=seen_by,
    )
