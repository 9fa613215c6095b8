"""The demo's mail and SMS box: a real SMTP server and a real HTTP endpoint on loopback, read in the browser."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import Environment, FileSystemLoader
from pydantic import BaseModel

from passerelles.reference.calendar import paris_time

KEPT: Final = 5000
"""Messages kept; the oldest go first."""

_URL = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True)
class Message:
    """A message as its recipient gets it."""

    number: int
    channel: str
    to: str
    subject: str
    text: str
    links: list[str]
    at: str
    html: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def when(self) -> str:
        """When it came, as it is said in France."""
        return f"{paris_time(datetime.fromisoformat(self.at)):%d/%m/%Y à %H:%M:%S}"


class SmsRequest(BaseModel):
    """What the `http` SMS provider is asked for."""

    id: str
    to: str
    text: str


class Sink:
    """Receives what the demo sends."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Message], None]] = []
        self._server: asyncio.Server | None = None
        self._count = 0
        self.messages: deque[Message] = deque(maxlen=KEPT)

    def hears(self, listener: Callable[[Message], None]) -> None:
        """Tell this listener of each message from now on, in the moment that it is accepted."""
        self._listeners.append(listener)

    async def start(self) -> int:
        """Listen for SMTP on a free loopback port, which is returned."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take an email, as aiosmtpd hands it over."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        mail = email.message_from_bytes(content, _class=EmailMessage, policy=email.policy.default)
        text = _part(mail, "plain")
        for to in envelope.rcpt_tos:
            self._take(
                channel="email",
                to=str(to),
                subject=str(mail["subject"] or ""),
                text=text,
                html=_part(mail, "html"),
                headers={name: str(value) for name, value in mail.items()},
            )
        return "250 OK"

    def take_sms(self, sms: SmsRequest) -> None:
        """Take an SMS."""
        self._take(channel="sms", to=sms.to, subject="", text=sms.text)

    def _take(self, *, text: str, **parts: Any) -> None:
        self._count += 1
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        message = Message(number=self._count, text=text, links=_links(text), at=now, **parts)
        self.messages.appendleft(message)
        for listener in self._listeners:
            listener(message)

    def router(self) -> APIRouter:
        """The pages and the endpoint, under `/demo`."""
        pages = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)
        router = APIRouter(prefix="/demo", include_in_schema=False)

        @router.post("/sms", status_code=202)
        async def receive(sms: SmsRequest) -> None:
            self.take_sms(sms)

        @router.get("/messages")
        async def listed(to: str = "", channel: str = "") -> JSONResponse:
            chosen = (each for each in self.messages if to in ("", each.to) and channel in ("", each.channel))
            return JSONResponse([{k: v for k, v in asdict(each).items() if k != "html"} for each in chosen])

        @router.get("/", response_class=HTMLResponse)
        async def box(request: Request, to: str = "", n: int = 0) -> str:
            chosen = [each for each in self.messages if to in ("", each.to)]
            shown = next((each for each in chosen if each.number == n), chosen[0] if chosen else None)
            people = sorted({each.to for each in self.messages})
            page = pages.get_template("box.html.j2")
            return page.render(messages=chosen, shown=shown, to=to, people=people, request=request)

        @router.get("/messages/{number}/html", response_class=HTMLResponse)
        async def body(number: int) -> HTMLResponse:
            for each in self.messages:
                if each.number == number and each.html:
                    # A link opens beside the box: pages refuse to be framed.
                    return HTMLResponse(each.html.replace("<head>", '<head><base target="_blank">', 1))
            raise HTTPException(404)

        return router


def _part(mail: EmailMessage, subtype: str) -> str:
    part = mail.get_body((subtype,))
    return str(part.get_content()) if part is not None else ""


def _links(text: str) -> list[str]:
    return list(dict.fromkeys(url.rstrip(".,;:)»") for url in _URL.findall(text)))
