"""`Idempotency-Key`: the same key and request give the same answer, byte for byte, and nothing is created twice.

The answer is written in the store before it is sent. What a crash may leave is a command that was done and an answer
that was not written: the retry then runs the command again under the same identifiers, derived from the caller, the
key and the request, and finds what is already there.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from uuid import UUID, uuid4, uuid5

from fastapi import Request
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from passerelles.errors import InvalidInputError, PasserellesError
from passerelles.store.port import Body, Store, Stored
from schemas.envelope import format_time
from schemas.vocabulary import PROPOSAL_NAMESPACE
from services.registry.api.errors import KeyInProgressError, KeyReusedError
from services.registry.api.kept import entries_of
from services.registry.api.problems import answer
from services.registry.api.sealing import seal, unseal
from services.registry.api.security import bearer

KEPT: Final = timedelta(hours=48)
"""Clients retry within minutes, batch jobs the next day."""
LEASE: Final = timedelta(seconds=30)
"""How long a request may run before another with its key takes over: an import of 2,000 rows takes two seconds."""
PATIENCE_SECONDS: Final = 10.0
"""How long a duplicate waits for the first one's answer before it is told to come back."""

_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_KEPT_HEADERS: Final = ("content-type", "etag", "location")
_TRANSIENT: Final = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
"""Refusals that say nothing about the request itself: the same key may be tried again."""


def creation_id(request: Request) -> UUID:
    """The identifier for what a POST creates: derived from its `Idempotency-Key`, or a new one."""
    found = getattr(request.state, "creation_id", None)
    return found if isinstance(found, UUID) else uuid4()


def digest_of(scope: Scope, body: bytes) -> str:
    """SHA-256 of what makes two requests the same; the boundary of a multipart body, drawn each time, is left out."""
    content_type = Headers(scope=scope).get("content-type", "")
    boundary = re.search(r'boundary="?([^";,]{1,70})', content_type)
    if boundary:
        body = body.replace(boundary[1].encode("latin-1"), b"")
    parts = (scope["method"].encode(), scope["path"].encode(), scope.get("query_string", b""), body)
    return hashlib.sha256(b"\x00".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


class Captured:
    """Takes an answer in, to keep it before it is sent."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    async def send(self, message: Message) -> None:
        """What the app calls."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", []))
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    @property
    def lasting(self) -> bool:
        """Whether the answer is worth keeping: it says something about the request, not about the moment."""
        return 0 < self.status < HTTPStatus.INTERNAL_SERVER_ERROR and self.status not in _TRANSIENT

    def entry(self, secret: str) -> Body:
        """The answer as the store keeps it: sealed, as it may name people, or show a token."""
        kept = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in self.headers
            if name.lower().decode("latin-1") in _KEPT_HEADERS
        }
        return {"status": self.status, "headers": kept, "body": base64.b64encode(seal(self.body, secret)).decode()}

    async def release(self, send: Send) -> None:
        """Send it to the caller."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


def kept_answer(entry: Body, secret: str) -> Response:
    """The answer of an entry, as it was sent the first time.

    Raises:
        KeyReusedError: it cannot be read by this secret.
    """
    kept = entry["answer"]
    body = unseal(base64.b64decode(kept["body"]), secret)
    if body is None:
        raise _reused()
    response = Response(body, status_code=kept["status"])
    for name, value in kept["headers"].items():
        response.headers[name] = value
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _reused() -> KeyReusedError:
    return KeyReusedError(
        "Cette clé d'idempotence a déjà servi pour une autre requête, ou avec un autre jeton.",
        remedy="Tirer une nouvelle clé pour chaque nouvelle requête.",
        field="Idempotency-Key",
    )


class Idempotency:
    """ASGI middleware for every POST under `/v1/` that carries a key; its body must already be in the scope's state."""

    def __init__(self, app: ASGIApp, *, store: Store, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._entries = entries_of(store)
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is kept, or run the request once and keep its answer."""
        key = Headers(scope=scope).get("idempotency-key") if scope["type"] == "http" else None
        if key is None or scope["method"] != "POST" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        try:
            if not _KEY.fullmatch(key):
                raise InvalidInputError(
                    "Idempotency-Key : de 1 à 200 caractères ASCII sans espace sont attendus.", field="Idempotency-Key"
                )
            await self._once(key, scope, receive, send)
        except PasserellesError as error:
            await answer(error, scope)(scope, receive, send)

    async def _once(self, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        caller = scope["state"]["caller"]
        request = digest_of(scope, scope["state"]["body"])
        # Neither is in the store: the token is not, nor the key, of which an entry's identifier is a digest.
        secret = f"{bearer(Headers(scope=scope))} {key}"
        digest = hmac.digest(secret.encode("utf-8", "surrogatepass"), request.encode(), "sha256").hex()
        place = f"{caller.kind}:{caller.company_id}:{key}"
        id_ = hashlib.sha256(place.encode()).hexdigest()
        held = await self._take(id_, digest, secret)
        if isinstance(held, Response):
            await held(scope, receive, send)
            return
        scope["state"]["creation_id"] = uuid5(PROPOSAL_NAMESPACE, f"{place}:{request}")
        captured, recorded = Captured(), False
        try:
            await self._app(scope, receive, captured.send)
            if captured.lasting:
                done = self._entry(digest, KEPT) | {"answer": captured.entry(secret)}
                recorded = True
                await self._entries.replace(id_, done, held)
        finally:
            if not recorded:
                await self._entries.delete(id_, held)
        await captured.release(send)

    def _entry(self, digest: str, lasting: timedelta) -> Body:
        now = self._clock()
        return {
            "digest": digest,
            "answer": None,
            "lease_until": format_time(now + LEASE),
            "expires_at": format_time(now + lasting),
        }

    async def _take(self, id_: str, digest: str, secret: str) -> int | Response:
        """The revision of the entry that this request now holds, or the answer that it gets instead."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        pause = 0.02
        while True:
            if await self._entries.insert(id_, self._entry(digest, KEPT)):
                return 1
            stored = await self._entries.get(id_)
            if stored is None:
                continue
            taken = await self._look(stored, digest, secret)
            if taken is not None:
                return taken
            if time.monotonic() > give_up:
                raise KeyInProgressError(
                    "La première requête avec cette clé est encore en cours.", remedy="Réessayer dans un instant."
                )
            await asyncio.sleep(pause)
            pause = min(2 * pause, 0.5)

    async def _look(self, stored: Stored, digest: str, secret: str) -> int | Response | None:
        """What an entry that exists gives: its answer, its place when it was left or is too old, or nothing yet."""
        entry, now = stored.body, format_time(self._clock())
        if entry["expires_at"] > now:
            if entry["digest"] != digest:
                raise _reused()
            if entry["answer"] is not None:
                return kept_answer(entry, secret)
            if entry["lease_until"] > now:
                return None
        if await self._entries.replace(stored.id, self._entry(digest, KEPT), stored.revision):
            return stored.revision + 1
        return None
