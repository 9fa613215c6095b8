"""The connections to the mail server: a bounded number, kept open between mails, encrypted and authenticated."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, cast
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTPException

from passerelles.channel_settings import MailSettings
from passerelles.errors import SettingsError

IDLE: Final = timedelta(seconds=50)
"""A connection that waited longer is left: servers close theirs after a minute or more (RFC 5321 asks for five)."""

LONGEST: Final = 40.0
"""Seconds to connect, encrypt and authenticate, in all: with the mail after it, within a lease of the ledger."""

FAREWELL: Final = 1.0
"""Seconds that a server is waited for when it is taken leave of."""

DEFAULT_PORT: Final = {"smtp": 25, "smtps": 465}

StartTls = Literal["opportunistic", "required", "off"]

_START_TLS: Final[Mapping[StartTls, bool | None]] = {"opportunistic": None, "required": True, "off": False}
"""What aiosmtplib calls them."""


class NoConnectionError(Exception):
    """No connection that may be used; `code` is the channel's word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Server:
    """Where the mail server is, and how it is spoken to; its certificate is verified in every case.

    No password is shown without TLS, unless `start_tls` is off.
    """

    host: str
    port: int
    implicit_tls: bool
    start_tls: StartTls
    user: str | None
    password: str
    trust: ssl.SSLContext


def read_server(settings: MailSettings) -> Server:
    """The server of the settings.

    Raises:
        SettingsError: its address cannot be used, or the certificates to trust cannot be read.
    """
    parts = urlsplit(settings.smtp)
    try:
        port = parts.port or DEFAULT_PORT[parts.scheme]
        trust = ssl.create_default_context()
        if settings.smtp_ca:
            trust.load_verify_locations(settings.smtp_ca)
    except (KeyError, ValueError, OSError) as error:
        raise SettingsError(
            "L'adresse du serveur d'e-mail est incorrecte, ou ses certificats ne se lisent pas.",
            remedy="Corriger PASSERELLES_SMTP ou PASSERELLES_SMTP_CA.",
        ) from error
    return Server(
        host=parts.hostname or "localhost",
        port=port,
        implicit_tls=parts.scheme == "smtps",
        start_tls=cast("StartTls", settings.smtp_tls),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or ""),
        trust=trust,
    )


class Connections:
    """Opens connections, hands them out one mail at a time, and keeps those that are still good.

    Attributes:
        at_once: how many may be open.
    """

    def __init__(
        self, server: Server, *, greeting: str, at_once: int, clock: Callable[[], datetime], seconds: float
    ) -> None:
        self.at_once = at_once
        self._server = server
        self._greeting = greeting
        self._slots = asyncio.Semaphore(at_once)
        self._clock = clock
        self._seconds = seconds
        self._idle: list[tuple[aiosmtplib.SMTP, datetime]] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[tuple[aiosmtplib.SMTP, bool]]:
        """A connection, and whether it was kept from before; it is kept again if it is still good at the end.

        Raises:
            NoConnectionError: there is none to be had.
        """
        async with self._slots:
            smtp = await self._kept()
            kept = smtp is not None
            smtp = smtp or await self._open()
            try:
                yield smtp, kept
            except BaseException:
                smtp.close()
                raise
            if smtp.is_connected:
                self._idle.append((smtp, self._clock()))
            else:
                smtp.close()

    async def stop(self) -> None:
        """Take leave of the server on every connection."""
        idle, self._idle = self._idle, []
        for smtp, _ in idle:
            await _leave(smtp)

    async def _kept(self) -> aiosmtplib.SMTP | None:
        gone = [each for each in self._idle if not self._is_good(*each)]
        if gone:
            self._idle = [each for each in self._idle if each not in gone]
            # Of all at once: a server that answers none of them is waited for only once.
            await asyncio.gather(*(_leave(smtp) for smtp, _ in gone))
        return self._idle.pop()[0] if self._idle else None

    def _is_good(self, smtp: aiosmtplib.SMTP, since: datetime) -> bool:
        return smtp.is_connected and self._clock() - since < IDLE

    async def _open(self) -> aiosmtplib.SMTP:
        server = self._server
        smtp = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.implicit_tls,
            start_tls=None if server.implicit_tls else _START_TLS[server.start_tls],
            tls_context=server.trust,
            local_hostname=self._greeting,
            timeout=self._seconds,
        )
        try:
            async with asyncio.timeout(LONGEST):
                await smtp.connect()
                # A server that does not know EHLO is greeted by the first command that needs it: say it now.
                if smtp.is_ehlo_or_helo_needed:
                    await smtp.ehlo()
                if server.user is not None:
                    await _log_in(smtp, server, server.user)
        except (SMTPException, OSError) as error:
            smtp.close()
            raise NoConnectionError(_code(error)) from error
        except BaseException:
            smtp.close()
            raise
        return smtp


async def _log_in(smtp: aiosmtplib.SMTP, server: Server, user: str) -> None:
    if server.start_tls != "off" and smtp.get_transport_info("sslcontext") is None:
        raise NoConnectionError("smtp_no_tls")
    await smtp.login(user, server.password)


async def _leave(smtp: aiosmtplib.SMTP) -> None:
    try:
        if smtp.is_connected:
            await smtp.quit(timeout=FAREWELL)
    except (SMTPException, OSError):
        pass
    finally:
        smtp.close()


def _code(error: BaseException) -> str:
    """What went wrong, where it is for the operator to mend."""
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return "smtp_auth"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "smtp_tls"
        cause = cause.__cause__ or cause.__context__
    return "smtp_no_tls" if "STARTTLS" in str(error) else "smtp_unreachable"
