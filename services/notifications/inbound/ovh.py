"""OVH's receipts: a GET with its number for the message and a code, `ptt`, signed by nothing.

Sources: OVH's former guide of the callback, kept in github.com/ovh/docs, issue 1496; 53 is in its "SMPP Technical
Specifications". The many codes of failure pass, or do not tell why: none of them speaks of the number for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.notifications.inbound.word import Fate

ARRIVED: Final = "4"
STOPPED: Final = "53"
NO_WORD: Final = frozenset({"1", "2", "3", "6"})
"""Tried again, or accepted by the operator, or never known."""


def read_receipt(query: Mapping[str, str]) -> tuple[str, Fate, str] | None:
    """OVH's name for the message, what became of it, and the code; none while it is under way."""
    id_, ptt = query.get("id", ""), query.get("ptt", "")
    if not (id_.isascii() and id_.isdecimal() and ptt.isascii() and ptt.isdecimal()) or ptt in NO_WORD:
        return None
    fate = {ARRIVED: Fate.ARRIVED, STOPPED: Fate.OPTED_OUT}.get(ptt, Fate.RETURNED)
    return f"ovh:{id_}", fate, f"ovh_ptt_{ptt[:10]}"
