"""Returned mail: delivery status notifications (RFC 3464), read with the standard library, tied to the delivery.

They name it by the envelope's sender, which was made for it, or by the Message-ID among the headers that are returned.

Anybody may write to the mailbox of returned mail. Headers are therefore taken as text: the modern policy of `email`
parses each as a list of addresses, in a time that grows with its square, and fails on some.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from typing import Final
from uuid import UUID

from services.notifications.inbound.word import Fate, Word, delivery_in

_STATUS: Final = re.compile(r"\s*([245])\.([0-9]{1,3})\.([0-9]{1,3})")
_TAGGED: Final = re.compile(r"\+([0-9a-f]{32})@")
_NOBODY: Final = frozenset({("1", "0"), ("1", "1"), ("1", "2"), ("1", "3"), ("1", "6"), ("1", "10"), ("2", "1")})
"""Subject and detail of the permanent codes that speak of the mailbox: it does not exist, has moved or is closed.

Others are permanent for this message only, by its size or for a policy. Source: RFC 3463, sections 3.2 and 3.3, and
RFC 7505 for 5.1.10.
"""


def read_dsn(content: bytes) -> Word | None:
    """What a mail says of one of our deliveries; none when it is no notification, or not about one.

    A delay is no word: the server still tries.
    """
    try:
        return _read(message_from_bytes(content))
    except RecursionError:
        # Parts within parts, hundreds deep: no server's notification.
        return None


def _read(mail: Message) -> Word | None:
    if mail.get_content_type() != "multipart/report":
        return None
    delivery = _delivery(mail)
    if delivery is None:
        return None
    for fields in _recipients(mail):
        word = _word(delivery, fields)
        if word is not None:
            return word
    return None


def _word(delivery: UUID, fields: Message) -> Word | None:
    action = str(fields.get("Action", "")).split(";")[0].strip().lower()
    status = _STATUS.match(str(fields.get("Status", "")))
    code = "dsn_" + "_".join(status.groups()) if status else "dsn"
    if action == "delivered":
        return Word(delivery, Fate.ARRIVED, code)
    if action != "failed":
        return None
    for_good = status is not None and status[1] == "5" and (status[2], status[3]) in _NOBODY
    return Word(delivery, Fate.BOUNCED if for_good else Fate.RETURNED, code)


def _recipients(mail: Message) -> Iterator[Message]:
    """The groups of fields about a recipient; the first group is about the message."""
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status":
            groups = part.get_payload()
            yield from (each for each in groups if isinstance(each, Message) and "Action" in each)


def _delivery(mail: Message) -> UUID | None:
    for name in ("To", "Delivered-To", "X-Original-To"):
        tagged = _TAGGED.search(str(mail.get(name, "")))
        if tagged:
            return UUID(tagged[1])
    for part in mail.walk():
        if part.get_content_type() in {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"}:
            found = delivery_in(str(_returned(part).get("Message-ID", "")))
            if found is not None:
                return found
    return None


def _returned(part: Message) -> Message:
    """The headers of our mail, whole or alone."""
    payload = part.get_payload()
    if isinstance(payload, list):
        first = payload[0]
        return first if isinstance(first, Message) else Message()
    raw = part.get_payload(decode=True)
    return message_from_bytes(raw if isinstance(raw, bytes) else b"")
