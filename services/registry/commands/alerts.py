"""Whether each contact was told, at once, later or not, and by which rule; contacts only by their identifiers."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from passerelles.store.port import Order, Where
from schemas.deliveries import AlertDecided
from services.registry.domain.caller import Caller
from services.registry.office import Office
from services.registry.pages import Page, paged

_LATEST_FIRST: Final = Order("at", descending=True)


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
        asked = {
            "proposal_id": str(proposal) if proposal else None,
            "contact_id": str(contact) if contact else None,
            "company_id": str(caller.company_id) if caller.company_id else None,
        }
        return await paged(
            self._office.alerts,
            [Where(equal={name: value for name, value in asked.items() if value is not None})],
            lambda stored: AlertDecided.model_validate(stored.body, strict=False),
            order=_LATEST_FIRST,
            limit=limit,
            cursor=cursor,
        )
