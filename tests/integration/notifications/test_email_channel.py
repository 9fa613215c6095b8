"""Each way in which a mail server can behave ends in the state that the design names."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from passerelles.channel_settings import MailSettings
from passerelles.errors import SettingsError
from services.notifications.channels.connection import dotted
from services.notifications.channels.email import EmailChannel
from services.notifications.channels.port import Attempt, Recipient, Verdict
from services.notifications.rendering import Rendered
from tests.integration.notifications.smtp_servers import BareServer, Mailbox, bare, serving

SENDER = "Passerelles industries <alertes@passerelles.example.org>"
TO = Recipient("Claire Vidal, RH", "rh@conserverie.example.org")
MAIL = Rendered("Bonjour,\n.une ligne\nà bientôt\n", "Un profil pour « Opérateur »", "<p>Été</p>")
ID = UUID("8a1f8a53-6f0e-5b1d-9d62-3f2d0e0b7a11")


def now() -> datetime:
    return datetime.now(UTC)


def mail(url: str, **more: Any) -> MailSettings:
    return MailSettings(**{"smtp": url, "smtp_from": SENDER, **more})


async def send(url: str, *, times: int = 1, recipient: Recipient = TO, seconds: float = 5.0) -> list[Attempt]:
    channel = EmailChannel(mail(url), clock=now, seconds=seconds)
    try:
        return [await channel.send(ID, recipient, MAIL) for _ in range(times)]
    finally:
        await channel.stop()


async def test_a_mail_arrives_whole() -> None:
    box = Mailbox()
    async with serving(box) as url:
        assert await send(url) == [Attempt(Verdict.SENT, "smtp_250")]
    (mail,) = box.mails
    assert box.recipients == [TO.address]
    assert mail["Subject"] == MAIL.subject
    assert mail["To"] == '"Claire Vidal, RH" <rh@conserverie.example.org>'
    assert mail["Message-ID"] == f"<{ID}@passerelles.example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime.tzinfo is not None
    assert "List-Unsubscribe" not in mail
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == MAIL.text
    assert "Été" in html.get_content()
    assert mail.as_bytes().isascii()


async def test_connections_are_kept() -> None:
    box = Mailbox()
    async with serving(box) as url:
        await send(url, times=5)
    assert len(box.mails) == 5
    assert len(box.sessions) == 1


@pytest.mark.parametrize(
    ("box", "verdict", "code"),
    [
        (Mailbox(mail="421 closing"), Verdict.RETRY, "smtp_421"),
        (Mailbox(rcpt="450 later"), Verdict.RETRY, "smtp_450"),
        (Mailbox(rcpt="550 nobody here"), Verdict.FAILED, "smtp_550"),
        (Mailbox(data="451 later"), Verdict.RETRY, "smtp_451"),
        (Mailbox(data="554 spam"), Verdict.FAILED, "smtp_554"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_the_server_refuses_is_later_or_never(box: Mailbox, verdict: Verdict, code: str) -> None:
    async with serving(box) as url:
        attempts = await send(url, times=2)
    assert attempts == [Attempt(verdict, code)] * 2, "a connection that refused is fit for the next mail"
    assert box.mails == []


@pytest.mark.parametrize("at", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("hang_up", [False, True], ids=["silent", "hangs up"])
async def test_a_server_lost_before_the_content_leaves_the_mail_ours(at: str, *, hang_up: bool) -> None:
    server = BareServer(at, hang_up=hang_up, first=0 if at not in {"CONNECT", "EHLO"} else -1)
    async with bare(server) as url:
        (attempt,) = await send(url, seconds=0.2)
    assert attempt.verdict is Verdict.RETRY
    assert not attempt.reachable
    assert server.contents == 0


@pytest.mark.parametrize("hang_up", [False, True], ids=["silent", "hangs up"])
async def test_a_server_lost_after_the_content_leaves_the_outcome_unknown(*, hang_up: bool) -> None:
    server = BareServer(".", hang_up=hang_up)
    async with bare(server) as url:
        (attempt,) = await send(url, seconds=0.3)
    assert attempt == Attempt(Verdict.UNKNOWN, "smtp_no_answer")
    assert server.contents == 1, "and it is not sent again"


@pytest.mark.parametrize("answer", ["354 go on", "150 wait", "99 bottles", "600 what", "-25 cold", "taken"])
async def test_an_answer_that_means_nothing_after_the_content_leaves_the_outcome_unknown(answer: str) -> None:
    server = BareServer("", hang_up=False, taken=answer)
    async with bare(server) as url:
        attempts = await send(url, times=2)
    assert attempts == [Attempt(Verdict.UNKNOWN, "smtp_no_answer")] * 2
    assert server.connections == server.contents == 2, "what such a server says next is not believed either"


async def test_a_connection_that_went_stale_is_replaced() -> None:
    server = BareServer("MAIL", hang_up=True, first=1)
    async with bare(server) as url:
        assert [each.verdict for each in await send(url, times=3)] == [Verdict.SENT] * 3
    assert server.connections == 3


async def test_no_server_at_all() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (attempt,) = await send(f"smtp://127.0.0.1:{port}")
    assert attempt == Attempt(Verdict.RETRY, "smtp_unreachable", reachable=False)
    channel = EmailChannel(mail(f"smtp://127.0.0.1:{port}"), clock=now)
    assert not (await channel.probe()).reachable


@pytest.mark.parametrize(
    "address", ["rh@example.org\r\nBcc: autre@example.org", "pas une adresse", "rh@sans-point", ""]
)
async def test_an_address_that_no_header_can_carry_is_refused_before_anything_is_sent(address: str) -> None:
    box = Mailbox()
    async with serving(box) as url:
        (attempt,) = await send(url, recipient=Recipient("RH", address))
    assert attempt == Attempt(Verdict.FAILED, "address_invalid")
    assert box.sessions == set()


async def test_a_name_cannot_add_a_header() -> None:
    box = Mailbox()
    async with serving(box) as url:
        (attempt,) = await send(url, recipient=Recipient("RH\r\nBcc: autre@example.org", TO.address))
    assert attempt.verdict is Verdict.SENT
    assert box.mails[0]["Bcc"] is None
    assert box.recipients == [TO.address]


@pytest.mark.parametrize(
    ("url", "sender"),
    [("smtp://host:port", SENDER), ("smtp://127.0.0.1:25", "pas une adresse"), ("smtp://127.0.0.1:99999", SENDER)],
)
def test_wrong_settings_are_named(url: str, sender: str) -> None:
    with pytest.raises(SettingsError):
        EmailChannel(mail(url, smtp_from=sender), clock=now)


def test_lines_are_ended_and_dots_doubled() -> None:
    assert dotted(b".a\nb\r\n..c\n") == b"..a\r\nb\r\n...c\r\n.\r\n"
