"""Digests: what was gathered for one contact and time, turned once into a delivery of its own.

What waits stays in the shares that it was decided in. When its time has come, the digest's delivery is inserted, with
the fate of each item that it found: whoever inserts it first decides. Each share then follows it, at once or after a
crash: told, kept for the next digest, or settled. A share that was written too late for its digest goes on to the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from passerelles.store.port import Body, Stored, Where, change
from schemas.deliveries import AlertRule, AlertVerdict, DeliveryState
from schemas.envelope import format_time, parse_time
from services.notifications.ledger.documents import DECIDED, GRACE, Documents, Item, digest_id
from services.notifications.ledger.owing import owe_decision
from services.notifications.ledger.spread import spread
from services.notifications.verdicts import Decision


@dataclass(frozen=True, slots=True)
class Waiting:
    """One item that waits for a digest, and the share that it was decided in."""

    share: Stored
    item: Item

    @property
    def pair(self) -> str:
        """The proposal that it is about."""
        return str(self.item["proposal"])

    @property
    def key(self) -> str:
        """The item, among those of its share."""
        return f"{self.item['proposal']}:{self.item['kind']}"


class DigestLedger:
    """The shares that wait, and the digests that they wait for.

    Every method raises `UnavailableError` when the store does not answer; made again, it does the same.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def waiting(self, digest: str) -> list[Waiting]:
        """What waits for a digest, as it was decided."""
        where = Where(equal={"digest": digest}, above={"later_at": ""})
        shares = await self._documents.deliveries.find(where)
        shares.sort(key=lambda each: (each.body["created_at"], each.id))
        return [Waiting(share, item) for share in shares for item in _open(share.body)]

    async def frozen(self, digest: str) -> Stored | None:
        """The digest, once it was decided what it tells."""
        return await self._documents.deliveries.get(digest)

    async def freeze(
        self, digest: str, decided: Sequence[tuple[Waiting, Decision]], following: datetime, now: datetime
    ) -> Stored:
        """Decide what a digest tells and what becomes of the rest, unless that was decided; what was, is returned.

        `following` is when the next one leaves.
        """
        body = _body(digest, decided, following, now)
        if await self._documents.deliveries.insert(digest, body):
            return Stored(digest, 1, body)
        stored = await self._documents.deliveries.get(digest)
        assert stored is not None  # noqa: S101 - deliveries are never removed
        return stored

    async def follow(self, waiting: Sequence[Waiting], digest: Stored, now: datetime) -> None:
        """Bring the shares to what their digest decided."""
        shares = {each.share.id: each.share for each in waiting}
        await spread(partial(self._follow, share, digest, now) for share in shares.values())

    async def _follow(self, share: Stored, digest: Stored, now: datetime) -> None:
        fates: Mapping[str, Body] = digest.body["fates"].get(share.id, {})

        def edit(body: Body | None) -> Body | None:
            if body is None or body["digest"] != digest.id or body["later_at"] is None:
                return None
            body["version"] += 1
            turn = parse_time(digest.body["following"])
            for item in _open(body):
                fate = fates.get(f"{item['proposal']}:{item['kind']}")
                if fate is None:
                    continue
                decision = _decision(fate)
                if decision.verdict is AlertVerdict.SENT:
                    item["digest"] = digest.id
                    continue
                item["over"] = decision.verdict is AlertVerdict.SUPPRESSED
                turn = decision.until or turn
                owe_decision(body, share.id, item, decision, now)
            waits = bool(_open(body))
            body["later_at"] = format_time(turn) if waits else None
            if waits:
                body["digest"] = str(digest_id(body["company"], body["contact"], body["channel"], turn))
            return body

        await change(self._documents.deliveries, share.id, edit, known=share)

    async def postpone(self, waiting: Sequence[Waiting], wait: timedelta, now: datetime) -> None:
        """Look at a digest again later: something that it depends on is not ready."""

        def edit(body: Body | None) -> Body | None:
            if body is None or body["later_at"] is None or body["later_at"] > format_time(now):
                return None
            return {**body, "later_at": format_time(now + wait)}

        shares = {each.share.id: each.share for each in waiting}
        await spread(
            partial(change, self._documents.deliveries, share.id, edit, known=share) for share in shares.values()
        )


def _open(body: Body) -> list[Item]:
    """The items of a share that still wait."""
    return [item for item in body["later"] if not item["over"] and item["digest"] is None]


def _decision(fate: Body) -> Decision:
    until = None if fate["until"] is None else parse_time(fate["until"])
    return Decision(AlertVerdict(fate["verdict"]), AlertRule(fate["rule"]), until)


def _body(digest: str, decided: Sequence[tuple[Waiting, Decision]], following: datetime, now: datetime) -> Body:
    first = decided[0][0].share.body
    told = [waiting for waiting, decision in decided if decision.verdict is AlertVerdict.SENT]
    fates: dict[str, dict[str, Body]] = {}
    for waiting, decision in decided:
        fates.setdefault(waiting.share.id, {})[waiting.key] = {
            "verdict": decision.verdict.value,
            "rule": decision.rule.value,
            "until": format_time(decision.until) if decision.until else None,
        }
    return {
        "message": digest,
        "company": first["company"],
        "party": None,
        "contact": first["contact"],
        "channel": first["channel"],
        "items": [
            {
                "proposal": each.item["proposal"],
                "kind": each.item["kind"],
                "need": each.item["need"],
                "party": each.share.body["party"],
                "share": each.share.id,
                "dropped": False,
            }
            for each in told
        ],
        "later": [],
        "digest": None,
        "later_at": None,
        "fates": fates,
        "following": format_time(following),
        "state": DeliveryState.RESERVED.value if told else DECIDED,
        "version": 1,
        "attempts": 0,
        "code": None,
        "created_at": format_time(now),
        "told_at": None,
        "due_at": format_time(now + GRACE) if told else None,
        "pending": [],
        "pending_since": None,
    }
