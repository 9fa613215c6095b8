"""Reads each body before anything else does: bounded in length and time, UTF-8, sound JSON of a reasonable depth."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from passerelles.errors import InvalidInputError, PasserellesError
from services.registry.api.errors import (
    BodyTooLargeError,
    BodyTooSlowError,
    ContentTypeError,
    UnreadableBodyError,
)
from services.registry.api.problems import answer

MEGABYTE: Final = 1_000_000
BODY_LIMIT: Final = MEGABYTE
"""Bytes. The largest draft (200 contacts) takes a tenth of it."""
IMPORT_LIMIT: Final = 10 * MEGABYTE
"""Bytes. 2,000 rows of a spreadsheet take less than one megabyte; files with formatting take a few."""
DRAIN_LIMIT: Final = 8 * MEGABYTE
"""Bytes read and thrown away beyond the limit, so that a client that is still sending gets to read its answer."""
BODY_SECONDS: Final = 30
"""A body that takes longer than this holds a connection for nothing: 10 MB in 30 s is a slow line."""
DEPTH_LIMIT: Final = 16
"""The deepest draft has three levels."""

IMPORTS_PATH: Final = "/v1/imports"
PAGES: Final = ("/p/", "/r/", "/u/")
"""Behind signed links: forms, and the one-click POST of a mail program, which is one or the other (RFC 8058, 3.2)."""
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_JSON: Final = re.compile(r"^application/(?:[\w.+-]+\+)?json$")
_SPREADSHEETS: Final = frozenset(
    {
        "multipart/form-data",
        "text/csv",
        "application/csv",
        "text/plain",
        "application/vnd.ms-excel",
        "application/octet-stream",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
)
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class _DuplicateError(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _DuplicateError(name)
        found[name] = value
    return found


def _constant(name: str) -> NoReturn:
    raise ValueError(name)


def _walk(value: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value with its place, without recursion; stops with an error below the depth limit."""
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while waiting:
        place, each = waiting.pop()
        if len(place) >= DEPTH_LIMIT and isinstance(each, dict | list):
            raise UnreadableBodyError(f"Le corps est imbriqué sur plus de {DEPTH_LIMIT} niveaux.")
        yield place, each
        if isinstance(each, dict):
            waiting.extend(((*place, name), inner) for name, inner in each.items())
        elif isinstance(each, list):
            waiting.extend(((*place, index), inner) for index, inner in enumerate(each))


def check_json(body: bytes) -> None:
    """Accept a body that can be read without surprise.

    Raises:
        UnreadableBodyError: not UTF-8, not JSON, or nested too deep.
        InvalidInputError: a text with characters that no field takes, a name given twice, a number without end.
    """
    try:
        value = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_constant)
    except UnicodeDecodeError as error:
        raise UnreadableBodyError(f"Le corps n'est pas en UTF-8 (octet {error.start}).") from error
    except RecursionError as error:
        raise UnreadableBodyError(f"Le corps est imbriqué sur plus de {DEPTH_LIMIT} niveaux.") from error
    except _DuplicateError as error:
        name = _shown(error.name)
        raise InvalidInputError(f"Le champ {name} est donné deux fois.", field=name) from error
    except json.JSONDecodeError as error:
        raise UnreadableBodyError(
            f"Un corps JSON bien formé est attendu ; il ne l'est plus à la ligne {error.lineno}, colonne {error.colno}."
        ) from error
    except ValueError as error:
        raise UnreadableBodyError("Le corps contient un nombre qui n'est pas un nombre JSON acceptable.") from error
    for place, each in _walk(value):
        name = ".".join(_shown(str(part)) for part in place)
        if place and isinstance(place[-1], str) and _FORBIDDEN.search(place[-1]):
            raise InvalidInputError("Le nom d'un champ contient des caractères interdits.", field=name)
        if isinstance(each, str) and _FORBIDDEN.search(each):
            raise InvalidInputError(
                f"{name} : les caractères de contrôle et les demi-caractères UTF-16 ne sont pas acceptés.", field=name
            )
        if isinstance(each, float) and not math.isfinite(each):
            raise InvalidInputError(f"{name} : ce nombre est trop grand.", field=name)


def _shown(name: str) -> str:
    return _FORBIDDEN.sub("�", name)[:100]


def _check_type(path: str, content_type: str) -> bool:
    """Refuse a type that the call does not read; true when the body is JSON."""
    bare = content_type.partition(";")[0].strip().lower()
    if path == IMPORTS_PATH:
        if bare not in _SPREADSHEETS:
            raise ContentTypeError(
                "Un fichier CSV ou XLSX est attendu : text/csv, multipart/form-data ou "
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.",
                field="Content-Type",
            )
        return False
    if path.startswith(PAGES):
        if bare not in _FORMS:
            raise ContentTypeError(f"Un formulaire ({' ou '.join(_FORMS)}) est attendu.")
        return False
    if not _JSON.match(bare):
        raise ContentTypeError("Un corps application/json est attendu.", field="Content-Type")
    return True


def _too_large(limit: int) -> BodyTooLargeError:
    return BodyTooLargeError(
        f"Le corps dépasse {limit // MEGABYTE} Mo.", remedy="Découper l'envoi en plusieurs requêtes.", limit_bytes=limit
    )


class Disconnected(Exception):  # noqa: N818 - not an error: the caller went away
    """The caller left before its body was whole."""


async def read_body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """The whole body, counted while it comes, whatever its declared length says.

    Raises:
        BodyTooLargeError: longer than `limit`.
        Disconnected: the caller went away.
    """
    declared = headers.get("content-length", "")
    length = int(declared) if declared.isascii() and declared.isdecimal() and len(declared) < 20 else 0  # noqa: PLR2004
    if length > limit + DRAIN_LIMIT or (length > limit and "expect" in headers):
        raise _too_large(limit)
    parts, count, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part, more = message.get("body", b""), message.get("more_body", False)
        count += len(part)
        if count > limit + DRAIN_LIMIT:
            break
        if count <= limit:
            parts.append(part)
    if count > limit:
        raise _too_large(limit)
    return b"".join(parts)


class Bodies:
    """ASGI middleware: the app inside gets each body whole and sound, or is not called at all."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the query string and the body, and hand both on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            if re.search(rb"%(?:00|0[1-8BCEF]|1[0-9A-F]|7F)", scope.get("query_string", b""), re.IGNORECASE):
                raise InvalidInputError("L'adresse contient des caractères de contrôle.")
            if scope["method"] in ("GET", "HEAD", "OPTIONS"):
                await self._app(scope, receive, send)
                return
            body = await self._checked(scope, receive)
        except PasserellesError as error:
            headers = {"Connection": "close"} if isinstance(error, BodyTooLargeError | BodyTooSlowError) else None
            await answer(error, scope, headers)(scope, receive, send)
            return
        except Disconnected:
            return
        scope.setdefault("state", {})["body"] = body
        await self._app(scope, replay(body, receive), send)

    async def _checked(self, scope: Scope, receive: Receive) -> bytes:
        headers = Headers(scope=scope)
        limit = IMPORT_LIMIT if scope["path"] == IMPORTS_PATH else BODY_LIMIT
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await read_body(receive, headers, limit)
        except TimeoutError as error:
            raise BodyTooSlowError(f"Le corps n'est pas arrivé en {BODY_SECONDS} secondes.") from error
        if body and _check_type(scope["path"], headers.get("content-type", "")):
            check_json(body)
        return body


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives this body, then what the server says next."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
