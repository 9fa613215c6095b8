"""Which providers the settings name, and whether they have what they need."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from passerelles.channel_settings import SmsSettings
from passerelles.errors import SettingsError
from services.notifications.channels.receipt_urls import ReceiptUrls
from services.notifications.channels.sms.brevo import BrevoProvider
from services.notifications.channels.sms.exchange import SECONDS
from services.notifications.channels.sms.message import Provider
from services.notifications.channels.sms.ovh import OvhProvider
from services.notifications.channels.sms.plain import PlainProvider
from services.notifications.channels.sms.twilio import TwilioProvider

NEEDED: Final = {
    "http": ("sms_url",),
    "ovh": ("sms_ovh_service", "sms_ovh_application_key", "sms_ovh_application_secret", "sms_ovh_consumer_key"),
    "brevo": ("sms_brevo_key", "sms_sender"),
    "twilio": ("sms_twilio_account", "sms_twilio_token", "sms_sender"),
}
"""What each cannot do without."""


def read_providers(
    settings: SmsSettings, receipts: ReceiptUrls | None, *, clock: Callable[[], datetime], seconds: float = SECONDS
) -> list[Provider]:
    """The provider of `SMS`, then that of `SMS_FALLBACK`; none when text messages are off.

    Raises:
        SettingsError: what one of them needs is missing.
    """
    names = [name for name in dict.fromkeys((settings.sms, settings.sms_fallback)) if name != "none"]
    if settings.sms == "none":
        return []
    missing = [name for provider in names for name in NEEDED[provider] if not _given(settings, name)]
    if missing:
        raise SettingsError(
            f"Pour envoyer des SMS, il manque {', '.join(f'PASSERELLES_{name.upper()}' for name in missing)}.",
            remedy="Donner ces valeurs, ou PASSERELLES_SMS=none.",
        )
    return [_provider(name, settings, receipts, clock, seconds) for name in names]


def _provider(
    name: str, settings: SmsSettings, receipts: ReceiptUrls | None, clock: Callable[[], datetime], seconds: float
) -> Provider:
    match name:
        case "ovh":
            return OvhProvider(settings, clock=clock, seconds=seconds)
        case "brevo":
            return BrevoProvider(settings, receipts, seconds=seconds)
        case "twilio":
            return TwilioProvider(settings, receipts, seconds=seconds)
        case _:
            return PlainProvider(settings.sms_url, seconds=seconds)


def _given(settings: SmsSettings, name: str) -> bool:
    value = getattr(settings, name)
    said = value if isinstance(value, str) else value.get_secret_value()
    return said.startswith(("http://", "https://")) if name == "sms_url" else bool(said)
