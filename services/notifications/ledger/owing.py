"""What a delivery owes to the bus: what became of it, by proposal."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from passerelles.outbox import owed
from passerelles.store.port import Body
from schemas.deliveries import Channel, DeliveryRecorded, DeliveryState, MessageKind, Receipt
from schemas.envelope import format_time
from schemas.vocabulary import Party
from services.notifications.ledger.documents import Item

SOURCE: Final = "notifications"


def owe_result(body: Body, id_: str, item: Item, state: DeliveryState, now: datetime, *, code: str | None) -> None:
    """One item of a delivery was told, or was not, at the body's version."""
    receipt = body.get("receipt")
    event = DeliveryRecorded(
        id=UUID(id_),
        version=body["version"],
        message_id=UUID(body["message"]),
        proposal_id=UUID(item["proposal"]),
        company_id=UUID(body["company"]),
        contact_id=UUID(body["contact"]),
        party=Party(body["party"]),
        channel=Channel(body["channel"]),
        kind=MessageKind(item["kind"]),
        state=state,
        at=now,
        attempts=body["attempts"],
        code=code,
        receipt=Receipt(receipt) if receipt else None,
    )
    entry = owed(
        "delivery.recorded",
        # One delivery speaks of several proposals, and may tell two kinds of one: each is its own event.
        subject=f"{id_}:{event.proposal_id}:{event.kind}",
        version=event.version,
        time=now,
        data=event,
        territories=None,
        key=str(event.proposal_id),
        source=SOURCE,
    )
    body["pending"].append(entry)
    if body["pending_since"] is None:
        body["pending_since"] = format_time(now)
