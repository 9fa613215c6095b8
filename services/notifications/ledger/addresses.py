"""What was learnt about where contacts are reached: returned messages are counted, and what counts is told once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from passerelles.outbox import owed
from passerelles.store.port import Body, Collection, Store, change
from schemas.deliveries import Channel
from schemas.envelope import format_time, parse_time
from schemas.reachability import ContactOptedOut, ContactUnreachable
from services.notifications.ledger.owing import SOURCE

REMEMBERED: Final = 20
"""Deliveries whose return was counted, by contact and channel: the same word comes several times."""


class Addresses:
    """The documents `alert_addresses`, by `contact:channel`, with their outbox; and `alert_references`.

    No address is in them. `soft` are deliveries returned for a passing reason, since the last word on the contact.
    """

    def __init__(self, store: Store, *, soft_bounces: int) -> None:
        self.documents: Collection = store.collection("alert_addresses", indexes=[["pending_since"]])
        self._references: Collection = store.collection("alert_references")
        self._soft_bounces = soft_bounces

    async def missed(
        self, id_: str, delivery: Mapping[str, Any], code: str, now: datetime, *, hard: bool
    ) -> str | None:
        """A delivery did not arrive. The document that now owes a word; none if it changes nothing.

        A hard return is told at once; soft ones are, once so many in a row were returned.
        """

        def edit(body: Body) -> bool:
            if id_ in body["seen"]:
                return False
            body["seen"] = [*body["seen"], id_][-REMEMBERED:]
            if not hard:
                body["soft"] = [*body["soft"], id_]
            if hard or len(body["soft"]) >= self._soft_bounces:
                body["soft"] = []
                _owe(
                    body,
                    ContactUnreachable(
                        version=body["version"] + 1,
                        company_id=UUID(delivery["company"]),
                        contact_id=UUID(delivery["contact"]),
                        channel=Channel(delivery["channel"]),
                        code=code,
                        sent_at=parse_time(delivery["created_at"]),
                        at=now,
                    ),
                    now,
                )
            return True

        return await self._edit(delivery["contact"], delivery["channel"], edit)

    async def arrived(self, delivery: Mapping[str, Any]) -> None:
        """A delivery arrived: what was returned for a passing reason has passed."""

        def edit(body: Body) -> bool:
            found = bool(body["soft"])
            body["soft"] = []
            return found

        await self._edit(delivery["contact"], delivery["channel"], edit)

    async def opted_out(self, company: UUID, contact: UUID, word: str, now: datetime) -> str | None:
        """A contact answered STOP; `word` names that answer. The document that now owes a word; none if it is known."""

        def edit(body: Body) -> bool:
            if word in body["seen"]:
                return False
            body["seen"] = [*body["seen"], word][-REMEMBERED:]
            _owe(
                body,
                ContactOptedOut(
                    version=body["version"] + 1, company_id=company, contact_id=contact, channel=Channel.SMS, at=now
                ),
                now,
            )
            return True

        return await self._edit(str(contact), Channel.SMS, edit)

    async def remember(self, reference: str, delivery: UUID) -> None:
        """Keep by which name a provider will speak of a delivery."""
        await self._references.insert(reference, {"delivery": str(delivery)})

    async def referred(self, reference: str) -> str | None:
        """The delivery that a provider speaks of; none when it is not one of ours."""
        stored = await self._references.get(reference)
        return stored.body["delivery"] if stored else None

    async def _edit(self, contact: str, channel: str, edit: Any) -> str | None:
        id_ = f"{contact}:{channel}"

        def edited(body: Body | None) -> Body | None:
            body = body or {"seen": [], "soft": [], "version": 0, "pending": [], "pending_since": None}
            return body if edit(body) else None

        return id_ if await change(self.documents, id_, edited) is not None else None


def _owe(body: Body, event: ContactUnreachable | ContactOptedOut, now: datetime) -> None:
    body["version"] = event.version
    body["pending"].append(
        owed(
            "contact.unreachable" if isinstance(event, ContactUnreachable) else "contact.opted_out",
            subject=f"{event.contact_id}:{event.channel}",
            version=event.version,
            time=now,
            data=event,
            key=str(event.contact_id),
            source=SOURCE,
        )
    )
    if body["pending_since"] is None:
        body["pending_since"] = format_time(now)
