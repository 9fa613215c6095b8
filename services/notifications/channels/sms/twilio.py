"""Twilio's messages. Sources: twilio.com/docs, "Messages resource" and its dictionary of errors."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from passerelles.channel_settings import SmsSettings
from services.notifications.channels.port import Attempt, OfAddress, Verdict
from services.notifications.channels.receipt_urls import ReceiptUrls
from services.notifications.channels.sms.exchange import ask, client, fields, look, verdict
from services.notifications.channels.sms.message import TextMessage

OF_ADDRESS: Final = {
    21211: OfAddress.UNREACHABLE,  # the number is not one
    21214: OfAddress.UNREACHABLE,  # it cannot be reached
    21217: OfAddress.UNREACHABLE,  # it is not one
    21610: OfAddress.OPTED_OUT,  # it has answered STOP
    21614: OfAddress.UNREACHABLE,  # it is not a mobile's
}
"""Errors that speak of the number whatever the message, by Twilio's code."""

_SERVICE: Final = "MG"
"""How the identifier of a messaging service begins, which stands in the sender's place."""


class TwilioProvider:
    """One account, by its identifier and token. Each message says where its own receipts go."""

    name = "twilio"

    def __init__(self, settings: SmsSettings, receipts: ReceiptUrls | None, *, seconds: float) -> None:
        account = settings.sms_twilio_account
        self._url = f"{settings.sms_twilio_url.rstrip('/')}/Accounts/{account}"
        self._sender = settings.sms_sender
        self._receipts = receipts
        self._http = client(seconds, auth=(account, settings.sms_twilio_token.get_secret_value()))

    async def stop(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def probe(self) -> Attempt:
        """Read the account: whether Twilio answers, and knows the token."""
        return await look(self.name, self._http, self._http.build_request("GET", f"{self._url}.json"))

    async def send(self, message: TextMessage) -> Attempt:
        """Create one message."""
        service = self._sender.startswith(_SERVICE)
        form = {
            "To": message.to,
            "MessagingServiceSid" if service else "From": self._sender,
            "Body": message.text,
        }
        if self._receipts is not None:
            form["StatusCallback"] = self._receipts.twilio(message.id)
        answer = await ask(self._http, self._http.build_request("POST", f"{self._url}/Messages.json", data=form))
        if isinstance(answer, Attempt):
            return answer
        attempt = verdict(self.name, answer)
        error = fields(answer).get("code")
        if attempt.verdict is Verdict.FAILED and isinstance(error, int):
            return replace(attempt, code=f"twilio_{error}", of_address=OF_ADDRESS.get(error))
        return attempt
