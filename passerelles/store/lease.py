"""A lease: at most one of several processes does a thing, until it lets go or stops renewing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from passerelles.store.port import Body, Store
from schemas.envelope import format_time, parse_time

COLLECTION: Final = "leases"


def _now() -> datetime:
    return datetime.now(UTC)


class Lease:
    """One named lease, as one holder sees it, by compare-and-set of one document.

    Clocks of the machines have to agree within a fraction of `seconds`. A holder that stalls for longer than that may
    still believe that it holds: what it guards has to bear being done twice (the design's identifiers make it so).

    Attributes:
        name: what is leased.
        holder: who asks; unique to a process.
        seconds: how long it is held without being renewed.
    """

    def __init__(
        self, store: Store, name: str, holder: str, seconds: float, *, clock: Callable[[], datetime] = _now
    ) -> None:
        self.name = name
        self.holder = holder
        self.seconds = seconds
        self._leases = store.collection(COLLECTION)
        self._clock = clock

    async def acquire(self) -> bool:
        """Take the lease where it is free, expired or one's own (then it is renewed). False: another holds it.

        Raises:
            UnavailableError: the store does not answer; whether the lease was taken is not known.
        """
        now = self._clock()
        body: Body = {"holder": self.holder, "until": format_time(now + timedelta(seconds=self.seconds))}
        stored = await self._leases.get(self.name)
        if stored is None:
            return await self._leases.insert(self.name, body)
        if stored.body["holder"] != self.holder and parse_time(stored.body["until"]) > now:
            return False
        return await self._leases.replace(self.name, body, stored.revision)

    async def release(self) -> None:
        """Let go, if it is still one's own. Raises `UnavailableError`."""
        stored = await self._leases.get(self.name)
        if stored is not None and stored.body["holder"] == self.holder:
            await self._leases.delete(self.name, stored.revision)
