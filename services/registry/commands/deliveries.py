"""Who was told what, by which channel, when, and with which result; contacts only by their identifiers."""

from __future__ import annotations

from uuid import UUID

from schemas.deliveries import DeliveryRecorded, DeliveryState
from services.registry.commands.notices import latest
from services.registry.domain.caller import Caller
from services.registry.office import Office
from services.registry.pages import Page


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
        return await latest(
            self._office.deliveries,
            DeliveryRecorded,
            caller,
            limit=limit,
            cursor=cursor,
            proposal_id=proposal,
            contact_id=contact,
            state=state,
        )
