"""When an alert about each need last left at once for each contact and channel: what two limits look at.

The right to alert is claimed before the delivery that uses it is written, on condition that nobody else has: two
messages that are decided at the same time never both leave at once. A claim that came to nothing binds nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
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
        alerts: how many other messages claimed something, where that decides.
        void: the claims, as need and message, that came to nothing: they may be taken over.
        read: the document that says so; none where there was none.
    """

    at: Mapping[str, datetime] = field(default_factory=dict)
    alerts: int = 0
    void: frozenset[tuple[str, str]] = frozenset()
    read: Stored | None = None


class Alerts:
    """The claims of each address: one a need within the window, and of no more than so many messages (0: any number).

    Every method raises `UnavailableError` when the store does not answer; made again, it does the same.
    """

    def __init__(self, documents: Documents, window: timedelta, most: int) -> None:
        self._documents = documents
        self._window = window
        self._most = most

    async def others(
        self, addresses: Collection[Address], needs: Collection[str], message: str, now: datetime
    ) -> dict[Address, Standing]:
        """What other messages claimed within the window, by address; of other needs than these only where it counts."""
        if not self._window:
            return {}
        stored = await self._documents.limits.get_many(":".join(address) for address in addresses)
        found: dict[Address, list[_Claim]] = {}
        for id_, each in stored.items():
            contact, _, channel = id_.rpartition(":")
            recent = self._recent(each.body, now, None if self._most else needs)
            claims = [claim for claim in recent if claim.message != message]
            # Whether the others told anything is looked at only where it decides.
            about = claims if self._crowded(claims) else [claim for claim in claims if claim.need in needs]
            if about:
                found[contact, channel] = about
        void = await self._void(found)
        return {
            address: _standing(found.get(address, ()), void.get(address, set()), stored.get(":".join(address)))
            for address in addresses
        }

    async def claim(
        self, address: Address, needs: Collection[str], message: str, seen: Standing, now: datetime
    ) -> bool:
        """Take the right to alert about these needs. False: others took one, or the last there was, since `seen`."""
        if not self._window:
            return True
        taken = False

        def edit(body: Body | None) -> Body | None:
            nonlocal taken
            recent = self._recent(body, now) if body else []
            mine = {claim.need for claim in recent if claim.message == message}
            others = [
                claim for claim in recent if claim.message != message and (claim.need, claim.message) not in seen.void
            ]
            taken = any(claim.need in needs for claim in others) or (not mine and self._crowded(others))
            fresh = set(needs) - mine
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

    def _crowded(self, claims: Iterable[_Claim]) -> bool:
        """As many messages as may alert have."""
        return 0 < self._most <= len({claim.message for claim in claims})

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


def _standing(claims: Iterable[_Claim], void: Collection[_Claim], read: Stored | None) -> Standing:
    told = [claim for claim in claims if claim not in void]
    return Standing(
        {claim.need: parse_time(claim.at) for claim in told},
        len({claim.message for claim in told}),
        frozenset((claim.need, claim.message) for claim in void),
        read,
    )


def _tells(delivery: Body, need: str) -> bool:
    if delivery["state"] in {DECIDED, DeliveryState.FAILED, DeliveryState.DROPPED}:
        return False
    return any(item["need"] == need and not item["dropped"] for item in delivery["items"])
