"""Brevo's webhooks. Source: developers.brevo.com, "Transactional webhooks"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from services.notifications.inbound.word import Fate, Word, asks_to_stop, delivery_in

EMAIL: Final = {
    "delivered": Fate.ARRIVED,
    "hard_bounce": Fate.BOUNCED,
    "invalid_email": Fate.BOUNCED,
    "soft_bounce": Fate.RETURNED,
    "blocked": Fate.RETURNED,
    "error": Fate.RETURNED,
}
"""By `event`. The others say what became of it after it arrived, or that Brevo still tries."""

SMS: Final = {
    "delivered": Fate.ARRIVED,
    "hardbounce": Fate.BOUNCED,
    "softbounce": Fate.RETURNED,
    "rejected": Fate.RETURNED,
    "unsubscribe": Fate.OPTED_OUT,
    "unsubscribed": Fate.OPTED_OUT,
    "blacklisted": Fate.OPTED_OUT,
}
"""By `msg_status`, which Brevo writes with and without its hyphens of words."""


def read_email(said: Mapping[str, Any]) -> Word | None:
    """A word on an email. Brevo's relay puts its own Message-ID: our header `X-Mailin-custom` comes back beside it."""
    event = said.get("event")
    fate = EMAIL.get(event) if isinstance(event, str) else None
    delivery = delivery_in(said.get("X-Mailin-custom")) or delivery_in(said.get("message-id"))
    return Word(delivery, fate, f"brevo_{event}") if fate and delivery else None


def read_sms(delivery: UUID, said: Mapping[str, Any]) -> Word | None:
    """A word on the text message whose own address it came to."""
    event = str(said.get("msg_status", "")).lower().replace("_", "")
    if event == "replied" and asks_to_stop(str(said.get("reply", ""))):
        return Word(delivery, Fate.OPTED_OUT, "brevo_replied_stop")
    fate = SMS.get(event)
    return Word(delivery, fate, f"brevo_{event}") if fate else None
