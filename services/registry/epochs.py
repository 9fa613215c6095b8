"""Opens an epoch of the log: rules, today, every live fact and every decision, and from then on what happens.

In each territory the order is: `rules.adopted`, `day.started`, the facts, the decisions, `epoch.opened` (design,
decision 5). Until that last one is acknowledged no command is taken, so nothing changes under the reader's feet. An
opening that a crash cut short is never resumed: the next start begins another epoch, with a higher number, and
consumers let go of the unfinished one.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from passerelles.errors import UnavailableError
from passerelles.reference import rulebook
from passerelles.store.lease import Lease
from passerelles.store.port import Body, change
from schemas.territories import CURRENT
from services.registry.days import remember_day
from services.registry.office import Office
from services.registry.opening import Opening
from services.registry.statements import Publisher, publish_patiently

EPOCH: Final = "epoch"
LEASE_SECONDS: Final = 20.0
"""Renewed at each page, which takes well under a second on a broker that answers; after a kill, the wait at start."""

_POLL_SECONDS: Final = 0.5

log = structlog.get_logger(__name__)


class Epochs:
    """Finds the epoch that is open, or opens one."""

    def __init__(self, office: Office, publisher: Publisher, holder: str) -> None:
        self._office = office
        self._publisher = publisher
        self._lease = Lease(office.store, EPOCH, holder, LEASE_SECONDS, clock=office.now)

    async def ensure(self, *, anew: bool) -> int:
        """Make `office.epoch` the number of the epoch that is open, and return it.

        One is opened when none is, when the rules or territories in force are not those that it adopted, or always
        when `anew`: a log that lives in memory is empty at each start. Then the process is alone, and waits for nobody.

        Raises:
            UnavailableError: the store went away, or the lease was lost: to be called again.
        """
        while not anew:
            stored = await self._office.singles.get(EPOCH)
            if stored is not None and _in_force(stored.body):
                self._office.epoch = int(stored.body["number"])
                return self._office.epoch
            if await self._lease.acquire():
                break
            await asyncio.sleep(_POLL_SECONDS)
        try:
            number = await self._open(anew=anew)
        finally:
            await self._lease.release()
        self._office.epoch = number
        return number

    async def _open(self, *, anew: bool) -> int:
        number = int((await self._mark(state="opening"))["number"])
        today = self._office.today()
        counted = 0
        async for page in Opening(self._office, number, today).pages(anew=anew):
            if not anew and not await self._lease.acquire():
                raise UnavailableError("Un autre processus ouvre l'époque.", remedy="Attendre.")
            await publish_patiently(self._publisher, page)
            counted += len(page)
        await remember_day(self._office, today)
        await self._mark(state="open", number=number)
        log.info("epoch.opened", epoch=number, events=counted)
        return number

    async def _mark(self, *, state: str, number: int | None = None) -> Body:
        book = rulebook.RULEBOOK

        def edit(body: Body | None) -> Body:
            last = int(body["number"]) if body else 0
            if number is not None and last != number:
                raise UnavailableError("Un autre processus a ouvert une époque.", remedy="Redémarrer.")
            return {"number": number or last + 1, "state": state, "rules": book.digest, "table": CURRENT.version}

        written = await change(self._office.singles, EPOCH, edit)
        return written if written is not None else {}


def _in_force(body: Body) -> bool:
    adopted = (body["rules"], body["table"])
    return body["state"] == "open" and adopted == (rulebook.RULEBOOK.digest, CURRENT.version)
