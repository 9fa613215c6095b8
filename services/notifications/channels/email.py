"""Email over SMTP: a few connections are kept open, and each ends in a state that says what is certain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Final
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib
from aiosmtplib import SMTPException

from passerelles.errors import SettingsError
from services.notifications.channels.connection import UNREACHABLE, StaleConnectionError, deliver
from services.notifications.channels.mail import compose, is_address
from services.notifications.channels.port import Attempt, Recipient, Verdict
from services.notifications.rendering import Rendered

SECONDS: Final = 10.0
"""For each answer of the server: the eight of the longest conversation end within a lease of the ledger."""

IDLE: Final = timedelta(seconds=50)
"""A connection that waited longer is left: servers close theirs after a minute or more (RFC 5321 asks for five)."""

DEFAULT_PORT: Final = {"smtp": 25, "smtps": 465}


class EmailChannel:
    """One SMTP server, `smtp://[user:password@]host:port`, or `smtps:` for implicit TLS; STARTTLS where it is offered.

    Raises:
        SettingsError: the address of the server or of the sender cannot be used.
    """

    def __init__(self, url: str, sender: str, *, clock: Callable[[], datetime], seconds: float = SECONDS) -> None:
        parts = urlsplit(url)
        self._sender = Recipient(*parseaddr(sender))
        try:
            port = parts.port or DEFAULT_PORT[parts.scheme]
        except (KeyError, ValueError):
            port = None
        if port is None or not is_address(self._sender.address):
            raise SettingsError(
                "L'adresse du serveur d'e-mail ou de l'expéditeur est incorrecte.",
                remedy="Corriger PASSERELLES_SMTP ou PASSERELLES_SMTP_FROM.",
            )
        self._port = port
        self._host = parts.hostname or "localhost"
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._tls = parts.scheme == "smtps"
        self._seconds = seconds
        self._clock = clock
        self._idle: list[tuple[aiosmtplib.SMTP, datetime]] = []

    async def stop(self) -> None:
        """Take leave of the server on every connection."""
        idle, self._idle = self._idle, []
        for smtp, _ in idle:
            await self._leave(smtp)

    async def probe(self) -> Attempt:
        """Open a connection, and keep it for the first mail."""
        try:
            smtp = await self._acquire()
        except (SMTPException, OSError):
            return UNREACHABLE
        try:
            response = await smtp.noop(timeout=self._seconds)
        except (SMTPException, OSError):
            smtp.close()
            return UNREACHABLE
        except asyncio.CancelledError:
            smtp.close()
            raise
        self._release(smtp)
        return Attempt(Verdict.SENT, f"smtp_{response.code}")

    async def send(self, id_: UUID, recipient: Recipient, message: Rendered) -> Attempt:
        """Hand one mail to the server, for one recipient."""
        if not is_address(recipient.address):
            # No mailbox that could be written to: typed before the registry's checks were what they are.
            return Attempt(Verdict.FAILED, "address_invalid")
        content = compose(id_, self._sender, recipient, message, self._clock())
        while True:
            kept = bool(self._idle)
            try:
                smtp = await self._acquire()
            except (SMTPException, OSError):
                return UNREACHABLE
            try:
                attempt = await deliver(smtp, self._sender.address, recipient.address, content, seconds=self._seconds)
            except StaleConnectionError:
                if not kept:
                    return UNREACHABLE
                continue
            self._release(smtp)
            return attempt

    async def _acquire(self) -> aiosmtplib.SMTP:
        while self._idle:
            smtp, since = self._idle.pop()
            if smtp.is_connected and self._clock() - since < IDLE:
                return smtp
            await self._leave(smtp)
        smtp = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            use_tls=self._tls,
            local_hostname=self._sender.address.rpartition("@")[2],
            timeout=self._seconds,
        )
        try:
            await smtp.connect()
            # A server that does not know EHLO is greeted by the first command that needs it: say it now.
            if smtp.is_ehlo_or_helo_needed:
                await smtp.ehlo()
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _release(self, smtp: aiosmtplib.SMTP) -> None:
        if smtp.is_connected:
            self._idle.append((smtp, self._clock()))
        else:
            smtp.close()

    async def _leave(self, smtp: aiosmtplib.SMTP) -> None:
        try:
            if smtp.is_connected:
                await smtp.quit(timeout=1.0)
        except (SMTPException, OSError):
            pass
        finally:
            smtp.close()
