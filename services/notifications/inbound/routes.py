"""`/webhooks`: where mail servers and providers speak; each shows what proves that it may.

OVH calls by GET, which it alone does: behind our secret, and about a message that it took.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from passerelles.errors import UnavailableError
from passerelles.settings import Settings
from services.notifications.channels.receipt_urls import BREVO, TWILIO, read_receipt_urls
from services.notifications.inbound import brevo, ovh, twilio
from services.notifications.inbound.dsn import read_dsn
from services.notifications.inbound.hearing import Hearing
from services.notifications.inbound.phone_book import PhoneBook
from services.notifications.inbound.word import Word

LONGEST: Final = 1_000_000
"""Bytes of a returned mail, which may hold ours whole; a webhook is much shorter."""

PATIENCE: Final = 30.0
"""Seconds for a whole body, as at the registry."""

TAKEN: Final = 204
"""Also for what is not about us: a server that is refused would send it again, or tell our correspondents."""

Handler = Callable[[Request, bytes], Awaitable[Response]]


class ForbiddenWebhookError(Exception):
    """Whoever speaks did not show that it may."""


class Webhooks:
    """The routes, which answer 404 without a secret, and those of Twilio without its token."""

    def __init__(self, settings: Settings, hearing: Hearing, phones: PhoneBook) -> None:
        self._settings = settings
        self._receipts = read_receipt_urls(settings)
        self._hearing = hearing
        self._phones = phones

    def routes(self) -> list[Route]:
        """The routes of this service's application; none without a secret."""
        if self._settings.webhook_secret is None:
            return []
        found = [
            _route("/webhooks/dsn", self._dsn),
            _route("/webhooks/brevo/email", self._brevo_email),
            _route("/webhooks/ovh/receipts", self._ovh, method="GET"),
        ]
        if self._receipts is not None:
            found.append(_route(BREVO + "/{delivery:uuid}/{mark}", self._brevo_sms))
        if self._settings.sms_twilio_token.get_secret_value() and self._settings.webhook_url:
            found.append(_route(TWILIO + "/{delivery:uuid}", self._twilio_receipt))
            found.append(_route("/webhooks/twilio/answers", self._twilio_answer))
        return found

    async def _dsn(self, request: Request, content: bytes) -> Response:
        self._must_show(request.headers.get("Authorization", "").removeprefix("Bearer "))
        # Whoever writes to the mailbox chooses what is read here: it must hold up nobody else.
        return await self._heard(await asyncio.to_thread(read_dsn, content))

    async def _brevo_email(self, request: Request, content: bytes) -> Response:
        self._must_show(request.headers.get("Authorization", "").removeprefix("Bearer "))
        said = _object(content)
        return Response(status_code=400) if said is None else await self._heard(brevo.read_email(said))

    async def _brevo_sms(self, request: Request, content: bytes) -> Response:
        delivery: UUID = request.path_params["delivery"]
        if self._receipts is None or not _same(request.path_params["mark"], self._receipts.mark(delivery)):
            raise ForbiddenWebhookError
        said = _object(content)
        return Response(status_code=400) if said is None else await self._heard(brevo.read_sms(delivery, said))

    async def _ovh(self, request: Request, _: bytes) -> Response:
        self._must_show(request.query_params.get("key", ""))
        found = ovh.read_receipt(request.query_params)
        if found is None:
            return Response(status_code=TAKEN)
        reference, fate, code = found
        delivery = await self._hearing.referred(reference)
        return await self._heard(Word(delivery, fate, code) if delivery else None)

    async def _twilio_receipt(self, request: Request, content: bytes) -> Response:
        form = self._signed_form(request, content)
        return await self._heard(twilio.read_receipt(request.path_params["delivery"], form))

    async def _twilio_answer(self, request: Request, content: bytes) -> Response:
        form = self._signed_form(request, content)
        phone = twilio.stopped(form)
        for owner in await self._phones.owners(phone) if phone else ():
            await self._hearing.stopped(owner.company_id, owner.contact_id, f"twilio:{form.get('MessageSid', '')}")
        # Twilio takes an answer for the text of a reply: an empty document of its own says none.
        return Response("<Response/>", media_type="text/xml")

    async def _heard(self, word: Word | None) -> Response:
        if word is not None:
            await self._hearing.hear(word)
        return Response(status_code=TAKEN)

    def _signed_form(self, request: Request, content: bytes) -> dict[str, str]:
        """The fields of a request that Twilio signed, for the address at which it reaches us."""
        form = parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True)
        query = f"?{request.url.query}" if request.url.query else ""
        url = self._settings.webhook_url.rstrip("/") + request.url.path + query
        token = self._settings.sms_twilio_token.get_secret_value()
        if not twilio.is_signed(token, url, form, request.headers.get("X-Twilio-Signature", "")):
            raise ForbiddenWebhookError
        return dict(form)

    def _must_show(self, given: str) -> None:
        secret = self._settings.webhook_secret
        if secret is None or not _same(given, secret.get_secret_value()):
            raise ForbiddenWebhookError


def _route(path: str, handler: Handler, *, method: str = "POST") -> Route:
    async def endpoint(request: Request) -> Response:
        content = b""
        try:
            async with asyncio.timeout(PATIENCE):
                async for part in request.stream():
                    content += part
                    if len(content) > LONGEST:
                        return Response(status_code=413)
        except TimeoutError:
            return Response(status_code=408)
        except ClientDisconnect:
            return Response(status_code=400)  # to nobody
        try:
            return await handler(request, content)
        except ForbiddenWebhookError:
            return PlainTextResponse("forbidden", 403)
        except UnavailableError:
            return Response(status_code=503, headers={"Retry-After": "60"})

    return Route(path, endpoint, methods=[method])


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
