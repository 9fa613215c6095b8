"""A mail as bytes: two alternatives of one text, with headers that nothing typed can add to.

It is written out here, as what it always is. Python's `email` package makes a tree of such a mail, folds each header
and looks through the text for a boundary, which took longer than everything else that is done about an email.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from dataclasses import dataclass
from datetime import datetime
from email.quoprimime import header_encode
from email.utils import format_datetime
from functools import lru_cache
from typing import Final
from uuid import UUID, uuid5

from passerelles.reference.addresses import EmailAddress
from schemas.vocabulary import PROPOSAL_NAMESPACE
from services.notifications.rendering import Rendered
from services.notifications.wording import plain

ONE_CLICK: Final = "List-Unsubscribe=One-Click"
"""RFC 8058, section 3.1: a mailbox posts this to the address of `List-Unsubscribe`."""

_LINK: Final = re.compile(r"https?://[!-;=?-~]+")
"""An address that can stand between `<` and `>` in a header."""

_WORD: Final = 50
"""Bytes of text in an encoded word, which stays within a line with a header's name before it (RFC 2047, section 2)."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: an address that every server takes."""

    name: str
    ascii: str


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Who is written to."""

    name: str
    address: EmailAddress


def compose(id_: UUID, sender: Sender, recipient: Mailbox, message: Rendered, at: datetime) -> bytes:
    """The mail of one delivery: in seven bits, but for the address of a recipient that needs SMTPUTF8 (RFC 6532)."""
    domain = sender.ascii.rpartition("@")[2]
    # No encoded text contains it: there, an equals sign stands before two digits or the end of a line (RFC 2045, 6.7).
    boundary = f"=_{id_.hex}"
    headers = [
        f"From: {_mailbox(sender, sender.ascii)}",
        f"To: {_mailbox(recipient, recipient.address.ascii or recipient.address.written)}",
        f"Subject: {encoded_words(plain(message.subject, 140))}",
        f"Date: {format_datetime(at)}",
        # The same for the same delivery: should it ever travel twice, a mailbox can tell.
        f"Message-ID: <{id_}@{domain}>",
    ]
    if message.thread:
        # A first message that nobody has: mailboxes gather the answers to one they never saw (RFC 5256, section 3).
        root = f"<{uuid5(PROPOSAL_NAMESPACE, f'thread:{message.thread}')}@{domain}>"
        headers += [f"In-Reply-To: {root}", f"References: {root}"]
    if _LINK.fullmatch(message.unsubscribe_url):
        headers += [f"List-Unsubscribe: <{message.unsubscribe_url}>", f"List-Unsubscribe-Post: {ONE_CLICK}"]
    headers += [
        "Auto-Submitted: auto-generated",
        # Brevo's relay gives it back in its webhooks, where it has put a Message-ID of its own.
        f"X-Mailin-custom: {id_}",
        "Content-Language: fr",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "",
    ]
    parts = (_part(boundary, message.text, "plain"), _part(boundary, message.html, "html"))
    return b"\r\n".join(["\r\n".join(headers).encode(), *parts, f"--{boundary}--\r\n".encode()])


def _mailbox(of: Sender | Mailbox, address: str) -> str:
    said = plain(of.name, 70)
    return f"{encoded_words(said)}\r\n <{address}>" if said else f"<{address}>"


@lru_cache(maxsize=1024)
def encoded_words(text: str) -> str:
    """Encoded words (RFC 2047), whatever the text: no character in it has a meaning of its own in a header."""
    words, word, room = [], "", _WORD
    for char in text:
        bytes_ = 1 if char == " " or (char.isascii() and char.isalnum()) else 3 * len(char.encode())
        if bytes_ > room:
            words.append(word)
            word, room = "", _WORD
        word += char
        room -= bytes_
    return "\r\n ".join(header_encode(each.encode(), "utf-8") for each in (*words, word))


def _part(boundary: str, text: str, subtype: str) -> bytes:
    head = (
        f"--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return head.encode() + b2a_qp(lines.encode(), istext=True).replace(b"\n", b"\r\n")
