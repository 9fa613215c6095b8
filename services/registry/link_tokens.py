"""The token in a signed link: what it opens, for whom and until when, useless for any other purpose.

A text message has room for some 300 characters, hence a token of 72: what it says in binary, and half of an
HMAC-SHA-256, which RFC 2104 (section 5) allows.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import Enum
from struct import Struct
from typing import Final
from uuid import UUID

from schemas.vocabulary import Party

DAY: Final = 24 * 3600


class Purpose(Enum):
    """What a link is for. Its name is signed with the rest, so that a token opens nothing else.

    Attributes:
        tag: what is signed before the rest; links that were sent depend on it.
        path: the address below the public one.
        seconds: how long a link lasts.
        lasts: the same, in French.
    """

    PROPOSAL = (b"proposal-page\0", "p", 14 * DAY, "14 jours")
    PREFERENCES = (b"preferences\0", "r", 90 * DAY, "90 jours")
    # To be honoured for 30 days at least (CAN-SPAM, 15 U.S.C. 7704(a)(3)); an old message is where one looks for it.
    UNSUBSCRIBE = (b"unsubscribe\0", "u", 3 * 365 * DAY, "3\N{NO-BREAK SPACE}ans")

    def __init__(self, tag: bytes, path: str, seconds: int, lasts: str) -> None:
        self.tag = tag
        self.path = path
        self.seconds = seconds
        self.lasts = lasts


@dataclass(frozen=True, slots=True)
class Said:
    """What a token says.

    Attributes:
        subject: the proposal, or, for what is about the contact itself, its company.
        party: the side on which the contact reads the proposal; the borrower's for what is about no proposal.
        ends: the second from which it opens nothing more, since 1970 (until 2106).
    """

    subject: UUID
    contact: UUID
    ends: int
    party: Party = Party.BORROWER


_VERSION: Final = 1
_SAID: Final = Struct(">BB16s16sI")
"""Version, side, subject, contact, end."""

_SIGNATURE: Final = 16
_SIDES: Final = (Party.BORROWER, Party.LENDER)
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{72}")
"""54 bytes are 72 characters exactly: none is padding, so a token is written in one way only."""


def token_of(key: bytes, purpose: Purpose, said: Said) -> str:
    """The token that says this, for this purpose."""
    text = _SAID.pack(_VERSION, _SIDES.index(said.party), said.subject.bytes, said.contact.bytes, said.ends)
    return urlsafe_b64encode(text + _signature(key, purpose, text)).decode("ascii")


def read(key: bytes, purpose: Purpose, token: str) -> Said | None:
    """What a token says, ended or not; none if this key did not sign it for this purpose."""
    if not _TOKEN.fullmatch(token):
        return None
    whole = urlsafe_b64decode(token)
    text, signature = whole[:-_SIGNATURE], whole[-_SIGNATURE:]
    if not hmac.compare_digest(signature, _signature(key, purpose, text)) or text[0] != _VERSION:
        return None
    _, side, subject, contact, ends = _SAID.unpack(text)
    return Said(UUID(bytes=subject), UUID(bytes=contact), ends, _SIDES[side])


def _signature(key: bytes, purpose: Purpose, text: bytes) -> bytes:
    return hmac.digest(key, purpose.tag + text, "sha256")[:_SIGNATURE]
