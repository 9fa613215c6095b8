"""`/v1/coordinators`: who is told, in each département, when a company does not answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.status import HTTP_204_NO_CONTENT

from services.registry.api.answers import CoordinatorAnswer
from services.registry.api.parameters import Desk
from services.registry.api.security import Calling
from services.registry.domain.drafts import CoordinatorDraft

router = APIRouter(prefix="/v1/coordinators", tags=["Coordinateurs"])

Served = Annotated[str, Path(pattern=r"^(?:\d{2}|2[AB])$", examples=["46"])]


@router.put("/{departement}", summary="Nommer le coordinateur d'un département")
async def appoint(desk: Desk, caller: Calling, departement: Served, draft: CoordinatorDraft) -> CoordinatorAnswer:
    """Réservé à l'opérateur. Remplace la personne nommée auparavant."""
    return CoordinatorAnswer.model_validate(await desk.coordinators.appoint(caller, departement, draft))


@router.get("/{departement}", summary="Lire le coordinateur d'un département")
async def get(desk: Desk, caller: Calling, departement: Served) -> CoordinatorAnswer:
    """Réservé à l'opérateur."""
    return CoordinatorAnswer.model_validate(await desk.coordinators.get(caller, departement))


@router.delete("/{departement}", status_code=HTTP_204_NO_CONTENT, summary="Retirer le coordinateur d'un département")
async def dismiss(desk: Desk, caller: Calling, departement: Served) -> None:
    """Réservé à l'opérateur. La personne est effacée du registre ; personne n'est plus prévenu à sa place."""
    await desk.coordinators.dismiss(caller, departement)
