"""The reaction to a batch of events: what is known of the pairs is brought up to date, and what is owed is gathered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from passerelles.store.port import Body, Stored, change
from schemas.decisions import Outcome
from schemas.envelope import Event
from schemas.proposals import Pair
from services.notifications.ledger.documents import Documents, read_pair
from services.notifications.ledger.epoch import KnownEpoch
from services.notifications.ledger.gathering import Fresh, Gatherings
from services.notifications.ledger.spread import spread
from services.notifications.pairs import KnownPair, after
from services.notifications.policy import Owed, owed, owed_anew

Word = Pair | Outcome
Dated = tuple[Word, datetime]
"""A word and the time of its cause."""

Wake = Callable[[str, datetime, Fresh | None], None]


class Reaction:
    """The handler of both topics; the same events again change nothing, in the pairs or in what was gathered.

    Pairs are written before anything is gathered: whoever sends reads them last, and so finds the newest word.

    Attributes:
        wake: called with each gathering that has items, when it is due, and what is known of it.
    """

    wake: Wake

    def __init__(
        self,
        documents: Documents,
        gatherings: Gatherings,
        epoch: KnownEpoch,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._documents = documents
        self._gatherings = gatherings
        self._epoch = epoch
        self._clock = clock

    async def __call__(self, events: Sequence[Event[Any]]) -> None:
        """Handle events in their order. Raises `UnavailableError`; the same batch may then be given again."""
        await self._epoch.seen(event.epoch for event in events)
        words: dict[str, list[Dated]] = defaultdict(list)
        for event in events:
            if isinstance(event.data, Pair | Outcome):
                words[str(event.data.id)].append((event.data, event.time))
        pairs = await self._learn_all(words)
        debts = [debt for id_, said in words.items() for word, _ in said for debt in owed(pairs[id_], word)]
        await self.gather(debts, pairs)

    async def again(self, proposals: Sequence[str]) -> None:
        """Gather anew what was dropped as untrue and has become true since. Raises `UnavailableError`."""
        pairs = await self._documents.known(set(proposals))
        debts = [debt for pair in pairs.values() for debt in owed_anew(pair)]
        if debts:
            await self.gather(debts, pairs)

    async def gather(self, debts: Sequence[Owed], pairs: Mapping[str, KnownPair]) -> None:
        """Append what is owed, and have it looked at when it is due. Raises `UnavailableError`."""
        for gathering, (due, fresh) in (await self._gatherings.add(debts, pairs, self._clock())).items():
            self.wake(gathering, due, fresh)

    async def _learn_all(self, words: Mapping[str, Sequence[Dated]]) -> dict[str, KnownPair]:
        stored = await self._documents.pairs.get_many(words)
        fresh = {id_: _told(None, said) for id_, said in words.items() if id_ not in stored}
        bodies = {id_: pair.model_dump(mode="json") for id_, pair in fresh.items()}
        written = await self._documents.pairs.insert_many(bodies)
        for id_ in written:
            self._documents.keep(id_, 1, fresh[id_])
        # Those that were not written are held already, or another was faster.
        others = [id_ for id_ in words if id_ not in written]
        learnt = await spread(partial(self._learn, id_, words[id_], stored.get(id_)) for id_ in others)
        return {**{id_: fresh[id_] for id_ in written}, **dict(zip(others, learnt, strict=True))}

    async def _learn(self, id_: str, words: Sequence[Dated], stored: Stored | None) -> KnownPair:
        if stored is None:
            return await self._learn_again(id_, words)
        pair = read_pair(stored.body)
        learnt = _told(pair, words)
        if learnt is pair:
            return learnt
        written = await self._documents.pairs.replace(id_, learnt.model_dump(mode="json"), stored.revision)
        if not written:
            return await self._learn_again(id_, words)
        self._documents.keep(id_, stored.revision + 1, learnt)
        return learnt

    async def _learn_again(self, id_: str, words: Sequence[Dated]) -> KnownPair:
        """The other topic's handler, or another replica, wrote in between."""
        learnt: KnownPair | None = None

        def edit(body: Body | None) -> Body | None:
            nonlocal learnt
            pair = read_pair(body) if body else None
            learnt = _told(pair, words)
            return None if learnt is pair else learnt.model_dump(mode="json")

        await change(self._documents.pairs, id_, edit)
        assert learnt is not None  # noqa: S101 - `change` calls `edit` at least once
        return learnt


def _told(pair: KnownPair | None, words: Sequence[Dated]) -> KnownPair:
    learnt = after(pair, *words[0])
    for word, at in words[1:]:
        learnt = after(learnt, word, at)
    return learnt
