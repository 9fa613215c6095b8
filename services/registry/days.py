"""Makes days pass for matching: `day.started` at midnight in Paris, by the one replica that holds the lease."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import structlog

from passerelles.reference.calendar import paris_midnight
from passerelles.store.lease import Lease
from passerelles.store.port import Body, change
from services.registry.office import Office
from services.registry.statements import Publisher, day_started

DAY: Final = "day"
LEASE_SECONDS: Final = 90.0
"""Longer than `LONGEST_SLEEP`, so that the holder keeps it from one round to the next."""

LONGEST_SLEEP: Final = 30.0
"""A clock that is set, or a machine that slept, is noticed after this many seconds."""

log = structlog.get_logger(__name__)


class Days:
    """Says each day that has begun, once, in order."""

    def __init__(self, office: Office, publisher: Publisher, holder: str) -> None:
        self._office = office
        self._publisher = publisher
        self._lease = Lease(office.store, DAY, holder, LEASE_SECONDS, clock=office.now)

    async def catch_up(self) -> list[date]:
        """Say the days that have begun since the last one that was said, and return them; none without the lease.

        Nor does a replica that another epoch overtook: it would say them where nobody listens any more.

        Killed between the bus and the store, it says a day again: the fold ignores a day not after its own.

        Raises:
            UnavailableError: the store or the bus went away; what remains is said at the next call.
        """
        stored = await self._office.singles.get(DAY)
        today = self._office.today()
        if stored is None or date.fromisoformat(stored.body["day"]) >= today:
            return []
        if not await self._office.epoch_stands(self._office.epoch) or not await self._lease.acquire():
            return []
        said: list[date] = []
        day = date.fromisoformat(stored.body["day"]) + timedelta(days=1)
        while day <= today:
            events = [day_started(name, day, self._office.epoch) for name in self._office.table.names]
            await self._publisher.publish(events)
            await remember_day(self._office, day)
            log.info("day.started", day=day.isoformat())
            said.append(day)
            day += timedelta(days=1)
        return said

    def seconds_to_wait(self) -> float:
        """Until the next day begins, or until it is time to look at the clock again."""
        midnight = paris_midnight(self._office.today() + timedelta(days=1))
        return min(max((midnight - self._office.now()).total_seconds(), 0.0), LONGEST_SLEEP)

    async def release(self) -> None:
        """Leave the lease to another replica. Raises `UnavailableError`."""
        await self._lease.release()


async def remember_day(office: Office, day: date) -> None:
    """Note that a day was said to every territory; a later one stays.

    Raises:
        UnavailableError: the store does not answer.
    """

    def edit(body: Body | None) -> Body | None:
        return None if body is not None and body["day"] >= day.isoformat() else {"day": day.isoformat()}

    await change(office.singles, DAY, edit)
