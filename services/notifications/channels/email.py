"""Email over SMTP: each mail at the pace of its recipient's domain, and ended in a state that says what is certain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Final
from uuid import UUID

from aiosmtplib import SMTPException

from passerelles.channel_settings import MailSettings
from passerelles.errors import SettingsError
from passerelles.reference.addresses import email_address
from services.notifications.channels.connection import NO_SMTPUTF8, UNREACHABLE, Envelope, StaleConnectionError, deliver
from services.notifications.channels.mail import Mailbox, Sender, compose
from services.notifications.channels.pacing import DomainPace
from services.notifications.channels.pool import Connections, NoConnectionError, read_server
from services.notifications.channels.port import Attempt, Recipient, Verdict
from services.notifications.channels.signing import read_signer
from services.notifications.rendering import Rendered

SECONDS: Final = 10.0
"""For each answer of the server: five of them, after the connection, end within a lease of the ledger; the fifth is
that of a RSET, after a refusal."""

PATIENCE: Final = timedelta(milliseconds=250)
"""How long a mail may hold its place until its domain's turn; beyond, it is put off, and others go before it."""


class EmailChannel:
    """One SMTP server, given each mail over one of a few connections.

    Raises:
        SettingsError: the address of the server or of the sender, or a key, cannot be used.
    """

    def __init__(self, settings: MailSettings, *, clock: Callable[[], datetime], seconds: float = SECONDS) -> None:
        name, address = parseaddr(settings.smtp_from)
        self._sender = Sender(name, _ours(address, "SMTP_FROM"))
        self._bounces = _ours(settings.smtp_bounces, "SMTP_BOUNCES") if settings.smtp_bounces else ""
        domain = self._sender.ascii.rpartition("@")[2]
        self._signer = read_signer(settings.dkim_keys, settings.dkim_domain or domain)
        server = read_server(settings)
        self._via = f"{server.host}:{server.port}"
        self._connections = Connections(
            server, greeting=domain, at_once=settings.smtp_connections, clock=clock, seconds=seconds
        )
        self._pace = DomainPace(settings.smtp_domain_rate)
        self._seconds = seconds
        self._clock = clock

    @property
    def at_once(self) -> int:
        """As many as there may be connections."""
        return self._connections.at_once

    @property
    def via(self) -> str:
        """The server's name and port."""
        return self._via

    async def stop(self) -> None:
        """Take leave of the server on every connection."""
        await self._connections.stop()

    async def probe(self) -> Attempt:
        """Open a connection, and keep it for the first mail."""
        try:
            async with self._connections.one() as (smtp, _):
                response = await smtp.noop(timeout=self._seconds)
        except NoConnectionError as error:
            return replace(UNREACHABLE, code=error.code)
        except (SMTPException, OSError):
            return UNREACHABLE
        return Attempt(Verdict.SENT, f"smtp_{response.code}")

    async def send(self, id_: UUID, recipient: Recipient, message: Rendered) -> Attempt:
        """Hand one mail to the server, for one recipient."""
        address = email_address(recipient.address)
        if address is None:
            # No mailbox that could be written to: typed before the registry's checks were what they are.
            return Attempt(Verdict.FAILED, "address_invalid")
        taken, wait = self._pace.turn(address.domain, self._clock(), PATIENCE)
        if not taken:
            return Attempt(Verdict.RETRY, "domain_pace", wait=wait)
        if wait:
            await asyncio.sleep(wait.total_seconds())
        content = compose(id_, self._sender, Mailbox(recipient.name, address), message, self._clock())
        if self._signer is not None:
            content = self._signer.sign(content)
        envelope = Envelope(self._return_path(id_), address.ascii or address.written, utf8=address.ascii is None)
        try:
            while True:
                attempt = await self._hand_over(envelope, content)
                if attempt is not None:
                    return attempt
        except NoConnectionError as error:
            return replace(UNREACHABLE, code=error.code)

    async def _hand_over(self, envelope: Envelope, content: bytes) -> Attempt | None:
        """None: the connection had been kept, and was gone; another is to be tried."""
        async with self._connections.one() as (smtp, kept):
            if envelope.utf8 and not smtp.supports_extension("smtputf8"):
                return NO_SMTPUTF8
            try:
                return await deliver(smtp, envelope, content, seconds=self._seconds)
            except StaleConnectionError:
                return None if kept else UNREACHABLE

    def _return_path(self, id_: UUID) -> str:
        """The sender of the envelope: names the delivery, so that a bounce does (a variable envelope return path)."""
        if not self._bounces:
            return self._sender.ascii
        local, _, domain = self._bounces.rpartition("@")
        return f"{local}+{id_.hex}@{domain}"


def _ours(address: str, setting: str) -> str:
    found = email_address(address)
    if found is None or found.ascii is None:
        raise SettingsError(
            "L'adresse de l'expéditeur, ou celle des retours, est incorrecte.",
            remedy=f"Corriger PASSERELLES_{setting}.",
        )
    return found.ascii
