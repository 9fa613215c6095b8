"""When an alert about each need last left at once for each contact and channel: what the limit of needs looks at.

The right to alert is claimed before the delivery that uses it is written, on condition that nobody else has: two
messages that are decided at the same time never both leave at once. A claim that came to nothing binds nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from passerelles.store.port import Body, Stored, change
from schemas.deliveries import Channel, DeliveryState
from schemas.envelope import format_time, parse_time
from services.notifications.ledger.documents import DECIDED, Documents, delivery_id

Address = tuple[str, str]
"""A contact and a channel."""


class _Claim(NamedTuple):
    need: str
    message: str
    at: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What earlier messages claimed for one address.

    Attributes:
        at: by need, when another message claimed it and told something.
        void: the claims, as need and message, that came to nothing: they may be taken over.
        read: the document that says so; none where there was none.
    """

    at: Mapping[str, datetime] = field(default_factory=dict)
    void: frozenset[tuple[str, str]] = frozenset()
    read: Stored | None = None


class Alerts:
    """The claims of each address.

    Every method raises `UnavailableError` when the store does not answer; made again, it does the same.
    """

    def __init__(self, documents: Documents, window: timedelta) -> None:
        self._documents = documents
        self._window = window

    async def others(
        self, addresses: Collection[Address], needs: Collection[str], message: str, now: datetime
    ) -> dict[Address, Standing]:
        """What other messages claimed about these needs within the window, by address."""
        if not self._window:
            return {}
        stored = await self._documents.limits.get_many(":".join(address) for address in addresses)
        found: dict[Address, list[_Claim]] = {}
        for id_, each in stored.items():
            contact, _, channel = id_.rpartition(":")
            about = self._recent(each.body, now, needs)
            claims = [claim for claim in about if claim.message != message]
            if claims:
                found[contact, channel] = claims
        void = await self._void(found)
        return {
            address: Standing(
                {one.need: parse_time(one.at) for one in found.get(address, ()) if one not in void.get(address, ())},
                frozenset((claim.need, claim.message) for claim in void.get(address, ())),
                stored.get(":".join(address)),
            )
            for address in addresses
        }

    async def claim(
        self, address: Address, needs: Collection[str], message: str, seen: Standing, now: datetime
    ) -> bool:
        """Take the right to alert about these needs. False: another message took one since they were `seen`."""
        if not self._window:
            return True
        taken = False

        def edit(body: Body | None) -> Body | None:
            nonlocal taken
            recent = self._recent(body, now) if body else []
            about = [claim for claim in recent if claim.need in needs]
            taken = any(claim.message != message and (claim.need, claim.message) not in seen.void for claim in about)
            fresh = set(needs) - {claim.need for claim in about if claim.message == message}
            if taken or not fresh:
                return None
            kept = [claim for claim in recent if claim.need not in fresh]
            claims = [*kept, *(_Claim(need, message, format_time(now)) for need in sorted(fresh))]
            return {"needs": {claim.need: [claim.message, claim.at] for claim in claims}}

        await change(self._documents.limits, ":".join(address), edit, known=seen.read, absent=seen.read is None)
        return not taken

    def _recent(self, body: Body, now: datetime, needs: Collection[str] | None = None) -> list[_Claim]:
        """The claims that count still, of these needs or of all: an address may hold thousands."""
        held = body["needs"]
        some = held.items() if needs is None else ((need, held[need]) for need in needs if need in held)
        # Written as they are, times compare as texts.
        since = format_time(now - self._window)
        return [_Claim(need, message, at) for need, (message, at) in some if at > since]

    async def _void(self, found: Mapping[Address, Collection[_Claim]]) -> Mapping[Address, set[_Claim]]:
        """The claims of messages that told nothing about the need after all."""
        asked: dict[str, list[tuple[Address, _Claim]]] = defaultdict(list)
        for (contact, channel), claims in found.items():
            for claim in claims:
                id_ = str(delivery_id(claim.message, UUID(contact), Channel(channel)))
                asked[id_].append(((contact, channel), claim))
        void: dict[Address, set[_Claim]] = defaultdict(set)
        deliveries = await self._documents.deliveries.get_many(asked) if asked else {}
        for id_, stored in deliveries.items():
            for address, claim in asked[id_]:
                if not _tells(stored.body, claim.need):
                    void[address].add(claim)
        return void


def _tells(delivery: Body, need: str) -> bool:
    if delivery["state"] in {DECIDED, DeliveryState.FAILED, DeliveryState.DROPPED}:
        return False
    return any(item["need"] == need and not item["dropped"] for item in delivery["items"])
