"""How messages leave and what comes back about them: the settings of email, of text messages and of their webhooks."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


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
    ] = 4
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
