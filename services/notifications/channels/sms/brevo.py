"""Brevo's transactional SMS. Source: developers.brevo.com, `POST /v3/transactionalSMS/send`."""

from __future__ import annotations

from passerelles.channel_settings import SmsSettings
from services.notifications.channels.port import Attempt, Verdict
from services.notifications.channels.receipt_urls import ReceiptUrls
from services.notifications.channels.sms.exchange import ask, client, fields, look, verdict
from services.notifications.channels.sms.message import TextMessage
from services.notifications.segments import Alphabet


class BrevoProvider:
    """One account, by its API key. Each message says where its own receipts go."""

    name = "brevo"

    def __init__(self, settings: SmsSettings, receipts: ReceiptUrls | None, *, seconds: float) -> None:
        self._url = settings.sms_brevo_url.rstrip("/")
        self._sender = settings.sms_sender
        self._receipts = receipts
        self._http = client(seconds, headers={"api-key": settings.sms_brevo_key.get_secret_value()})

    async def stop(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def probe(self) -> Attempt:
        """Read the account: whether Brevo answers, and knows the key."""
        return await look(self.name, self._http, self._http.build_request("GET", f"{self._url}/account"))

    async def send(self, message: TextMessage) -> Attempt:
        """Send one transactional message; the number goes without its plus."""
        body = {
            "sender": self._sender,
            "recipient": message.to.removeprefix("+"),
            "content": message.text,
            "type": "transactional",
            "unicodeEnabled": message.alphabet is Alphabet.UCS2,
        }
        if self._receipts is not None:
            body["webUrl"] = self._receipts.brevo(message.id)
        answer = await ask(
            self._http, self._http.build_request("POST", f"{self._url}/transactionalSMS/send", json=body)
        )
        if isinstance(answer, Attempt):
            return answer
        attempt = verdict(self.name, answer)
        if attempt.verdict is Verdict.FAILED and fields(answer).get("code") == "not_enough_credits":
            return Attempt(Verdict.RETRY, "brevo_no_credit", reachable=False)
        return attempt
