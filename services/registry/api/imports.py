"""`/v1/imports`: a spreadsheet goes in by one request, and every row is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from uuid import UUID, uuid5

import structlog
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from passerelles.errors import ForbiddenError, InvalidInputError, PasserellesError, UnavailableError
from services.registry.api.desk import Registry
from services.registry.api.idempotency import creation_id
from services.registry.api.parameters import Desk
from services.registry.api.problems import Finding
from services.registry.api.security import Calling
from services.registry.api.wording import findings, typographic
from services.registry.domain.caller import Caller
from services.registry.domain.drafts import AvailabilityDraft, NeedDraft
from services.registry.imports.columns import Kind
from services.registry.imports.rows import Row, Sheet, understand_rows
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


def _understood(kind: Kind, data: bytes) -> Sheet:
    return understand_rows(kind, read(data))


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
    company = company_id or _company(fields.get("company_id"), caller)
    caller.must_act_for(company)
    (await desk.companies.get(caller, company)).must_have_joined()
    sheet = await asyncio.to_thread(_understood, wanted, data)
    base, gate = creation_id(request), asyncio.Semaphore(AT_ONCE)

    async def one(row: Row) -> RowAnswer:
        async with gate:
            return await _published(desk, caller, row, sheet, (wanted, company, uuid5(base, f"row:{row.line}")))

    rows = await asyncio.gather(*(one(row) for row in sheet.rows))
    accepted = sum(row.status == "accepted" for row in rows)
    log.info("import.done", kind=wanted, accepted=accepted, refused=len(rows) - accepted)
    return ImportAnswer(
        kind=wanted,
        accepted=accepted,
        refused=len(rows) - accepted,
        ignored_columns=list(sheet.header.ignored),
        rows=rows,
    )


async def _published(
    desk: Registry, caller: Caller, row: Row, sheet: Sheet, wanted: tuple[Kind, UUID, UUID]
) -> RowAnswer:
    """Publish one row, or say why not; only a dependency that is down ends the whole import."""
    if row.mistakes:
        found = [Finding(field=each.field, detail=typographic(each.detail)) for each in row.mistakes]
        return RowAnswer(line=row.line, status="refused", errors=found)
    kind, company, id_ = wanted
    fields: dict[str, Any] = {**row.fields, "company_id": company}
    try:
        if kind is Kind.NEEDS:
            await desk.needs.publish(caller, NeedDraft.model_validate(fields), id_=id_)
        else:
            await desk.availabilities.publish(caller, AvailabilityDraft.model_validate(fields), id_=id_)
    except ValidationError as error:
        found = [_in_file(each["field"], each["detail"], sheet) for each in findings(error.errors())]
        return RowAnswer(line=row.line, status="refused", errors=found)
    except (UnavailableError, ForbiddenError):
        raise
    except PasserellesError as error:
        return RowAnswer(line=row.line, status="refused", errors=[_in_file(error.field or "", _told(error), sheet)])
    return RowAnswer(line=row.line, status="accepted", id=id_)


def _told(error: PasserellesError) -> str:
    offered = error.figures.get("suggestions") or []
    names = ", ".join(f"{each['code']} ({each['label']})" for each in offered[:3])
    return f"{error.detail} Proches : {names}." if names else error.detail


def _in_file(field: str, detail: str, sheet: Sheet) -> Finding:
    """The finding under the name that the file gives to its column."""
    return Finding(field=sheet.header.titles.get(field.partition(".")[0], field), detail=typographic(detail))


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
