"""`/v1/proposals`: the pairs that can work, as the caller may see them, and what the parties decide."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.registry.api.answers import Cursor as NextCursor
from services.registry.api.parameters import Cursor, Desk, Limit
from services.registry.api.security import Calling
from services.registry.domain.drafts import CancelDraft, DecisionDraft
from services.registry.domain.verdicts import ProposalStatus
from services.registry.views import ProposalView

router = APIRouter(prefix="/v1/proposals", tags=["Propositions"])


class ProposalPage(BaseModel):
    """Des propositions, les meilleures d'abord."""

    items: list[ProposalView]
    next_cursor: NextCursor = None


@router.get("", summary="Lister les propositions")
async def list_(
    *,
    desk: Desk,
    caller: Calling,
    need: UUID | None = None,
    availability: UUID | None = None,
    company: UUID | None = None,
    status: ProposalStatus | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ProposalPage:
    """Une entreprise voit celles dont elle est une partie ; rien n'identifie l'autre avant l'accord."""
    page = await desk.proposals.list(
        caller, need=need, availability=availability, company=company, status=status, limit=limit, cursor=cursor
    )
    return ProposalPage(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/{proposal_id}", summary="Lire une proposition")
async def get(desk: Desk, caller: Calling, proposal_id: UUID) -> ProposalView:
    """Son score, ses raisons chiffrées, où elle en est ; une fois conclue, l'effectif et les contacts de l'autre."""
    return await desk.proposals.get(caller, proposal_id)


@router.post("/{proposal_id}/decisions", summary="Accepter ou décliner")
async def decide(desk: Desk, caller: Calling, proposal_id: UUID, draft: DecisionDraft) -> ProposalView:
    """Quand les deux ont accepté, les personnes sont retenues des deux côtés et la proposition est conclue.

    Un refus est définitif. S'il ne reste personne d'un côté, 409 : la proposition reste comme elle était.
    """
    return await desk.proposals.decide(caller, proposal_id, draft)


@router.post("/{proposal_id}/cancel", summary="Annuler un accord")
async def cancel(desk: Desk, caller: Calling, proposal_id: UUID, draft: CancelDraft) -> ProposalView:
    """Les personnes redeviennent disponibles des deux côtés ; la paire n'est plus jamais proposée."""
    return await desk.proposals.cancel(caller, proposal_id, draft)
