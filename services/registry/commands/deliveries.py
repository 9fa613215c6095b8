"""Who was told what, by which channel, when, and with which result; contacts only by their identifiers."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from passerelles.store.port import Order, Where
from schemas.deliveries import DeliveryRecorded, DeliveryState
from services.registry.domain.caller import Caller
from services.registry.office import Office
from services.registry.pages import Page, paged

_LATEST_FIRST: Final = Order("at", descending=True)


class Deliveries:
    """The list of what notifications did."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def list(
        self,
        caller: Caller,
        *,
        proposal: UUID | None = None,
        contact: UUID | None = None,
        state: DeliveryState | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[DeliveryRecorded]:
        """Deliveries as they stand, one for each proposal and kind that a message told, latest first.

        A company sees its own.
        """
        asked = {
            "proposal_id": str(proposal) if proposal else None,
            "contact_id": str(contact) if contact else None,
            "state": str(state) if state else None,
            "company_id": str(caller.company_id) if caller.company_id else None,
        }
        return await paged(
            self._office.deliveries,
            [Where(equal={name: value for name, value in asked.items() if value is not None})],
            lambda stored: DeliveryRecorded.model_validate(stored.body, strict=False),
            order=_LATEST_FIRST,
            limit=limit,
            cursor=cursor,
        )
