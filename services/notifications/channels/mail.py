"""A mail as bytes: two alternatives of one text, with headers that nothing typed can add to.

It is built by the older half of Python's `email` package: the newer one parses each header as it is set, which took
longer than handing the mail to the server.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime
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

_WIRE: Final = compat32.clone(linesep="\r\n")


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
    mail = MIMEMultipart("alternative")
    domain = sender.ascii.rpartition("@")[2]
    mail["From"] = _mailbox("From", sender, sender.ascii)
    if recipient.address.ascii is not None:
        mail["To"] = _mailbox("To", recipient, recipient.address.ascii)
    mail["Subject"] = Header(plain(message.subject, 140), "utf-8", header_name="Subject").encode()
    mail["Date"] = format_datetime(at)
    # The same for the same delivery: should it ever travel twice, a mailbox can tell.
    mail["Message-ID"] = f"<{id_}@{domain}>"
    if message.thread:
        # A first message that nobody has: mailboxes gather the answers to one they never saw (RFC 5256, section 3).
        root = f"<{uuid5(PROPOSAL_NAMESPACE, f'thread:{message.thread}')}@{domain}>"
        mail["In-Reply-To"] = root
        mail["References"] = root
    if _LINK.fullmatch(message.unsubscribe_url):
        mail["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
        mail["List-Unsubscribe-Post"] = ONE_CLICK
    mail["Auto-Submitted"] = "auto-generated"
    # Brevo's relay gives it back in its webhooks, where it has put a Message-ID of its own.
    mail["X-Mailin-custom"] = str(id_)
    mail["Content-Language"] = "fr"
    mail.attach(_part(message.text, "plain"))
    mail.attach(_part(message.html, "html"))
    content = mail.as_bytes(policy=_WIRE)
    if recipient.address.ascii is not None:
        return content
    return f"To: {_mailbox('To', recipient, recipient.address.written)}\r\n".encode() + content


def _mailbox(name: str, of: Sender | Mailbox, address: str) -> str:
    said = plain(of.name, 70)
    return f"{Header(said, 'utf-8', header_name=name).encode()}\r\n <{address}>" if said else f"<{address}>"


def _part(text: str, subtype: str) -> MIMENonMultipart:
    part = MIMENonMultipart("text", subtype, charset="utf-8")
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(b2a_qp(text.encode(), istext=True).decode("ascii"))
    return part
