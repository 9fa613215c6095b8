"""`/v1/alerts`: why a contact was told, or was not."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from services.registry.api.answers import AlertPage, of_alert
from services.registry.api.parameters import Cursor, Desk, Limit
from services.registry.api.security import Calling

router = APIRouter(prefix="/v1/alerts", tags=["Envois"])


@router.get("", summary="Lister les décisions d'alerte")
async def list_(
    *,
    desk: Desk,
    caller: Calling,
    proposal: UUID | None = None,
    contact: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AlertPage:
    """Pour chaque proposition, contact et canal : aussitôt, plus tard ou pas du tout, et pourquoi.

    L'opérateur les voit toutes ; une entreprise voit celles qui concernent ses contacts. Une décision n'est pas encore
    un envoi : `/v1/deliveries` dit ce qu'il en est advenu.
    """
    page = await desk.alerts.list(caller, proposal=proposal, contact=contact, limit=limit, cursor=cursor)
    return AlertPage(items=[of_alert(each) for each in page.items], next_cursor=page.next_cursor)
