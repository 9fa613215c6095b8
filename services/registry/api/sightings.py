"""What an event on the bus shows to a caller: what concerns it, and nothing that identifies the other side."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from schemas.decisions import Outcome
from schemas.deliveries import DeliveryRecorded
from schemas.envelope import Event, format_time
from schemas.proposals import Pair, ProposalMade, ProposalWithdrawn
from schemas.vocabulary import Party, Payload
from services.registry.domain.caller import Caller

METRES = 1000


def sighting(event: Event[Payload], caller: Caller) -> dict[str, Any] | None:
    """The event as this caller may see it, or none when it does not concern it.

    A company sees on which side it stands, never who stands on the other; the operator sees both.
    """
    shown: dict[str, Any] = {"type": event.type, "at": format_time(event.time)}
    data = event.data
    if isinstance(data, DeliveryRecorded):
        if not caller.acts_for(data.company_id):
            return None
        shown |= data.model_dump(mode="json", exclude={"id", "at"}) | {"delivery_id": str(data.id)}
        return shown
    if not isinstance(data, Pair | Outcome):
        return None
    sides = {Party.BORROWER: data.borrower_id, Party.LENDER: data.lender_id}
    if caller.is_operator:
        shown |= {"borrower_id": str(data.borrower_id), "lender_id": str(data.lender_id)}
    else:
        party = next((party for party, company in sides.items() if company == caller.company_id), None)
        if party is None:
            return None
        shown["party"] = party.value
    return shown | _pair(data.id, data.need_id, data.availability_id) | _said(data, exact=caller.is_operator)


def _pair(id_: UUID, need: UUID, availability: UUID) -> dict[str, Any]:
    return {"proposal_id": str(id_), "need_id": str(need), "availability_id": str(availability)}


def _said(data: Pair | Outcome, *, exact: bool) -> dict[str, Any]:
    if isinstance(data, ProposalMade):
        return {
            "revision": data.revision,
            "score": data.score,
            "reasons": [_reason(reason.model_dump(mode="json"), exact=exact) for reason in data.reasons],
            "distance_km": (data.distance_metres if exact else _rounded(data.distance_metres)) / METRES,
            "overlap_days": data.overlap_days,
        }
    if isinstance(data, ProposalWithdrawn):
        return {"revision": data.revision, "reason": data.reason.value}
    if isinstance(data, Outcome):
        return data.model_dump(mode="json", include={"version", "by", "reason", "headcount"})
    return {}


def _reason(reason: dict[str, Any], *, exact: bool) -> dict[str, Any]:
    """A distance to the metre tells the commune: until the agreement companies get whole kilometres."""
    if exact or reason["rule"] != "distance":
        return reason
    return reason | {"metres": _rounded(reason["metres"])}


def _rounded(metres: int) -> int:
    return (metres + METRES // 2) // METRES * METRES
