"""Whether each contact was told, at once, later or not, and by which rule; contacts only by their identifiers."""

from __future__ import annotations

from uuid import UUID

from schemas.deliveries import AlertDecided
from services.registry.commands.notices import latest
from services.registry.domain.caller import Caller
from services.registry.office import Office
from services.registry.pages import Page


class Alerts:
    """The list of what the policy of notifications decided."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def list(
        self,
        caller: Caller,
        *,
        proposal: UUID | None = None,
        contact: UUID | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[AlertDecided]:
        """Decisions as they stand, one for each proposal, contact and channel, latest first; a company sees its own."""
        return await latest(
            self._office.alerts,
            AlertDecided,
            caller,
            limit=limit,
            cursor=cursor,
            proposal_id=proposal,
            contact_id=contact,
        )
