"""Shares: what the policy decided about one message for one contact by one channel, written once and then followed.

The delivery's document holds the decision. Whoever inserts it first decides; a crash between two of them, or another
process, finds what was decided and never decides otherwise, whatever time it is or the contact prefers by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from passerelles.store.port import Body, Stored
from schemas.deliveries import AlertVerdict, Channel, DeliveryState
from schemas.envelope import format_time
from services.notifications.ledger.documents import DECIDED, GRACE, Documents, Item, delivery_id, digest_id
from services.notifications.ledger.owing import owe_decision
from services.notifications.verdicts import Decision

LEAVING = frozenset({AlertVerdict.SENT, AlertVerdict.WAITING})
"""What is handed to the channel, now or as soon as it may be used."""


@dataclass(frozen=True, slots=True)
class Share:
    """The items of a message that concern one contact by one channel, each with what was decided.

    Attributes:
        contact: none where nobody is there to be told.
        decided: items with `proposal`, `kind`, `need` and `heard_only`.
    """

    contact: UUID | None
    channel: Channel
    decided: Sequence[tuple[Item, Decision]]


@dataclass(frozen=True, slots=True)
class Reserved:
    """A delivery that was decided; `known` is its document, where it was written just now."""

    id: str
    channel: Channel
    known: Stored | None

    @property
    def leaves(self) -> bool:
        """Whether something in it is for the channel, as far as is known."""
        return self.known is None or self.known.body["state"] == DeliveryState.RESERVED


class Shares:
    """Writes the deliveries of a message as they were decided."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def reserve(self, message: str, letter: Body, share: Share, now: datetime) -> Reserved:
        """Write a delivery, with an event for each decision, unless it exists. Raises `UnavailableError`."""
        id_ = str(delivery_id(message, share.contact, share.channel))
        body = _body(id_, message, letter, share, now)
        written = await self._documents.deliveries.insert(id_, body)
        return Reserved(id_, share.channel, Stored(id_, 1, body) if written else None)


def _body(id_: str, message: str, letter: Body, share: Share, now: datetime) -> Body:
    contact = None if share.contact is None else str(share.contact)
    leaving = [(item, decision) for item, decision in share.decided if decision.verdict in LEAVING]
    later = [item for item, decision in share.decided if decision.verdict is AlertVerdict.GATHERED]
    opening = max((decision.until for _, decision in leaving if decision.until), default=None)
    turn = max(
        (each.until for _, each in share.decided if each.verdict is AlertVerdict.GATHERED and each.until), default=None
    )
    body: Body = {
        "message": message,
        "company": letter["company"],
        "party": letter["party"],
        "contact": contact,
        "channel": str(share.channel),
        "items": [
            {"proposal": item["proposal"], "kind": item["kind"], "need": item["need"], "dropped": False}
            for item, _ in leaving
        ],
        "later": [
            {
                "proposal": item["proposal"],
                "kind": item["kind"],
                "need": item["need"],
                "heard_only": item["heard_only"],
                "digest": None,
                "over": False,
            }
            for item in later
        ],
        "digest": str(digest_id(letter["company"], str(contact), str(share.channel), turn)) if turn else None,
        "later_at": format_time(turn) if turn else None,
        "state": DeliveryState.RESERVED.value if leaving else DECIDED,
        "version": 1,
        "attempts": 0,
        "code": None,
        # From here on it may be handed over, and is given up after a while.
        "created_at": format_time(opening or now),
        "told_at": None,
        "due_at": format_time(opening or now + GRACE) if leaving else None,
        "pending": [],
        "pending_since": None,
    }
    for item, decision in share.decided:
        owe_decision(body, id_, item, decision, now)
    return body
