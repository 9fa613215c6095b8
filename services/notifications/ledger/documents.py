"""The ledger's collections, and the shapes of the documents in them.

Nothing here names or addresses a person: contacts are identifiers, and are read from the registry when needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from passerelles.store.port import Body, Collection, Store
from schemas.deliveries import Channel
from schemas.envelope import format_time, parse_time
from schemas.vocabulary import PROPOSAL_NAMESPACE
from services.notifications.pairs import KnownPair

Item = dict[str, Any]
"""What is owed about one pair, in a gathering or in what left it."""

DECIDED: Final = "decided"
"""The state of a delivery of which nothing is handed to the channel: it was suppressed, or waits for a digest."""

PAIRS_KEPT: Final = 4096
"""Pairs kept as they were read or written: each is wanted again within a second or two, for the message and for each
attempt."""

GRACE: Final = timedelta(seconds=5)
"""How long a step that one process has just recorded is left to it before a sweep takes it up, here or elsewhere."""


class Documents:
    """The collections of the ledger.

    `pairs`, by proposal: a `KnownPair`.
    `gatherings`, by `company:party:subject`: `seq` numbers the messages that left it, `items` are owed but not yet in
        a message, each of which counts from its `at`; `due_at` is the end of the window, none when there is no item.
    `told`, by `proposal:company`: kind → the messages that told it, or were to; the `step` of the ladder that is due at
        `due_at`, none when no answer is awaited, and the company's `party`.
    `messages`: what left a gathering, as number `seq`; `state` is `open` until its deliveries exist, then `expanded`.
    `deliveries`: what is done about one message to one contact by one channel. `due_at` is when a sweep looks at it:
        the next attempt of one in `reserved`, the end of the lease of one in `attempting`, none once it has ended, or
        for one that is only `decided`: nothing of it is handed to the channel. `later` are its items that wait for the
        `digest`, a delivery by itself, at `later_at`: none once each has been told or settled otherwise.
    `limits`, by `contact:channel`: when an alert about each need last left at once, in which message.
    """

    def __init__(self, store: Store) -> None:
        self.pairs: Collection = store.collection("alert_pairs")
        self.gatherings: Collection = store.collection("alert_gatherings", indexes=[["due_at"]])
        self.told: Collection = store.collection("alert_told", indexes=[["due_at"]])
        self.messages: Collection = store.collection("alert_messages", indexes=[["due_at"]])
        self.deliveries: Collection = store.collection(
            "alert_deliveries", indexes=[["due_at"], ["message"], ["pending_since"], ["later_at"], ["digest"]]
        )
        self.limits: Collection = store.collection("alert_limits")
        self.epochs: Collection = store.collection("alert_epochs")
        self._kept: dict[str, tuple[int, KnownPair]] = {}

    async def known(self, proposals: set[str]) -> dict[str, KnownPair]:
        """What is known of these pairs, by proposal; those that no event spoke of are absent.

        A pair is never removed and made anew: the same revision is the same document.
        """
        kept = {id_: self._kept[id_] for id_ in proposals if id_ in self._kept}
        revisions = await self.pairs.revisions(kept) if kept else {}
        pairs = {id_: pair for id_, (revision, pair) in kept.items() if revisions.get(id_) == revision}
        others = proposals - pairs.keys()
        for id_, stored in (await self.pairs.get_many(others) if others else {}).items():
            pairs[id_] = read_pair(stored.body)
            self.keep(id_, stored.revision, pairs[id_])
        return pairs

    def keep(self, proposal: str, revision: int, pair: KnownPair) -> None:
        """Remember a pair as it was read or written at a revision: while it has that, its document is not read anew."""
        if len(self._kept) >= PAIRS_KEPT:
            self._kept.clear()
        self._kept[proposal] = revision, pair


def read_pair(body: Body) -> KnownPair:
    """The pair of a document: JSON has no dates or tuples, so it is not read strictly."""
    return KnownPair.model_validate(body, strict=False)


def window_end(items: Iterable[Item], window: timedelta) -> str | None:
    """When a gathering of these items is due; none when there is none."""
    first = min((item["at"] for item in items), default=None)
    return format_time(parse_time(first) + window) if first else None


def gathering_id(company: UUID, party: str, subject: UUID) -> str:
    """The open message of one company and subject."""
    return f"{company}:{party}:{subject}"


def company_of(gathering: str) -> str:
    """Whose open message it is."""
    return gathering.partition(":")[0]


def told_id(proposal: str, company: str) -> str:
    """What one company was told of one pair."""
    return f"{proposal}:{company}"


def message_id(gathering: str, seq: int) -> UUID:
    """The same for the same items leaving the same gathering, whichever process makes it."""
    return uuid5(PROPOSAL_NAMESPACE, f"message:{gathering}:{seq}")


def delivery_id(message: str, contact: UUID | None, channel: Channel) -> UUID:
    """One message to one contact by one channel; none where the contact is missing."""
    return uuid5(PROPOSAL_NAMESPACE, f"delivery:{message}:{contact}:{channel}")


def digest_id(company: str, contact: str, channel: str, at: datetime) -> UUID:
    """The digest of one contact at one time."""
    return uuid5(PROPOSAL_NAMESPACE, f"digest:{company}:{contact}:{channel}:{format_time(at)}")


def backoff(key: str, attempts: int, *, first: float = 2.0, longest: float = 900.0) -> timedelta:
    """How long to wait after this many attempts: doubled each time, bounded, spread by a fifth either way.

    The spread comes from the identifier, so that what failed together does not come back together, and a test can say
    when it will.
    """
    wait = min(longest, first * 2.0 ** min(attempts - 1, 20))
    spread = uuid5(PROPOSAL_NAMESPACE, f"{key}:{attempts}").int % 401 - 200
    return timedelta(seconds=wait * (1 + spread / 1000))
