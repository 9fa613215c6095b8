"""Where a provider tells what became of one message: addresses that serve for that message alone."""

from __future__ import annotations

import hmac
from typing import Final
from uuid import UUID

from passerelles.channel_settings import WebhookSettings

BREVO: Final = "/webhooks/brevo/sms"
TWILIO: Final = "/webhooks/twilio/receipts"

_MARK: Final = 32
"""Hexadecimal digits of a mark: 128 bits."""


class ReceiptUrls:
    """The addresses, under the public one of this service.

    Brevo signs nothing: the address itself carries a mark, made of our secret and the delivery, so that whoever sees
    one can forge nothing about another. Twilio signs its requests, their address included.
    """

    def __init__(self, base: str, secret: str) -> None:
        self._base = base.rstrip("/")
        self._secret = secret.encode()

    def brevo(self, delivery: UUID) -> str:
        """For the webhook of one message of Brevo's."""
        return f"{self._base}{BREVO}/{delivery}/{self.mark(delivery)}"

    def twilio(self, delivery: UUID) -> str:
        """For the status callback of one message of Twilio's."""
        return f"{self._base}{TWILIO}/{delivery}"

    def mark(self, delivery: UUID) -> str:
        """What shows that we made an address."""
        return hmac.new(self._secret, b"receipt\0" + delivery.bytes, "sha256").hexdigest()[:_MARK]


def read_receipt_urls(settings: WebhookSettings) -> ReceiptUrls | None:
    """The addresses, where this service has a public one and a secret; else nothing is told to providers."""
    if not settings.webhook_url or settings.webhook_secret is None:
        return None
    return ReceiptUrls(settings.webhook_url, settings.webhook_secret.get_secret_value())
