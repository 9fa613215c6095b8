"""The answers kept for their `Idempotency-Key`, as entries of a collection, and how they are forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import structlog

from passerelles.store.port import Collection, Order, Store, Where
from schemas.envelope import format_time

COLLECTION: Final = "idempotency"
FORGET_SECONDS: Final = 600.0
"""Between two rounds: an answer is sealed, and may outlive its time by as much."""
BATCH: Final = 100

log = structlog.get_logger(__name__)


def entries_of(store: Store) -> Collection:
    """The collection; declared the same wherever it is used."""
    return store.collection(COLLECTION, indexes=(("expires_at",),))


async def forget_expired(entries: Collection, now: datetime) -> None:
    """Remove every entry whose time is over.

    Raises:
        UnavailableError: the store went away.
    """
    expired = Where(at_most={"expires_at": format_time(now)})
    count = 0
    while found := await entries.find(expired, order=Order("expires_at"), limit=BATCH):
        for each in found:
            await entries.delete(each.id, each.revision)
        count += len(found)
    if count:
        log.info("idempotency.forgotten", entries=count)
