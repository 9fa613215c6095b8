"""Gathering: what is owed is appended to the open message of its company and subject, once for each turn of a pair.

The order of reads and writes is what makes it safe, without a transaction. To append: read the gathering, then the
marks, then write the gathering on condition that it is as it was read. To take: write the marks, then the message, then
remove its items from the gathering. So whatever has left a gathering is marked, and an event that comes again finds it
in one of the two places.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from passerelles.store.port import Body, Stored
from schemas.envelope import format_time, parse_time
from services.notifications.ledger.documents import Documents, Item, gathering_id, told_id, window_end
from services.notifications.ledger.heard import History, histories, owed_again
from services.notifications.ledger.spread import spread
from services.notifications.pairs import KnownPair
from services.notifications.policy import TELLING, Owed
from services.notifications.verdicts import PROMPTED


@dataclass(frozen=True, slots=True)
class Fresh:
    """What whoever has just gathered knows, which spares reads to whoever takes it at once.

    Attributes:
        gathering: as it was written.
        marks: of the pairs that were gathered, by `told_id`; what is not there had none.
        pairs: by proposal.
    """

    gathering: Stored
    marks: Mapping[str, Stored]
    pairs: Mapping[str, KnownPair]


class Gatherings:
    """The open messages.

    Every method raises `UnavailableError` when the store does not answer; made again, it does the same.
    """

    def __init__(self, documents: Documents, *, window: timedelta) -> None:
        self._documents = documents
        self._window = window

    async def add(
        self, owed: Sequence[Owed], pairs: Mapping[str, KnownPair], now: datetime
    ) -> dict[str, tuple[datetime, Fresh | None]]:
        """Append what is not yet gathered or told.

        Returns when each gathering that has items is due, and what is known of it if it was written.
        """
        groups: dict[str, list[Owed]] = defaultdict(list)
        for each in owed:
            groups[gathering_id(each.company_id, each.party, each.subject)].append(each)
        gatherings = await self._documents.gatherings.get_many(groups)
        marks = await self._marks(owed)
        new = {id_: group for id_, group in groups.items() if id_ not in gatherings}
        opened = await self._open(new, marks, now)
        # Those that were not opened are there already, or have nothing to hold, or another was faster.
        others = [id_ for id_ in groups if id_ not in opened]
        appended = await spread(
            partial(self._append, id_, groups[id_], gatherings.get(id_), marks, now) for id_ in others
        )
        states = {**opened, **dict(zip(others, appended, strict=True))}
        due: dict[str, tuple[datetime, Fresh | None]] = {}
        for id_ in groups:
            state = states[id_]
            if isinstance(state, Stored):
                due[id_] = parse_time(state.body["due_at"]), Fresh(state, marks, pairs)
            elif state is not None:
                due[id_] = state, None
        return due

    async def _marks(self, owed: Iterable[Owed]) -> Mapping[str, Stored]:
        return await self._documents.told.get_many(
            {told_id(str(each.proposal_id), str(each.company_id)) for each in owed}
        )

    async def _open(
        self, groups: Mapping[str, Sequence[Owed]], marks: Mapping[str, Stored], now: datetime
    ) -> dict[str, Stored]:
        """The first gatherings of their companies and subjects, written together; those that were written."""
        empty = {id_: _empty(owed[0]) for id_, owed in groups.items()}
        filled = await spread(
            partial(self._merge, body["items"], groups[id_], marks, now) for id_, body in empty.items()
        )
        bodies: dict[str, Body] = {
            id_: body | {"due_at": window_end(body["items"], self._window)}
            for (id_, body), any_ in zip(empty.items(), filled, strict=True)
            if any_
        }
        written = await self._documents.gatherings.insert_many(bodies)
        return {id_: Stored(id_, 1, bodies[id_]) for id_ in written}

    async def _append(
        self, id_: str, owed: Sequence[Owed], stored: Stored | None, marks: Mapping[str, Stored], now: datetime
    ) -> Stored | datetime | None:
        """The gathering as it was written, or when it is due if there was nothing to append."""
        while True:
            body = stored.body if stored else _empty(owed[0])
            if not await self._merge(body["items"], owed, marks, now):
                return parse_time(body["due_at"]) if body["due_at"] else None
            body["due_at"] = window_end(body["items"], self._window)
            written = (
                await self._documents.gatherings.replace(id_, body, stored.revision)
                if stored
                else await self._documents.gatherings.insert(id_, body)
            )
            if written:
                return Stored(id_, stored.revision + 1 if stored else 1, body)
            stored = await self._documents.gatherings.get(id_)
            marks = await self._marks(owed)

    async def _merge(self, items: list[Item], owed: Sequence[Owed], marks: Mapping[str, Stored], now: datetime) -> bool:
        """Put into `items` what is missing there. False: nothing is."""
        present = {(item["proposal"], item["kind"]): item for item in items}
        debts = [(each, str(each.proposal_id), str(each.kind), _mark_of(each, marks)) for each in owed]
        # Of these the same was told before, or was to be.
        again = {proposal for _, proposal, kind, mark in debts if kind in mark and (proposal, kind) not in present}
        past = await histories(self._documents, again, str(owed[0].company_id)) if again else {}
        changed = False
        for each, proposal, kind, mark in debts:
            there = present.get((proposal, kind))
            if there is not None:
                if there["cause"] != each.cause:
                    # Gathered for an earlier cause, and true again: whoever is removing it as untrue must notice.
                    there |= {"cause": each.cause, "at": _counts_from(each, now, there)}
                    changed = True
                continue
            if not _still_owed(each, mark, past.get(proposal)):
                continue
            item: Item = {
                "proposal": proposal,
                "kind": kind,
                "cause": each.cause,
                "heard_only": each.heard_only,
                # Matching's word about a pair that was spoken of: it may be too soon for another.
                "again": proposal in past or (each.kind in PROMPTED and bool(mark)),
                "at": _counts_from(each, now),
            }
            items.append(item)
            present[proposal, kind] = item
            changed = True
        return changed


def _mark_of(owed: Owed, marks: Mapping[str, Stored]) -> Body:
    mark = marks.get(told_id(str(owed.proposal_id), str(owed.company_id)))
    return mark.body if mark else {}


def _still_owed(owed: Owed, mark: Body, past: History | None) -> bool:
    if owed.heard_only and not any(kind in mark for kind in TELLING):
        return False
    # Marked, yet perhaps not told: its deliveries may have waited until it was no longer true. Or told, and then the
    # contrary.
    return owed.kind not in mark or past is None or owed_again(owed.kind, owed.cause, past, heard_only=owed.heard_only)


def _counts_from(owed: Owed, now: datetime, there: Item | None = None) -> str:
    at = format_time(now + owed.hold)
    return at if owed.hold or there is None else min(at, there["at"])


def _empty(owed: Owed) -> Body:
    return {
        "company": str(owed.company_id),
        "party": str(owed.party),
        "subject": str(owed.subject),
        "seq": 0,
        "items": [],
        "due_at": None,
    }
