"""`/v1/companies`: from informed to joined to left, with contacts and tokens."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from starlette.status import HTTP_201_CREATED, HTTP_204_NO_CONTENT

from schemas.vocabulary import CompanyStatus
from services.registry.api.answers import CompanyAnswer, CompanyPage, TokenAnswer, of_company
from services.registry.api.idempotency import creation_id
from services.registry.api.parameters import Cursor, Departement, Desk, Limit, Text
from services.registry.api.security import Calling
from services.registry.api.versions import IfMatch, tag
from services.registry.domain.drafts import CompanyDraft, ReachableDraft

Unreachable = Annotated[
    bool, Query(description="Seulement celles dont un contact n'est pas joignable par un de ses canaux.")
]

router = APIRouter(prefix="/v1/companies", tags=["Entreprises"])


@router.post("", status_code=HTTP_201_CREATED, summary="Ajouter une entreprise")
async def add(desk: Desk, caller: Calling, draft: CompanyDraft, request: Request, response: Response) -> CompanyAnswer:
    """Réservé à l'opérateur. Le statut est `informed`, ou `joined` si l'entreprise rejoint aussitôt le programme."""
    company = await desk.companies.add(caller, draft, id_=creation_id(request))
    response.headers["Location"] = f"/v1/companies/{company.id}"
    tag(response, company.version)
    return of_company(company)


@router.get("", summary="Lister les entreprises")
async def list_(
    *,
    desk: Desk,
    caller: Calling,
    status: CompanyStatus | None = None,
    branch: Text = None,
    departement: Departement = None,
    text: Text = None,
    unreachable: Unreachable = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> CompanyPage:
    """L'opérateur les voit toutes ; une entreprise se voit elle-même."""
    page = await desk.companies.list(
        caller,
        status=status,
        branch=branch,
        departement=departement,
        text=text,
        unreachable=unreachable,
        limit=limit,
        cursor=cursor,
    )
    return CompanyPage(items=[of_company(each) for each in page.items], next_cursor=page.next_cursor)


@router.get("/{company_id}", summary="Lire une entreprise")
async def get(desk: Desk, caller: Calling, company_id: UUID, response: Response) -> CompanyAnswer:
    """Donne sa version dans `ETag`."""
    company = await desk.companies.get(caller, company_id)
    tag(response, company.version)
    return of_company(company)


@router.put("/{company_id}", summary="Modifier une entreprise")
async def change(
    *, desk: Desk, caller: Calling, company_id: UUID, draft: CompanyDraft, if_match: IfMatch, response: Response
) -> CompanyAnswer:
    """Remplace nom, branche, commune et contacts ; ni le SIRET ni le statut ne se changent ainsi."""
    company = await desk.companies.change(caller, company_id, draft, if_match)
    tag(response, company.version)
    return of_company(company)


@router.post("/{company_id}/join", summary="Faire rejoindre le programme")
async def join(desk: Desk, caller: Calling, company_id: UUID, response: Response) -> CompanyAnswer:
    """Une entreprise qui a rejoint le programme peut publier. Sans effet si c'est déjà fait."""
    company = await desk.companies.join(caller, company_id)
    tag(response, company.version)
    return of_company(company)


@router.post("/{company_id}/leave", summary="Faire quitter le programme")
async def leave(desk: Desk, caller: Calling, company_id: UUID, response: Response) -> CompanyAnswer:
    """L'entreprise est `leaving` jusqu'à ce que tout ce qu'elle a publié soit retiré, puis `left`."""
    company = await desk.companies.leave(caller, company_id)
    tag(response, company.version)
    return of_company(company)


@router.delete("/{company_id}/contacts/{contact_id}", status_code=HTTP_204_NO_CONTENT, summary="Effacer un contact")
async def drop_contact(desk: Desk, caller: Calling, company_id: UUID, contact_id: UUID) -> None:
    """La personne est effacée du registre ; elle ne reçoit plus rien."""
    await desk.companies.drop_contact(caller, company_id, contact_id)


@router.post("/{company_id}/contacts/{contact_id}/reachable", summary="Déclarer une adresse joignable")
async def reachable(
    *, desk: Desk, caller: Calling, company_id: UUID, contact_id: UUID, body: ReachableDraft, response: Response
) -> CompanyAnswer:
    """Les messages y repartent. Sans effet si rien n'avait dit qu'elle ne l'était pas."""
    company = await desk.companies.reachable(caller, company_id, contact_id, body.channel)
    tag(response, company.version)
    return of_company(company)


@router.post("/{company_id}/tokens", status_code=HTTP_201_CREATED, summary="Émettre un jeton")
async def issue_token(desk: Desk, caller: Calling, company_id: UUID) -> TokenAnswer:
    """Réservé à l'opérateur. Le jeton agit pour cette entreprise ; le registre n'en garde que l'empreinte."""
    return TokenAnswer(company_id=company_id, token=await desk.companies.issue_token(caller, company_id))


@router.delete("/{company_id}/tokens", status_code=HTTP_204_NO_CONTENT, summary="Révoquer les jetons")
async def end_tokens(desk: Desk, caller: Calling, company_id: UUID) -> None:
    """Tous les jetons de l'entreprise cessent d'agir, celui de l'appel compris ; l'opérateur en émet de nouveaux."""
    await desk.companies.end_tokens(caller, company_id)
