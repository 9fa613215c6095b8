"""How messages leave and what comes back about them: the settings of email, of text messages and of their webhooks."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class MailSettings(BaseModel):
    """Email by SMTP."""

    model_config = ConfigDict(frozen=True)

    smtp: Annotated[
        str,
        Field(pattern=r"^smtps?://.+", description="`smtp://[user:password@]host:port`; `smtps:` for implicit TLS."),
    ] = "smtp://127.0.0.1:1025"
    smtp_from: Annotated[str, Field(description="The sender of every email.")] = (
        "Passerelles industries <alertes@passerelles.example.org>"
    )
    smtp_tls: Annotated[
        str,
        Field(
            pattern=r"^(opportunistic|required|off)$",
            description="STARTTLS: `opportunistic` (where offered), `required` or `off`; no password travels without "
            "TLS unless it is `off`.",
        ),
    ] = "opportunistic"
    smtp_ca: Annotated[
        str, Field(description="A file of certificates (PEM) to trust beside the system's: a private authority.")
    ] = ""
    smtp_connections: Annotated[
        int, Field(ge=1, le=100, description="Connections to the mail server at once, by process.")
    ] = 8
    smtp_domain_rate: Annotated[
        float,
        Field(
            gt=0,
            le=10_000,
            description="Emails a second to one recipient domain, by process; a burst may bring twice that.",
        ),
    ] = 100.0
    smtp_bounces: Annotated[
        str,
        Field(
            description="The mailbox of returned mail, `rebonds@domain`: the envelope's sender becomes "
            "`rebonds+DELIVERY@domain`. Without it, returned mail goes to the sender."
        ),
    ] = ""
    dkim_keys: Annotated[
        str,
        Field(
            pattern=r"^(|[a-z0-9._-]+:[^,\s]+(,[a-z0-9._-]+:[^,\s]+)*)$",
            description="`selector:file.pem,…`: each private key, RSA or Ed25519, signs every email (DKIM).",
        ),
    ] = ""
    dkim_domain: Annotated[str, Field(description="The domain that signs; by default the sender's.")] = ""


_PROVIDERS: Final = r"^(none|http|ovh|brevo|twilio)$"
_NOT_GIVEN: Final = SecretStr("")


class WebhookSettings(BaseModel):
    """What comes back about messages: returned mail, receipts, STOP."""

    model_config = ConfigDict(frozen=True)

    webhook_url: Annotated[
        str,
        Field(
            description="Where providers reach notifications' `/webhooks`: its public base. Without it, no receipts."
        ),
    ] = ""
    webhook_secret: Annotated[
        SecretStr | None,
        Field(description="What a mail server or provider shows to `/webhooks`. Without it, none is open."),
    ] = None
    soft_bounces: Annotated[
        int,
        Field(
            ge=1,
            le=100,
            description="So many messages in a row, returned for a passing reason, make a contact unreachable.",
        ),
    ] = 3


class SmsSettings(BaseModel):
    """Text messages by a provider, and by another when it is out of order."""

    model_config = ConfigDict(frozen=True)

    sms: Annotated[
        str, Field(pattern=_PROVIDERS, description="SMS provider: `none`, `http`, `ovh`, `brevo` or `twilio`.")
    ] = "none"
    sms_fallback: Annotated[
        str, Field(pattern=_PROVIDERS, description="Another one, for what the first has certainly not taken.")
    ] = "none"
    sms_sender: Annotated[
        str,
        Field(
            description="Who text messages are from: a number, 11 letters at most, or a messaging service of Twilio's "
            "(`MG…`); with OVH, empty is a number that can be answered."
        ),
    ] = ""
    sms_url: Annotated[str, Field(description="The address of the provider `http`.")] = ""
    sms_ovh_url: Annotated[str, Field(description="The base of OVH's API.")] = "https://eu.api.ovh.com/1.0"
    sms_ovh_service: Annotated[str, Field(description="The SMS service at OVH, `sms-ab12345-1`.")] = ""
    sms_ovh_application_key: Annotated[str, Field(description="The application's key at OVH.")] = ""
    sms_ovh_application_secret: Annotated[SecretStr, Field(description="The application's secret at OVH.")] = _NOT_GIVEN
    sms_ovh_consumer_key: Annotated[SecretStr, Field(description="The consumer key at OVH.")] = _NOT_GIVEN
    sms_brevo_url: Annotated[str, Field(description="The base of Brevo's API.")] = "https://api.brevo.com/v3"
    sms_brevo_key: Annotated[SecretStr, Field(description="The API key at Brevo.")] = _NOT_GIVEN
    sms_twilio_url: Annotated[str, Field(description="The base of Twilio's API.")] = "https://api.twilio.com/2010-04-01"
    sms_twilio_account: Annotated[str, Field(description="The account at Twilio, `AC…`.")] = ""
    sms_twilio_token: Annotated[SecretStr, Field(description="Its token, which also signs Twilio's webhooks.")] = (
        _NOT_GIVEN
    )
