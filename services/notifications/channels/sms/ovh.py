"""OVHcloud's SMS: a signed request for each message. Sources: OVHcloud, "API SMS Cookbook", "First steps with the API".

The signature is that of its SDK, ovh/python-ovh: SHA-1 of both secrets, the request and the time of OVH's own clock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from passerelles.channel_settings import SmsSettings
from services.notifications.channels.port import Attempt, OfAddress, Verdict
from services.notifications.channels.sms.exchange import UNREACHABLE, ask, client, fields, look, verdict
from services.notifications.channels.sms.message import TextMessage
from services.notifications.segments import Alphabet

CLOCK_KEPT: Final = timedelta(hours=1)
"""How long the difference between OVH's clock and ours is taken for what it was."""

VALIDITY_MINUTES: Final = 24 * 60
"""A telephone that is off for longer does not get the message: it would be told what is over."""


class OvhProvider:
    """One SMS service of an account, `sms-ab12345-1`. The text is no advertisement: no STOP clause is added to it."""

    name = "ovh"

    def __init__(self, settings: SmsSettings, *, clock: Callable[[], datetime], seconds: float) -> None:
        self._url = settings.sms_ovh_url.rstrip("/")
        self._service = f"{self._url}/sms/{settings.sms_ovh_service}"
        self._sender = settings.sms_sender
        self._key = settings.sms_ovh_application_key
        self._secrets = (
            settings.sms_ovh_application_secret.get_secret_value(),
            settings.sms_ovh_consumer_key.get_secret_value(),
        )
        self._clock = clock
        self._ahead: tuple[float, datetime] | None = None
        self._http = client(seconds)

    async def stop(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def probe(self) -> Attempt:
        """Read the service: whether OVH answers, and our keys open it."""
        try:
            return await look(self.name, self._http, await self._signed("GET", self._service))
        except (httpx.HTTPError, ValueError):
            return UNREACHABLE

    async def send(self, message: TextMessage) -> Attempt:
        """Make a job of one receiver."""
        job = {
            "charset": "UTF-8",
            "class": "phoneDisplay",
            "coding": "7bit" if message.alphabet is Alphabet.GSM7 else "8bit",
            "message": message.text,
            "noStopClause": True,
            "priority": "high",
            "receivers": [message.to],
            "validityPeriod": VALIDITY_MINUTES,
            **({"sender": self._sender} if self._sender else {"senderForResponse": True}),
        }
        try:
            request = await self._signed("POST", f"{self._service}/jobs", job)
        except (httpx.HTTPError, ValueError):
            return UNREACHABLE
        answer = await ask(self._http, request)
        if isinstance(answer, Attempt):
            return answer
        if not answer.is_success:
            self._ahead = None  # a refused signature may be one of a clock that moved
            return verdict(self.name, answer)
        return await self._taken(message, fields(answer))

    async def _taken(self, message: TextMessage, report: Any) -> Attempt:
        if report.get("invalidReceivers"):
            stopped = await self._stopped(message.to)
            of_address = OfAddress.OPTED_OUT if stopped else OfAddress.UNREACHABLE
            code = "ovh_blacklisted" if stopped else "ovh_invalid_receiver"
            return Attempt(Verdict.FAILED, code, of_address=of_address)
        ids = report.get("ids")
        reference = f"{self.name}:{ids[0]}" if isinstance(ids, list) and ids else None
        return Attempt(Verdict.SENT, "ovh_200", reference=reference)

    async def _stopped(self, number: str) -> bool:
        """Whether the number has answered STOP to OVH, which then keeps it in the service's blacklist."""
        try:
            answer = await self._http.send(await self._signed("GET", f"{self._service}/blacklists/{number}"))
        except (httpx.HTTPError, ValueError):
            return False
        return answer.is_success

    async def _signed(self, method: str, url: str, body: Any = None) -> httpx.Request:
        """A request of our account. Raises `httpx.HTTPError` or `ValueError`: OVH does not tell the time."""
        content = "" if body is None else json.dumps(body)
        time = str(int(self._clock().timestamp() + await self._difference()))
        signed = "+".join([*self._secrets, method, url, content, time])
        return self._http.build_request(
            method,
            url,
            content=content.encode(),
            headers={
                "Content-Type": "application/json",
                "X-Ovh-Application": self._key,
                "X-Ovh-Consumer": self._secrets[1],
                "X-Ovh-Timestamp": time,
                "X-Ovh-Signature": "$1$" + hashlib.sha1(signed.encode()).hexdigest(),  # noqa: S324 - OVH's choice
            },
        )

    async def _difference(self) -> float:
        now = self._clock()
        if self._ahead is None or now - self._ahead[1] > CLOCK_KEPT:
            answer = (await self._http.get(f"{self._url}/auth/time")).raise_for_status()
            self._ahead = int(answer.text) - now.timestamp(), now
        return self._ahead[0]
