"""`/v1/deliveries`: who was told what, by which channel, when, with which result."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from schemas.deliveries import DeliveryState
from services.registry.api.answers import DeliveryAnswer, DeliveryPage
from services.registry.api.parameters import Cursor, Desk, Limit
from services.registry.api.security import Calling

router = APIRouter(prefix="/v1/deliveries", tags=["Envois"])


@router.get("", summary="Lister les envois")
async def list_(
    *,
    desk: Desk,
    caller: Calling,
    proposal: UUID | None = None,
    contact: UUID | None = None,
    state: DeliveryState | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> DeliveryPage:
    """L'opérateur les voit tous ; une entreprise voit ceux de ses contacts.

    `state=unknown` : ceux dont personne ne sait s'ils sont arrivés ; ils ne sont jamais renvoyés d'eux-mêmes.
    """
    page = await desk.deliveries.list(
        caller, proposal=proposal, contact=contact, state=state, limit=limit, cursor=cursor
    )
    return DeliveryPage(
        items=[DeliveryAnswer.model_validate(each) for each in page.items], next_cursor=page.next_cursor
    )
