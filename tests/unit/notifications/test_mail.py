"""What stands in a mail's headers, whatever was typed."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, message_from_string, policy
from email.message import EmailMessage
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelles.reference.addresses import email_address
from services.notifications.channels.mail import Mailbox, Sender, compose
from services.notifications.rendering import Rendered
from services.notifications.wording import plain

ID = UUID("8a1f8a53-6f0e-5b1d-9d62-3f2d0e0b7a11")
SENDER = Sender("Passerelles industries", "alertes@passerelles.example.org")
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
UNSUBSCRIBE = "https://passerelles.example.org/u/jeton-_0"


def mail(message: Rendered, *, name: str = "Claire Vidal", address: str = "rh@exemple.fr") -> EmailMessage:
    parsed = message_from_bytes(composed(message, name=name, address=address), policy=policy.SMTPUTF8)
    assert isinstance(parsed, EmailMessage)
    return parsed


def composed(message: Rendered, *, name: str = "Claire Vidal", address: str = "rh@exemple.fr") -> bytes:
    found = email_address(address)
    assert found is not None
    return compose(ID, SENDER, Mailbox(name, found), message, AT)


def test_a_mailbox_can_unsubscribe_by_one_click() -> None:
    found = mail(Rendered("texte", "Sujet", "<p>", unsubscribe_url=UNSUBSCRIBE))
    assert found["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail(Rendered("texte", "Sujet", "<p>"))["List-Unsubscribe"] is None


@pytest.mark.parametrize(
    "url", ["mailto:x@y.fr", "https://x/\r\nBcc: a@b.fr", "https://x/>, <https://y/", "https://x/é"]
)
def test_an_address_that_could_say_more_is_left_out(url: str) -> None:
    found = mail(Rendered("texte", "Sujet", "<p>", unsubscribe_url=url))
    assert found["List-Unsubscribe"] is None
    assert found["List-Unsubscribe-Post"] is None
    assert found["Bcc"] is None


def test_the_mails_about_one_need_are_one_conversation() -> None:
    first, second = (mail(Rendered("a", subject, "<p>", thread="besoin")) for subject in ("Un profil", "Accord conclu"))
    assert first["In-Reply-To"] == second["In-Reply-To"] == first["References"]
    assert first["In-Reply-To"] != mail(Rendered("a", "b", "<p>", thread="autre"))["In-Reply-To"]
    assert "besoin" not in str(first["References"])
    assert mail(Rendered("a", "b", "<p>"))["References"] is None


def test_a_domain_in_its_own_letters_travels_in_idna() -> None:
    raw = composed(Rendered("texte", "Sujet", "<p>"), address="rh@société-générale.fr")
    assert raw.isascii()
    assert b"<rh@" + "société-générale".encode("idna") + b".fr>" in raw


def test_a_mailbox_in_its_own_letters_is_written_as_it_is() -> None:
    raw = composed(Rendered("texte", "Sujet", "<p>"), name="Zoé", address="zoé@exemple.fr")
    assert "<zoé@exemple.fr>".encode() in raw
    found = message_from_string(raw.decode(), policy=policy.SMTPUTF8)
    assert [(each.display_name, each.addr_spec) for each in found["To"].addresses] == [("Zoé", "zoé@exemple.fr")]


typed = st.text(max_size=300) | st.text(alphabet="ab\r\n:<>,@ é\u2028\x00\x1b", max_size=300)


@given(name=typed, subject=typed, text=typed)
def test_nothing_typed_adds_a_header_or_a_line(name: str, subject: str, text: str) -> None:
    raw = composed(Rendered(text, subject, f"<p>{text}</p>"), name=name)
    assert raw.isascii()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    found = mail(Rendered(text, subject, f"<p>{text}</p>"), name=name)
    assert set(found.keys()) == set(mail(Rendered("a", "b", "c")).keys())
    assert [each.addr_spec for each in found["To"].addresses] == ["rh@exemple.fr"]
    assert str(found["Subject"]).split() == plain(subject, 140).split()
    body = found.get_body(("plain",))
    assert body is not None
    assert all(len(line) <= 76 for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))
    assert lines(body.get_content()) == lines(text)


def lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
