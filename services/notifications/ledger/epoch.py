"""The epoch of the log, as the events that are consumed say it: what this service writes is of the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from passerelles.store.port import Body, Collection, change

_ID: Final = "notifications"


class KnownEpoch:
    """The highest epoch seen, kept so that what is pending after a restart leaves under it."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._epoch = 0

    def __call__(self) -> int:
        """The epoch; 0 before the first event."""
        return self._epoch

    async def load(self) -> None:
        """Read what was known before. Raises `UnavailableError`."""
        stored = await self._collection.get(_ID)
        self._epoch = max(self._epoch, stored.body["epoch"] if stored else 0)

    async def seen(self, epochs: Iterable[int]) -> None:
        """Take note of the epochs of consumed events. Raises `UnavailableError`."""
        highest = max(epochs, default=0)
        if highest <= self._epoch:
            return

        def edit(body: Body | None) -> Body | None:
            return {"epoch": highest} if body is None or body["epoch"] < highest else None

        await change(self._collection, _ID, edit)
        self._epoch = highest
