"""What is heard of a delivery after it was handed over: it arrived, or it did not."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from passerelles.store.port import Body, change
from schemas.deliveries import DeliveryState, Receipt
from services.notifications.ledger.documents import Documents
from services.notifications.ledger.owing import owe_result

HANDED_OVER: Final = frozenset({DeliveryState.SENT.value, DeliveryState.UNKNOWN.value})

_KNOWN_NOW: Final = {Receipt.DELIVERED: DeliveryState.SENT, Receipt.UNDELIVERED: DeliveryState.FAILED}
"""What becomes of a delivery of which nobody knew whether it had left."""


class Receipts:
    """Keeps the last word on each delivery, and tells it as a further `delivery.recorded`."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def record(self, id_: str, receipt: Receipt, code: str, now: datetime) -> bool:
        """Write what was heard; the same again changes nothing, and what is under way is left alone.

        A delivery that had ended as `unknown` is `sent` once it is known to have arrived, and `failed` once it is known
        not to have. What was `sent` stays so. A word of having arrived is the last one.
        """

        def edit(body: Body | None) -> Body | None:
            if body is None or body["state"] not in HANDED_OVER or body.get("receipt") in {receipt, Receipt.DELIVERED}:
                return None
            if body["state"] == DeliveryState.UNKNOWN:
                body["state"] = _KNOWN_NOW[receipt].value
            body["version"] += 1
            body["receipt"] = receipt.value
            body["code"] = code
            for item in body["items"]:
                if not item["dropped"]:
                    owe_result(body, id_, item, DeliveryState(body["state"]), now, code=code)
            return body

        return await change(self._documents.deliveries, id_, edit) is not None
