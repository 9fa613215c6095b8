"""`/v1/needs`: posts to fill."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.status import HTTP_201_CREATED

from schemas.vocabulary import PostingStatus
from services.registry.api.answers import NeedAnswer, NeedPage, of_need
from services.registry.api.idempotency import creation_id
from services.registry.api.lookups import look_up
from services.registry.api.parameters import Cursor, Departement, Desk, Limit, Occupation
from services.registry.api.security import Calling
from services.registry.api.versions import IfMatch, MaybeIfMatch, tag
from services.registry.domain.drafts import NeedDraft

router = APIRouter(prefix="/v1/needs", tags=["Besoins"])


@router.post("", status_code=HTTP_201_CREATED, summary="Publier un besoin")
async def publish(desk: Desk, caller: Calling, draft: NeedDraft, request: Request, response: Response) -> NeedAnswer:
    """L'entreprise doit avoir rejoint le programme. Les propositions suivent en quelques instants."""
    await look_up(draft.occupation)
    need = await desk.needs.publish(caller, draft, id_=creation_id(request))
    response.headers["Location"] = f"/v1/needs/{need.id}"
    tag(response, need.version)
    return of_need(need)


@router.get("", summary="Lister les besoins")
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
) -> NeedPage:
    """L'opérateur les voit tous ; une entreprise voit les siens."""
    page = await desk.needs.list(
        caller,
        company=company,
        status=status,
        occupation=occupation,
        departement=departement,
        limit=limit,
        cursor=cursor,
    )
    return NeedPage(items=[of_need(each) for each in page.items], next_cursor=page.next_cursor)


@router.get("/{need_id}", summary="Lire un besoin")
async def get(desk: Desk, caller: Calling, need_id: UUID, response: Response) -> NeedAnswer:
    """Donne sa version dans `ETag`."""
    need = await desk.needs.get(caller, need_id)
    tag(response, need.version)
    return of_need(need)


@router.put("/{need_id}", summary="Modifier un besoin")
async def change(
    *, desk: Desk, caller: Calling, need_id: UUID, draft: NeedDraft, if_match: IfMatch, response: Response
) -> NeedAnswer:
    """Remplace tout le besoin. L'effectif ne descend pas sous ce que des accords retiennent."""
    await look_up(draft.occupation)
    need = await desk.needs.change(caller, need_id, draft, if_match)
    tag(response, need.version)
    return of_need(need)


@router.post("/{need_id}/withdraw", summary="Retirer un besoin")
async def withdraw(
    desk: Desk, caller: Calling, need_id: UUID, if_match: MaybeIfMatch, response: Response
) -> NeedAnswer:
    """Ses propositions ouvertes sont retirées ; les accords demeurent. `If-Match` est facultatif."""
    need = await desk.needs.withdraw(caller, need_id, if_match)
    tag(response, need.version)
    return of_need(need)
