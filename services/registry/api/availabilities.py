"""`/v1/availabilities`: staff that companies can lend or must redeploy."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.status import HTTP_201_CREATED

from schemas.vocabulary import PostingStatus
from services.registry.api.answers import AvailabilityAnswer, AvailabilityPage, of_availability
from services.registry.api.idempotency import creation_id
from services.registry.api.lookups import look_up
from services.registry.api.parameters import Cursor, Departement, Desk, Limit, Occupation
from services.registry.api.security import Calling
from services.registry.api.versions import IfMatch, MaybeIfMatch, tag
from services.registry.domain.drafts import AvailabilityDraft

router = APIRouter(prefix="/v1/availabilities", tags=["Disponibilités"])


@router.post("", status_code=HTTP_201_CREATED, summary="Publier une disponibilité")
async def publish(
    desk: Desk, caller: Calling, draft: AvailabilityDraft, request: Request, response: Response
) -> AvailabilityAnswer:
    """L'entreprise doit avoir rejoint le programme, et les personnes être volontaires. Aucune n'est nommée."""
    await look_up(draft.occupation)
    availability = await desk.availabilities.publish(caller, draft, id_=creation_id(request))
    response.headers["Location"] = f"/v1/availabilities/{availability.id}"
    tag(response, availability.version)
    return of_availability(availability)


@router.get("", summary="Lister les disponibilités")
async def list_(
    *,
    desk: Desk,
    caller: Calling,
    company: UUID | None = None,
    status: PostingStatus | None = None,
    occupation: Occupation = None,
    departement: Departement = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AvailabilityPage:
    """L'opérateur les voit toutes ; une entreprise voit les siennes."""
    page = await desk.availabilities.list(
        caller,
        company=company,
        status=status,
        occupation=occupation,
        departement=departement,
        limit=limit,
        cursor=cursor,
    )
    return AvailabilityPage(items=[of_availability(each) for each in page.items], next_cursor=page.next_cursor)


@router.get("/{availability_id}", summary="Lire une disponibilité")
async def get(desk: Desk, caller: Calling, availability_id: UUID, response: Response) -> AvailabilityAnswer:
    """Donne sa version dans `ETag`."""
    availability = await desk.availabilities.get(caller, availability_id)
    tag(response, availability.version)
    return of_availability(availability)


@router.put("/{availability_id}", summary="Modifier une disponibilité")
async def change(
    *,
    desk: Desk,
    caller: Calling,
    availability_id: UUID,
    draft: AvailabilityDraft,
    if_match: IfMatch,
    response: Response,
) -> AvailabilityAnswer:
    """Remplace toute la disponibilité. L'effectif ne descend pas sous ce que des accords retiennent."""
    await look_up(draft.occupation)
    availability = await desk.availabilities.change(caller, availability_id, draft, if_match)
    tag(response, availability.version)
    return of_availability(availability)


@router.post("/{availability_id}/withdraw", summary="Retirer une disponibilité")
async def withdraw(
    desk: Desk, caller: Calling, availability_id: UUID, if_match: MaybeIfMatch, response: Response
) -> AvailabilityAnswer:
    """Ses propositions ouvertes sont retirées ; les accords demeurent. `If-Match` est facultatif."""
    availability = await desk.availabilities.withdraw(caller, availability_id, if_match)
    tag(response, availability.version)
    return of_availability(availability)
