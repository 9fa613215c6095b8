"""What a delivery owes to the bus is written as JSON without its model: it has to be what the model would write."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from schemas.deliveries import AlertDecided, AlertRule, AlertVerdict, DeliveryRecorded, DeliveryState
from services.notifications.ledger.owing import owe_decision, owe_result
from services.notifications.verdicts import Decision

NOW = datetime(2026, 3, 2, 9, 30, 0, 120_000, tzinfo=UTC)
ID = str(UUID(int=1))
ITEM = {"proposal": str(UUID(int=2)), "kind": "proposed"}


def delivery(**others: Any) -> dict[str, Any]:
    return {
        "message": str(UUID(int=3)),
        "company": str(UUID(int=4)),
        "contact": str(UUID(int=5)),
        "party": "borrower",
        "channel": "email",
        "version": 2,
        "attempts": 1,
        "pending": [],
        "pending_since": None,
        **others,
    }


def same(data: dict[str, Any], model: type[BaseModel]) -> None:
    read = model.model_validate_json(json.dumps(data))
    assert data.keys() == read.model_dump().keys()


@pytest.mark.parametrize("receipt", [None, "delivered"])
@pytest.mark.parametrize("state", [state for state in DeliveryState if state is not DeliveryState.ATTEMPTING])
def test_a_result_is_of_its_schema(state: DeliveryState, receipt: str | None) -> None:
    body = delivery(receipt=receipt)
    owe_result(body, ID, ITEM | {"party": "lender"}, state, NOW, code="smtp_250")
    (entry,) = body["pending"]
    same(entry["data"], DeliveryRecorded)
    read = DeliveryRecorded.model_validate_json(json.dumps(entry["data"]))
    assert (read.state, read.party, read.receipt, read.at) == (state, "lender", receipt, NOW)


@pytest.mark.parametrize("until", [None, NOW + timedelta(hours=2)])
@pytest.mark.parametrize("contact", [None, str(UUID(int=5))])
def test_a_decision_is_of_its_schema(contact: str | None, until: datetime | None) -> None:
    body = delivery(contact=contact)
    owe_decision(body, ID, ITEM, Decision(AlertVerdict.GATHERED, AlertRule.PREFERENCE, until), NOW)
    (entry,) = body["pending"]
    same(entry["data"], AlertDecided)
    read = AlertDecided.model_validate_json(json.dumps(entry["data"]))
    assert (read.verdict, read.rule, read.until, read.at) == ("gathered", "preference", until, NOW)
    assert (entry["time"], entry["key"]) == (body["pending_since"], ITEM["proposal"])
