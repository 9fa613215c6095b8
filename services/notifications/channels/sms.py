"""Text messages through a provider's HTTP address: one POST each, with a key by which the provider knows a repeat."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from passerelles.errors import SettingsError
from services.notifications.channels.port import Attempt, Recipient, Verdict
from services.notifications.rendering import Rendered

SECONDS: Final = 20.0
"""For each step of the exchange."""

LONGEST: Final = 60.0
"""Seconds for the whole exchange, an answer that trickles in included: within a lease of the ledger."""

AT_ONCE: Final = 4

NOT_TAKEN: Final = frozenset({408, 425, 429, 503})
"""The provider says that it did not take the message, and may later (RFC 9110, RFC 6585, RFC 8470)."""

LONGEST_WAIT: Final = timedelta(hours=1)


class SmsChannel:
    """A provider that takes `{"id", "to", "text"}` as JSON at `url`, and answers 2xx once it has taken it.

    Raises:
        SettingsError: no address.
    """

    def __init__(self, url: str, *, seconds: float = SECONDS) -> None:
        if not url.startswith(("http://", "https://")):
            raise SettingsError(
                "L'adresse du fournisseur de SMS manque ou n'est pas une adresse HTTP.",
                remedy="Donner PASSERELLES_SMS_URL, ou PASSERELLES_SMS=none.",
            )
        self._url = url
        self._client = httpx.AsyncClient(timeout=seconds, trust_env=False)

    @property
    def at_once(self) -> int:
        """Few: a provider bounds what it takes a second."""
        return AT_ONCE

    @property
    def via(self) -> str:
        """The provider's host."""
        return urlsplit(self._url).netloc

    async def stop(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def probe(self) -> Attempt:
        """Whether something answers at that address; which answer does not matter."""
        try:
            response = await self._client.head(self._url)
        except httpx.HTTPError:
            return Attempt(Verdict.RETRY, "sms_unreachable", reachable=False)
        return Attempt(Verdict.SENT, f"sms_{response.status_code}")

    async def send(self, id_: UUID, recipient: Recipient, message: Rendered) -> Attempt:
        """Hand one text message to the provider.

        Until the connection stands, nothing was handed over. After that a loss leaves the outcome unknown; and so does
        a 500, 502 or 504, behind which the message may have been taken.
        """
        try:
            async with asyncio.timeout(LONGEST):
                response = await self._client.post(
                    self._url,
                    json={"id": str(id_), "to": recipient.address, "text": message.text},
                    headers={"Idempotency-Key": str(id_)},
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return Attempt(Verdict.RETRY, "sms_unreachable", reachable=False)
        except (httpx.HTTPError, TimeoutError):
            return Attempt(Verdict.UNKNOWN, "sms_no_answer")
        return _verdict(response)


def _verdict(response: httpx.Response) -> Attempt:
    code = f"sms_{response.status_code}"
    if response.is_success:
        return Attempt(Verdict.SENT, code)
    if response.status_code in NOT_TAKEN:
        return Attempt(Verdict.RETRY, code, wait=_wait(response.headers.get("Retry-After")))
    if response.is_server_error:
        return Attempt(Verdict.UNKNOWN, code)
    return Attempt(Verdict.FAILED, code)


def _wait(retry_after: str | None) -> timedelta | None:
    """The seconds that the provider asks for, within an hour; a date is not waited for, the usual delay is."""
    if retry_after is None or not retry_after.isdecimal():
        return None
    return min(timedelta(seconds=int(retry_after[:6])), LONGEST_WAIT)
