"""How the mail server is spoken to: encrypted as asked, with a certificate that holds and a password, on few lines."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import trustme
from aiosmtpd.smtp import AuthResult, LoginPassword

from passerelles.channel_settings import MailSettings
from services.notifications.channels.email import EmailChannel
from services.notifications.channels.port import Attempt, OfAddress, Recipient, Verdict
from services.notifications.rendering import Rendered
from tests.integration.notifications.smtp_servers import Mailbox, serving

ID = UUID("8a1f8a53-6f0e-5b1d-9d62-3f2d0e0b7a11")
TO = Recipient("Claire Vidal", "rh@conserverie.example.org")
TEXT = Rendered("Bonjour\n", "Un profil", "<p>Bonjour</p>")
SENT = Attempt(Verdict.SENT, "smtp_250")


def failed(code: str) -> Attempt:
    return Attempt(Verdict.RETRY, code, reachable=False)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def trusted(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


async def send(url: str, *, recipient: Recipient = TO, id_: UUID = ID, **settings: Any) -> Attempt:
    channel = EmailChannel(MailSettings(smtp=url, **settings), clock=now, seconds=5)
    try:
        return await channel.send(id_, recipient, TEXT)
    finally:
        await channel.stop()


def with_password(url: str, word: str = "s%C3%A9same") -> str:
    return url.replace("://", f"://alertes:{word}@")


def authenticate(_: Any, __: Any, ___: Any, ____: str, given: Any) -> AuthResult:
    assert isinstance(given, LoginPassword)
    return AuthResult(success=(given.login, given.password) == (b"alertes", "sésame".encode()), handled=False)


@pytest.mark.parametrize("mode", ["opportunistic", "required"])
async def test_a_server_that_offers_encryption_gets_it(tls: ssl.SSLContext, trusted: str, mode: str) -> None:
    box = Mailbox()
    async with serving(box, tls_context=tls, require_starttls=True) as url:
        assert await send(url, smtp_tls=mode, smtp_ca=trusted) == SENT
    assert box.encrypted == [True]


async def test_encryption_from_the_first_byte(tls: ssl.SSLContext, trusted: str) -> None:
    box = Mailbox()
    async with serving(box, scheme="smtps", ssl=tls) as url:
        assert await send(url, smtp_ca=trusted) == SENT
    assert len(box.mails) == 1


async def test_a_server_without_encryption_is_written_to_unless_it_is_required() -> None:
    box = Mailbox()
    async with serving(box) as url:
        assert await send(url) == SENT
        assert await send(url, smtp_tls="required") == failed("smtp_no_tls")
    assert box.encrypted == [False]


async def test_encryption_can_be_left_off(tls: ssl.SSLContext) -> None:
    box = Mailbox()
    async with serving(box, tls_context=tls) as url:
        assert await send(url, smtp_tls="off") == SENT
    assert box.encrypted == [False]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_certificate_of_an_unknown_authority_is_refused(tls: ssl.SSLContext, scheme: str) -> None:
    box = Mailbox()
    options = {"ssl": tls} if scheme == "smtps" else {"tls_context": tls}
    async with serving(box, scheme=scheme, **options) as url:
        assert await send(url) == failed("smtp_tls")
    assert box.mails == []


async def test_a_certificate_of_another_host_is_refused(authority: trustme.CA, trusted: str) -> None:
    other = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("mail.example.org").configure_cert(other)
    box = Mailbox()
    async with serving(box, tls_context=other) as url:
        assert await send(url, smtp_ca=trusted) == failed("smtp_tls")
    assert box.mails == []


async def test_a_password_is_shown_under_encryption_only(tls: ssl.SSLContext, trusted: str) -> None:
    box = Mailbox()
    options = {"authenticator": authenticate, "auth_required": True}
    async with serving(box, tls_context=tls, **options) as url:
        assert await send(with_password(url), smtp_ca=trusted) == SENT
        assert await send(with_password(url, word="faux"), smtp_ca=trusted) == failed("smtp_auth")
    seen: list[Any] = []

    def watch(*given: Any) -> AuthResult:
        seen.append(given)
        return AuthResult(success=True)

    async with serving(box, authenticator=watch, auth_require_tls=False) as url:
        assert await send(with_password(url)) == failed("smtp_no_tls")
        assert seen == []
        assert await send(with_password(url), smtp_tls="off") == SENT
    assert len(seen) == 1


async def test_no_more_connections_than_allowed_and_none_more_than_needed() -> None:
    box = Mailbox()
    async with serving(box) as url:
        channel = EmailChannel(MailSettings(smtp=url, smtp_connections=3), clock=now, seconds=5)
        attempts = await asyncio.gather(*(channel.send(uuid4(), TO, TEXT) for _ in range(30)))
        await channel.stop()
    assert attempts == [SENT] * 30
    assert channel.at_once == len(box.sessions) == 3


async def test_a_domain_gets_its_share_and_the_others_theirs() -> None:
    box = Mailbox()
    moment = now()
    async with serving(box) as url:
        settings = MailSettings(smtp=url, smtp_domain_rate=2)
        channel = EmailChannel(settings, clock=lambda: moment, seconds=5)
        attempts = [await channel.send(uuid4(), TO, TEXT) for _ in range(6)]
        other = await channel.send(uuid4(), Recipient("RH", "rh@ailleurs.example.org"), TEXT)
        await channel.stop()
    assert [each.verdict for each in attempts] == [Verdict.SENT] * 4 + [Verdict.RETRY] * 2
    assert {each.code for each in attempts[4:]} == {"domain_pace"}
    assert all(each.reachable and each.wait for each in attempts[4:])
    assert other == SENT


async def test_the_envelope_names_the_delivery() -> None:
    box = Mailbox()
    async with serving(box) as url:
        assert await send(url) == SENT
        assert await send(url, smtp_bounces="rebonds@retours.example.org") == SENT
    assert box.senders == ["alertes@passerelles.example.org", f"rebonds+{ID.hex}@retours.example.org"]


async def test_a_mailbox_in_its_own_letters_needs_a_server_that_knows_them() -> None:
    zoe = Recipient("Zoé", "zoé@société.example.org")
    box = Mailbox()
    async with serving(box, enable_SMTPUTF8=True) as url:
        assert await send(url, recipient=zoe) == SENT
    assert box.recipients == ["zoé@société.example.org"]
    assert "SMTPUTF8" in box.options
    async with serving(box) as url:
        assert await send(url, recipient=zoe) == Attempt(Verdict.FAILED, "smtp_no_smtputf8")
        assert await send(url, recipient=Recipient("Zoé", "zoe@société.example.org")) == SENT
    assert box.recipients[1:] == ["zoe@xn--socit-esab.example.org"]


@pytest.mark.parametrize(
    ("answer", "of_address"),
    [
        ("550 5.1.1 no such user", OfAddress.UNREACHABLE),
        ("550 5.7.1 refused by policy", None),
        ("550 refused", None),
        ("450 4.1.1 later", None),
    ],
)
async def test_what_a_refusal_says_of_the_address(answer: str, of_address: OfAddress | None) -> None:
    async with serving(Mailbox(rcpt=answer)) as url:
        attempt = await send(url)
    assert attempt.of_address is of_address
