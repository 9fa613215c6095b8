"""Real SMTP servers on loopback that behave as asked: aiosmtpd, and a bare one that stops where no library would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from ssl import SSLContext
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """An aiosmtpd handler: what was taken, and which answers to give instead."""

    def __init__(self, *, mail: str = "", rcpt: str = "", data: str = "") -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.sessions: set[Any] = set()
        self.senders: list[str] = []
        self.options: list[str] = []
        self.encrypted: list[bool] = []
        self._mail, self._rcpt, self._data = mail, rcpt, data

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.sessions.add(session.peer)
        self.senders.append(address)
        self.options += options
        self.encrypted.append(session.ssl is not None)
        if self._mail:
            return self._mail
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - idem
        self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._rcpt:
            return self._rcpt
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 - idem
        if self._data:
            return self._data
        parsed = message_from_bytes(bytes(envelope.content or b""), policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        self.recipients += envelope.rcpt_tos
        return "250 OK"


@asynccontextmanager
async def serving(handler: Mailbox, *, scheme: str = "smtp", **options: Any) -> AsyncIterator[str]:
    """The address of an aiosmtpd server in this loop; `options` are aiosmtpd's, but for `ssl`: TLS from the start."""
    loop = asyncio.get_running_loop()
    tls: SSLContext | None = options.pop("ssl", None)
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="test.example.org", loop=loop, **options), "127.0.0.1", 0, ssl=tls
    )
    try:
        yield f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


class BareServer:
    """Speaks just enough SMTP to fall silent, or hang up, at one point of the conversation.

    `at` is the command after which it does so: `CONNECT`, `MAIL`, `RCPT`, `DATA`, or `.` for the end of the content.
    `taken` is what it answers to a content.
    """

    def __init__(self, at: str, *, hang_up: bool, first: int = 0, taken: str = "250 taken") -> None:
        self._at, self._hang_up, self._first = at, hang_up, first
        self._taken = f"{taken}\r\n".encode()
        self.contents = 0
        self.connections = 0
        self.released = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await self._stops("CONNECT"):
            return
        writer.write(b"220 ready\r\n")
        mails = 0
        while line := await reader.readline():
            word = line.split(b" ")[0].strip().decode().upper()
            mails += word == "MAIL"
            if mails > self._first and await self._stops(word):
                return
            if word != "DATA":
                writer.write(b"250 OK\r\n")
                continue
            writer.write(b"354 go on\r\n")
            while await reader.readline() != b".\r\n":
                pass
            self.contents += 1
            if mails > self._first and await self._stops("."):
                return
            writer.write(self._taken)

    async def _stops(self, word: str) -> bool:
        if word != self._at:
            return False
        if not self._hang_up:
            await self.released.wait()
        return True


@asynccontextmanager
async def bare(server: BareServer) -> AsyncIterator[str]:
    """The address of a bare server."""
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    try:
        yield f"smtp://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        server.released.set()
        listening.close()
        await listening.wait_closed()
        await asyncio.sleep(0.02)  # the handlers' last writes
