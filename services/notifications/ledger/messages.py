"""Messages: what leaves a gathering at the end of its window, once, and is then expanded into deliveries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from passerelles.store.port import Body, Stored, change
from schemas.deliveries import MessageKind
from schemas.envelope import format_time, parse_time
from schemas.vocabulary import Party
from services.notifications.ladder import PATIENCE, due
from services.notifications.ledger.documents import GRACE, Documents, Item, backoff, message_id, told_id, window_end
from services.notifications.ledger.gathering import Fresh
from services.notifications.ledger.spread import spread
from services.notifications.pairs import KnownPair
from services.notifications.policy import LADDER, OPENING, still_true


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of looking at a gathering.

    Attributes:
        message: the message that left it, by identifier, and its document; none when nothing is to be told.
        pairs: what was known of the pairs that were gathered.
        due: when to look again, where nothing was due yet.
        removal: what is still to be done about the gathering, beside the dispatch; it gives when to look again.
    """

    message: tuple[str, Body] | None = None
    pairs: Mapping[str, KnownPair] = field(default_factory=dict)
    due: datetime | None = None
    removal: Callable[[], Awaitable[datetime | None]] | None = None


class Messages:
    """What has left the gatherings.

    Every method raises `UnavailableError` when the store does not answer; made again, it does the same.
    """

    def __init__(self, documents: Documents, *, window: timedelta) -> None:
        self._documents = documents
        self._window = window

    async def take(self, gathering: str, now: datetime, fresh: Fresh | None = None) -> Taken:
        """Turn what is due and still true into a message; what is held longer is left, and looked at again.

        Safe to call twice, at once or after a crash at any step: the number of the next message stands in the
        gathering, and whoever inserts that message first decides what is in it. `fresh` spares reads to whoever has
        just gathered; should it be old by now, the conditions of the writes tell.
        """
        stored = fresh.gathering if fresh else await self._documents.gatherings.get(gathering)
        if stored is None or stored.body["due_at"] is None:
            return Taken()
        body, due = stored.body, parse_time(stored.body["due_at"])
        if due > now:
            return Taken(due=due)
        proposals = {item["proposal"] for item in body["items"]}
        if fresh is None or not proposals <= fresh.pairs.keys():
            fresh = None
        pairs = fresh.pairs if fresh else await self._documents.known(proposals)
        true: list[Item] = []
        untrue: list[Item] = []
        for item in body["items"]:
            (true if is_true(item, pairs, Party(body["party"])) else untrue).append(item)
        ripe = [item for item in true if parse_time(item["at"]) <= now]
        id_ = str(message_id(gathering, body["seq"]))
        letter = await self._write(id_, body, ripe, now, fresh)
        return Taken(
            message=None if letter is None else (id_, letter),
            pairs=pairs,
            removal=partial(self._remove, stored, letter, untrue),
        )

    async def _write(
        self, id_: str, gathering: Body, items: Sequence[Item], now: datetime, fresh: Fresh | None
    ) -> Body | None:
        if items:
            # Marks first: what is in a message that exists is marked, whoever sends it.
            await self._mark(id_, gathering, items, now, fresh)
            letter = _letter(gathering, items, now)
            if await self._documents.messages.insert(id_, letter):
                return letter
        # Either written before a crash or by another replica, or there is nothing to write.
        written = await self._documents.messages.get(id_)
        return written.body if written else None

    async def _mark(
        self, message: str, gathering: Body, items: Sequence[Item], now: datetime, fresh: Fresh | None
    ) -> None:
        """Note in the mark of each item's pair that this message tells it; most pairs have no mark yet."""
        told: dict[str, list[str]] = defaultdict(list)
        for item in items:
            told[told_id(item["proposal"], gathering["company"])].append(item["kind"])
        # An answer is awaited from here on, whatever was awaited before.
        turn = format_time(due(UUID(gathering["company"]), now, PATIENCE))
        awaited: Body = {"party": gathering["party"], "step": LADDER[0].value, "due_at": turn}

        def edit(kinds: Sequence[str], mark: Body | None) -> Body | None:
            mark = mark or {}
            news = [kind for kind in kinds if message not in mark.get(kind, ())]
            for kind in news:
                mark.setdefault(kind, []).append(message)
                if kind in OPENING:
                    mark |= awaited
            return mark if news else None

        known = fresh.marks if fresh else await self._documents.told.get_many(told)
        new = {id_: edit(kinds, None) or {} for id_, kinds in told.items() if id_ not in known}
        written = await self._documents.told.insert_many(new)
        await spread(
            partial(change, self._documents.told, id_, partial(edit, kinds), known=known.get(id_))
            for id_, kinds in told.items()
            if id_ not in written
        )

    async def _remove(self, gathering: Stored, letter: Body | None, untrue: Sequence[Item]) -> datetime | None:
        """Take away what the message tells, and what was found untrue unless it has become owed anew meanwhile."""
        frozen = {(item["proposal"], item["kind"]) for item in letter["items"]} if letter else set()
        stale = {(item["proposal"], item["kind"], item["cause"]) for item in untrue}
        seq = gathering.body["seq"]

        def edit(body: Body | None) -> Body | None:
            if body is None or body["seq"] != seq:
                return None
            body["items"] = [
                item
                for item in body["items"]
                if (item["proposal"], item["kind"]) not in frozen
                and (item["proposal"], item["kind"], item["cause"]) not in stale
            ]
            body["seq"] = seq + 1 if letter else seq
            body["due_at"] = window_end(body["items"], self._window)
            return body

        left = await change(self._documents.gatherings, gathering.id, edit, known=gathering)
        return parse_time(left["due_at"]) if left and left["due_at"] else None

    async def postpone(self, id_: str, now: datetime) -> None:
        """Look at a message again later: the registry, or a delivery that it depends on, is not ready."""

        def edit(body: Body | None) -> Body | None:
            if body is None or body["state"] != "open":
                return None
            body["attempts"] += 1
            body["due_at"] = format_time(now + backoff(id_, body["attempts"], first=1.0, longest=60.0))
            return body

        await change(self._documents.messages, id_, edit)

    async def close(self, id_: str, letter: Body) -> None:
        """Every delivery of the message exists; `letter` is its document, as it was written or read."""

        def edit(body: Body | None) -> Body | None:
            if body is None or body["state"] != "open":
                return None
            return {**body, "state": "expanded", "due_at": None}

        await change(self._documents.messages, id_, edit, known=Stored(id_, 1 + letter["attempts"], letter))


def is_true(
    item: Item, pairs: Mapping[str, KnownPair], party: Party, statuses: Mapping[str, str | None] | None = None
) -> bool:
    """Whether an item may still be told, by what the events say and, where it was asked, the registry."""
    pair = pairs.get(item["proposal"])
    status = (statuses or {}).get(item["proposal"])
    return pair is not None and still_true(pair, MessageKind(item["kind"]), party, status)


def _letter(gathering: Body, items: Sequence[Item], now: datetime) -> Body:
    return {
        "company": gathering["company"],
        "party": gathering["party"],
        "subject": gathering["subject"],
        "seq": gathering["seq"],
        "items": [{key: item[key] for key in ("proposal", "kind", "cause", "heard_only", "again")} for item in items],
        "state": "open",
        "attempts": 0,
        "created_at": format_time(now),
        "due_at": format_time(now + GRACE),
    }
