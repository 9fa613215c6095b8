"""Returned mail of the servers in use, tied to the delivery, and told apart: for good, or for now."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.inbound.dsn import read_dsn
from services.notifications.inbound.word import Fate, Word
from services.notifications.rendering import Rendered
from tests.unit.notifications.test_mail import ID, composed

OURS = composed(Rendered("Bonjour", "Un profil", "<p>Bonjour</p>")).decode()
TAGGED = f"rebonds+{ID.hex}@passerelles.example.org"


def notification(
    *, action: str = "failed", status: str = "5.1.1", to: str = "alertes@passerelles.example.org", returned: str = OURS
) -> bytes:
    """As Postfix writes it (its manual, "bounce(8)")."""
    text = f"""\
From: MAILER-DAEMON@relay.example.org (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B0.1/relay.example.org"
Message-Id: <20260302093000.0@relay.example.org>

This is a MIME-encapsulated message.

--B0.1/relay.example.org
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B0.1/relay.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example.org
X-Postfix-Queue-ID: 4ABC123
Arrival-Date: Mon,  2 Mar 2026 09:30:00 +0000 (UTC)

Final-Recipient: rfc822; rh@exemple.fr
Original-Recipient: rfc822;rh@exemple.fr
Action: {action}
Status: {status}
Remote-MTA: dns; mx.exemple.fr
Diagnostic-Code: smtp; 550 5.1.1 <rh@exemple.fr>: Recipient address rejected

--B0.1/relay.example.org
Content-Description: Undelivered Message
Content-Type: message/rfc822

{returned.replace(chr(13), "")}
--B0.1/relay.example.org--
"""
    return text.encode()


@pytest.mark.parametrize(
    ("action", "status", "expected"),
    [
        ("failed", "5.1.1", Word(ID, Fate.BOUNCED, "dsn_5_1_1")),
        ("failed", "5.2.1", Word(ID, Fate.BOUNCED, "dsn_5_2_1")),
        ("failed", "5.1.10", Word(ID, Fate.BOUNCED, "dsn_5_1_10")),
        ("failed", "5.2.2", Word(ID, Fate.RETURNED, "dsn_5_2_2")),
        ("failed", "5.7.1", Word(ID, Fate.RETURNED, "dsn_5_7_1")),
        ("failed", "4.4.7", Word(ID, Fate.RETURNED, "dsn_4_4_7")),
        ("failed", "", Word(ID, Fate.RETURNED, "dsn")),
        ("delivered", "2.1.5", Word(ID, Fate.ARRIVED, "dsn_2_1_5")),
        ("delayed", "4.4.1", None),
        ("relayed", "2.1.9", None),
    ],
)
def test_what_a_notification_says(action: str, status: str, expected: Word | None) -> None:
    assert read_dsn(notification(action=action, status=status)) == expected
    assert read_dsn(notification(action=action, status=status, to=TAGGED, returned="")) == expected


def test_only_the_headers_may_be_returned() -> None:
    headers = OURS.partition("\r\n\r\n")[0] + "\n\n"
    content = notification(returned=headers).replace(
        b"Content-Type: message/rfc822", b"Content-Type: text/rfc822-headers"
    )
    assert read_dsn(content) == Word(ID, Fate.BOUNCED, "dsn_5_1_1")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"From: x@y.fr\r\n\r\nJe suis absent.\r\n",
        OURS.encode(),
        notification(returned="Subject: autre\n\nAutre\n"),
        notification(returned="Message-ID: <pas-un-envoi@passerelles.example.org>\n\n"),
        notification().replace(b"message/delivery-status", b"text/plain"),
    ],
    ids=["nothing", "an absence", "our own mail", "another mail", "another identifier", "no report"],
)
def test_what_is_not_about_a_delivery_is_no_word(content: bytes) -> None:
    assert read_dsn(content) is None


@given(st.binary(max_size=400), st.integers(0, 3000))
def test_nothing_that_is_sent_there_breaks_it(noise: bytes, at: int) -> None:
    whole = notification()
    found = read_dsn(whole[:at] + noise + whole[at + len(noise) :])
    assert found is None or isinstance(found.delivery, UUID)


@pytest.mark.parametrize(
    "to",
    ["a," * 400_000, "(" * 5_000, "=?utf-8?q?=0a?=", "x@[g", "\N{LATIN SMALL LETTER E WITH ACUTE}@y.fr"],
    ids=["many addresses", "comments in comments", "a line's end", "half a literal", "in other letters"],
)
def test_what_a_stranger_writes_in_a_header_is_text(to: str) -> None:
    assert read_dsn(notification(to=to)) == Word(ID, Fate.BOUNCED, "dsn_5_1_1")
    assert read_dsn(notification(to=f"{to} <{TAGGED}>", returned="")) == Word(ID, Fate.BOUNCED, "dsn_5_1_1")


def test_figures_of_other_alphabets_are_no_status() -> None:
    assert read_dsn(notification(status="5.\u0661.\u0661")) == Word(ID, Fate.RETURNED, "dsn")


def test_parts_within_parts_are_no_notification() -> None:
    parts = "".join(f"--b{depth}\nContent-Type: multipart/mixed; boundary=b{depth + 1}\n\n" for depth in range(2_000))
    content = f"To: {TAGGED}\nContent-Type: multipart/report; boundary=b0\n\n{parts}"
    assert read_dsn(content.encode()) is None
