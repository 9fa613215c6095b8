"""What a server or provider says of one delivery, once its own words are understood."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from unicodedata import normalize
from uuid import UUID

STOP: Final = frozenset(
    {
        "STOP",
        "STOPALL",
        "STOP ALL",
        "ARRET",
        "ARRÊT",
        "UNSUBSCRIBE",
        "CANCEL",
        "END",
        "QUIT",
        "STOP SMS",
        "OPTOUT",
        "REVOKE",
    }
)
"""Twilio's own words and the French ones; a longer sentence that begins with STOP is one too."""


class Fate(StrEnum):
    """`returned` for a passing reason, `bounced` for good."""

    ARRIVED = "arrived"
    RETURNED = "returned"
    BOUNCED = "bounced"
    OPTED_OUT = "opted_out"


@dataclass(frozen=True, slots=True)
class Word:
    """About one delivery.

    Attributes:
        code: `[a-z0-9_]{1,40}`, whose word it is first: `dsn_5_1_1`, `twilio_30006`.
    """

    delivery: UUID
    fate: Fate
    code: str


def delivery_in(text: object) -> UUID | None:
    """The delivery that a text names, first of all of a `Message-ID` of ours; none when it names none."""
    if not isinstance(text, str):
        return None
    found = re.match(r"\s*<?([0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})(?:@|>|\s|$)", text)
    return UUID(found[1]) if found else None


def asks_to_stop(text: str) -> bool:
    """Whether an answer to a text message asks for no more of them."""
    said = " ".join(normalize("NFC", text).upper().strip(" .,;:!?\t\r\n\"'«»“”’").split())
    return said in STOP or re.match(r"STOP\b", said) is not None
