"""What a delivery owes to the bus: what was decided about it, and what became of it, by proposal."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from passerelles.outbox import owed
from passerelles.store.port import Body
from schemas.deliveries import AlertDecided, DeliveryRecorded, DeliveryState
from schemas.vocabulary import Party
from services.notifications.ledger.documents import Item
from services.notifications.verdicts import Decision

SOURCE: Final = "notifications"


def party_of(body: Body, item: Item) -> Party:
    """The side of the item's pair on which the company stands: a digest has both."""
    return Party(item.get("party") or body["party"])


def owe_result(body: Body, id_: str, item: Item, state: DeliveryState, now: datetime, *, code: str | None) -> None:
    """One item of a delivery was told, or was not, at the body's version."""
    said = _said(body, id_, item, now)
    said |= {"state": state, "attempts": body["attempts"], "code": code, "receipt": body.get("receipt")}
    _owe(body, "delivery.recorded", DeliveryRecorded.model_validate(said, strict=False), now)


def owe_decision(body: Body, id_: str, item: Item, decision: Decision, now: datetime) -> None:
    """The policy decided about one item of a delivery, at the body's version."""
    said = _said(body, id_, item, now)
    said |= {"verdict": decision.verdict, "rule": decision.rule, "until": decision.until}
    _owe(body, "alert.decided", AlertDecided.model_validate(said, strict=False), now)


def _said(body: Body, id_: str, item: Item, now: datetime) -> dict[str, Any]:
    """What both say, as the documents have it: identifiers and words are texts there, so it is not read strictly."""
    return {
        "id": id_,
        "version": body["version"],
        "message_id": body["message"],
        "proposal_id": item["proposal"],
        "company_id": body["company"],
        "contact_id": body["contact"],
        "party": party_of(body, item),
        "channel": body["channel"],
        "kind": item["kind"],
        "at": now,
    }


def _owe(body: Body, type_: str, event: DeliveryRecorded | AlertDecided, now: datetime) -> None:
    entry = owed(
        type_,
        # One delivery speaks of several proposals, and may tell two kinds of one: each is its own event.
        subject=f"{event.id}:{event.proposal_id}:{event.kind}",
        version=event.version,
        time=now,
        data=event,
        territories=None,
        key=str(event.proposal_id),
        source=SOURCE,
    )
    body["pending"].append(entry)
    if body["pending_since"] is None:
        body["pending_since"] = entry["time"]
