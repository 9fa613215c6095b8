"""How every error is told: a problem document (RFC 9457) in French, with a stable type and without internals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_jsonable_python
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from passerelles.errors import InvalidInputError, NotFoundError, PasserellesError, UnauthenticatedError
from services.registry.api.errors import KeyInProgressError, MethodError, UnreadableBodyError
from services.registry.api.wording import findings, typographic

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:passerelles:problem:"
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
RETRY_SECONDS: Final = 5
"""What `Retry-After` tells a caller whose call can be made again: a broker or a store is usually back by then."""


class Finding(BaseModel):
    """One field that is wrong."""

    field: str = Field(description="Le champ, par son chemin.", examples=["contacts.0.email"])
    detail: str = Field(description="Ce qui était attendu.")


class Problem(BaseModel):
    """A problem document, as the OpenAPI document describes it."""

    model_config = ConfigDict(extra="allow", title="Problème")

    type: str = Field(description="Le type du problème, stable.", examples=[TYPE_PREFIX + "saisie-invalide"])
    title: str = Field(description="Le type en quelques mots.", examples=["Saisie invalide"])
    status: int = Field(description="Le statut HTTP.", examples=[422])
    detail: str = Field(description="Ce qui s'est passé, et ce qui était attendu.")
    instance: str = Field(description="L'adresse demandée.", examples=["/v1/needs"])
    field: str | None = Field(default=None, description="Le champ en cause, quand il n'y en a qu'un.")
    errors: list[Finding] | None = Field(default=None, description="Tous les champs en cause.")
    remedy: str | None = Field(default=None, description="Quoi faire.")


def document(error: PasserellesError, instance: str) -> dict[str, Any]:
    """The problem document of an error; its figures never replace the members of the standard."""
    body: dict[str, Any] = to_jsonable_python(error.figures, fallback=str)
    body |= {
        "type": TYPE_PREFIX + error.slug,
        "title": typographic(error.title),
        "status": error.status,
        "detail": typographic(error.detail),
        "instance": instance,
    }
    if error.field is not None:
        body["field"] = error.field
        body.setdefault("errors", [{"field": error.field, "detail": typographic(error.detail)}])
    if error.remedy:
        body["remedy"] = typographic(error.remedy)
    return body


def answer(error: PasserellesError, scope: Scope, headers: Mapping[str, str] | None = None) -> Response:
    """The response that tells an error."""
    told = dict(headers or {})
    if isinstance(error, UnauthenticatedError):
        told.setdefault("WWW-Authenticate", 'Bearer realm="passerelles"')
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE or isinstance(error, KeyInProgressError):
        told.setdefault("Retry-After", str(RETRY_SECONDS))
    body = json.dumps(document(error, scope.get("path", "")), ensure_ascii=False)
    return Response(
        body.encode("utf-8", "backslashreplace"), status_code=error.status, media_type=MEDIA_TYPE, headers=told
    )


def unexpected() -> PasserellesError:
    """What a caller is told of an error that nobody foresaw."""
    return PasserellesError(
        "Une erreur inattendue s'est produite ; elle a été consignée.", remedy="Réessayer, puis prévenir l'opérateur."
    )


def invalid(errors: Sequence[Mapping[str, Any]]) -> PasserellesError:
    """The error that tells what validation found."""
    found = findings(errors)
    if len(found) == 1:
        field, detail = found[0]["field"], found[0]["detail"]
        if not field:
            return InvalidInputError(f"Corps de la requête : {detail[0].lower()}{detail[1:]}", field="", errors=found)
        return InvalidInputError(f"{field} : {detail[0].lower()}{detail[1:]}", field=field, errors=found)
    return InvalidInputError(f"{len(found)} champs sont à corriger.", errors=found)


def _allowed(app: FastAPI, scope: Scope) -> str:
    """The methods that an address takes, as `Allow` lists them: each may have its own route."""
    taken = [
        method
        for method in _METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in app.routes)
    ]
    return ", ".join(taken)


def _of_http(error: HTTPException, method: str, allowed: str) -> PasserellesError:
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return NotFoundError("Cette adresse n'existe pas.", remedy="Les adresses sont décrites à /docs.")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return MethodError(f"{method} n'est pas accepté à cette adresse ; attendu : {allowed}.")
        case HTTPStatus.BAD_REQUEST:
            return UnreadableBodyError("Le corps de la requête ne peut pas être lu.")
    failed = PasserellesError("La requête ne peut pas être traitée.")
    if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        failed = InvalidInputError("La requête ne peut pas être traitée.")
    return failed


def install(app: FastAPI) -> None:
    """Make every error that the app raises a problem document."""

    async def told(request: Request, error: Exception) -> Response:
        if isinstance(error, PasserellesError):
            return answer(error, request.scope)
        if isinstance(error, RequestValidationError):
            return answer(invalid(error.errors()), request.scope)
        if isinstance(error, HTTPException):
            allowed, headers = "", dict(error.headers or {})
            if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
                headers["Allow"] = allowed = _allowed(app, request.scope)
            return answer(_of_http(error, request.method, allowed), request.scope, headers)
        raise error

    for kind in (PasserellesError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, told)
