"""A provider, or a gateway to one, that takes `{"id", "to", "text"}` as JSON and answers 2xx once it has taken it."""

from __future__ import annotations

from typing import Final

from services.notifications.channels.port import Attempt
from services.notifications.channels.sms.exchange import UNREACHABLE, ask, client, look, verdict
from services.notifications.channels.sms.message import TextMessage

CODES: Final = "sms"


class PlainProvider:
    """The address `url`; the delivery's identifier is the key by which it knows a repeat."""

    name = "http"

    def __init__(self, url: str, *, seconds: float) -> None:
        self._url = url
        self._http = client(seconds)

    async def stop(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def probe(self) -> Attempt:
        """Whether something answers at that address; which answer does not matter."""
        found = await look(CODES, self._http, self._http.build_request("HEAD", self._url))
        return found if found is UNREACHABLE else Attempt(found.verdict, found.code)

    async def send(self, message: TextMessage) -> Attempt:
        """Hand one message over."""
        request = self._http.build_request(
            "POST",
            self._url,
            json={"id": str(message.id), "to": message.to, "text": message.text},
            headers={"Idempotency-Key": str(message.id)},
        )
        answer = await ask(self._http, request)
        return answer if isinstance(answer, Attempt) else verdict(CODES, answer)
