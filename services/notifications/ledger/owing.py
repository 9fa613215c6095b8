"""What a delivery owes to the bus: what was decided about it, and what became of it, by proposal."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from passerelles.outbox import owed
from passerelles.store.port import Body
from schemas.deliveries import AlertDecided, Channel, DeliveryRecorded, DeliveryState, MessageKind, Receipt
from schemas.envelope import format_time
from schemas.vocabulary import Party
from services.notifications.ledger.documents import Item
from services.notifications.verdicts import Decision

SOURCE: Final = "notifications"


def party_of(body: Body, item: Item) -> Party:
    """The side of the item's pair on which the company stands: a digest has both."""
    return Party(item.get("party") or body["party"])


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
        party=party_of(body, item),
        channel=Channel(body["channel"]),
        kind=MessageKind(item["kind"]),
        state=state,
        at=now,
        attempts=body["attempts"],
        code=code,
        receipt=Receipt(receipt) if receipt else None,
    )
    _owe(body, "delivery.recorded", id_, event, now)


def owe_decision(body: Body, id_: str, item: Item, decision: Decision, now: datetime) -> None:
    """The policy decided about one item of a delivery, at the body's version."""
    event = AlertDecided(
        id=UUID(id_),
        version=body["version"],
        message_id=UUID(body["message"]),
        proposal_id=UUID(item["proposal"]),
        company_id=UUID(body["company"]),
        contact_id=None if body["contact"] is None else UUID(body["contact"]),
        party=party_of(body, item),
        channel=Channel(body["channel"]),
        kind=MessageKind(item["kind"]),
        verdict=decision.verdict,
        rule=decision.rule,
        at=now,
        until=decision.until,
    )
    _owe(body, "alert.decided", id_, event, now)


def _owe(body: Body, type_: str, id_: str, event: DeliveryRecorded | AlertDecided, now: datetime) -> None:
    entry = owed(
        type_,
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
