"""`/v1/imports`: a spreadsheet goes in by one request, and every row is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID, uuid5

import structlog
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from starlette.datastructures import UploadFile

from passerelles.errors import ForbiddenError, InvalidInputError, PasserellesError, UnavailableError
from services.registry.api.desk import Registry
from services.registry.api.idempotency import creation_id
from services.registry.api.import_rows import Checked, checked
from services.registry.api.parameters import Desk
from services.registry.api.problems import Finding
from services.registry.api.security import Calling
from services.registry.domain.caller import Caller
from services.registry.domain.company import Company
from services.registry.domain.drafts import NeedDraft
from services.registry.imports.columns import Kind
from services.registry.imports.rows import Sheet, understand_rows
from services.registry.imports.sheets import read
from services.registry.imports.template import FILE_NAMES, MEDIA_TYPE, template

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/v1/imports", tags=["Imports"])

AT_ONCE: Final = 16
"""Rows published at the same time: enough to keep a store busy while another row waits for it."""


class RowAnswer(BaseModel):
    """Ce qu'une ligne est devenue."""

    line: int
    status: Literal["accepted", "refused"]
    id: UUID | None = None
    errors: list[Finding] = []


class ImportAnswer(BaseModel):
    """Ce que le fichier est devenu, ligne par ligne."""

    kind: Kind
    accepted: int
    refused: int
    ignored_columns: list[str]
    rows: list[RowAnswer]


async def _file(request: Request) -> tuple[bytes, Mapping[str, str]]:
    """The file's bytes, and the form's other fields where it came in one."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return await request.body(), {}
    async with request.form(max_files=1, max_fields=10) as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        if len(files) != 1:
            raise InvalidInputError("file : un fichier CSV ou XLSX est attendu.", field="file")
        return await files[0].read(), fields


def _kind(text: str | None) -> Kind:
    try:
        return Kind(text or "")
    except ValueError:
        raise InvalidInputError("kind : availabilities ou needs est attendu.", field="kind") from None


def _company(text: str | None, caller: Caller) -> UUID:
    if text is None and caller.company_id is not None:
        return caller.company_id
    try:
        return UUID(text or "")
    except ValueError:
        raise InvalidInputError(
            "company_id : l'identifiant (UUID) de l'entreprise est attendu.", field="company_id"
        ) from None


def _understood(kind: Kind, data: bytes, company: Company, now: datetime) -> tuple[Sheet, list[Checked]]:
    """The file and each of its rows, checked; not for the event loop, as searching what was meant takes a while."""
    sheet = understand_rows(kind, read(data))
    return sheet, [checked(kind, row, sheet.header, company, now) for row in sheet.rows]


@router.post("", summary="Importer un fichier")
async def import_(
    desk: Desk,
    caller: Calling,
    request: Request,
    kind: Annotated[
        Kind | None, Query(description="Ce que le fichier liste ; aussi accepté dans le formulaire.")
    ] = None,
    company_id: Annotated[UUID | None, Query(description="L'entreprise ; à défaut, celle du jeton.")] = None,
) -> ImportAnswer:
    """Un CSV (UTF-8 ou Windows-1252 ; séparateur « ; », « , » ou tabulation) ou un XLSX, de 2 000 lignes au plus.

    La première ligne est un en-tête, en français ou en anglais (voir le modèle). Chaque ligne est acceptée ou refusée
    pour elle-même. Avec le même `Idempotency-Key`, le même fichier renvoyé ne change rien.
    """
    data, fields = await _file(request)
    wanted = kind or _kind(fields.get("kind"))
    id_ = company_id or _company(fields.get("company_id"), caller)
    caller.must_act_for(id_)
    company = await desk.companies.get(caller, id_)
    company.must_have_joined()
    sheet, lines = await asyncio.to_thread(_understood, wanted, data, company, desk.office.now())
    base, gate = creation_id(request), asyncio.Semaphore(AT_ONCE)

    async def one(row: Checked) -> RowAnswer:
        async with gate:
            return await _published(desk, caller, row, uuid5(base, f"row:{row.line}"), sheet)

    rows = await asyncio.gather(*(one(row) for row in lines))
    accepted = sum(row.status == "accepted" for row in rows)
    log.info("import.done", kind=wanted, accepted=accepted, refused=len(rows) - accepted)
    return ImportAnswer(
        kind=wanted,
        accepted=accepted,
        refused=len(rows) - accepted,
        ignored_columns=list(sheet.header.ignored),
        rows=rows,
    )


async def _published(desk: Registry, caller: Caller, row: Checked, id_: UUID, sheet: Sheet) -> RowAnswer:
    """Publish one row, or say why not; only a dependency that is down ends the whole import."""
    try:
        if isinstance(row.draft, NeedDraft):
            await desk.needs.publish(caller, row.draft, id_=id_)
        elif row.draft is not None:
            await desk.availabilities.publish(caller, row.draft, id_=id_)
        else:
            return RowAnswer(line=row.line, status="refused", errors=list(row.faults))
    except (UnavailableError, ForbiddenError):
        raise
    except PasserellesError as error:
        # What the store tells only now: the company has left in between, for instance.
        found = Finding(field=sheet.header.titles.get(error.field or "", error.field or ""), detail=error.detail)
        return RowAnswer(line=row.line, status="refused", errors=[found])
    return RowAnswer(line=row.line, status="accepted", id=id_)


@router.get(
    "/template",
    summary="Obtenir un modèle",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def template_(desk: Desk, _: Calling, kind: Kind) -> Response:
    """Un classeur XLSX avec son en-tête, une ligne d'exemple à remplacer, et ce qui est attendu dans chaque colonne."""
    content = await asyncio.to_thread(template, kind, desk.office.today())
    headers = {"Content-Disposition": f'attachment; filename="{FILE_NAMES[kind]}"'}
    return Response(content, media_type=MEDIA_TYPE, headers=headers)
