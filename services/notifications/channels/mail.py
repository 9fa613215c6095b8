"""A mail as bytes: two alternatives of one text, in seven bits, with headers that nothing typed can add to.

It is built by the older half of Python's `email` package: the newer one parses each header as it is set, which took
longer than handing the mail to the server.
"""

from __future__ import annotations

import re
from binascii import b2a_qp
from datetime import datetime
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime
from typing import Final
from uuid import UUID

from services.notifications.channels.port import Recipient
from services.notifications.rendering import Rendered
from services.notifications.wording import plain

ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
"""An address that needs neither quotes nor an extension of SMTP: RFC 5321's `Dot-string@Domain`, roughly."""

LONGEST_ADDRESS: Final = 254

_WIRE: Final = compat32.clone(linesep="\r\n")


def is_address(text: str) -> bool:
    """Whether a server can be given this address as it is."""
    return len(text) <= LONGEST_ADDRESS and ADDRESS.fullmatch(text) is not None


def compose(id_: UUID, sender: Recipient, recipient: Recipient, message: Rendered, at: datetime) -> bytes:
    """The mail of one delivery; both addresses satisfy `is_address`."""
    mail = MIMEMultipart("alternative")
    mail["From"] = _mailbox("From", sender)
    mail["To"] = _mailbox("To", recipient)
    mail["Subject"] = Header(plain(message.subject, 140), "utf-8", header_name="Subject").encode()
    mail["Date"] = format_datetime(at)
    # The same for the same delivery: should it ever travel twice, a mailbox can tell.
    mail["Message-ID"] = f"<{id_}@{sender.address.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = "fr"
    mail.attach(_part(message.text, "plain"))
    mail.attach(_part(message.html, "html"))
    return mail.as_bytes(policy=_WIRE)


def _mailbox(name: str, of: Recipient) -> str:
    header = Header(header_name=name)
    said = plain(of.name, 70)
    if said:
        header.append(said, "utf-8")
    header.append(f"<{of.address}>", "us-ascii")
    return header.encode()


def _part(text: str, subtype: str) -> MIMENonMultipart:
    part = MIMENonMultipart("text", subtype, charset="utf-8")
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(b2a_qp(text.encode(), istext=True).decode("ascii"))
    return part
