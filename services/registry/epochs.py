"""Opens an epoch of the log: rules, today, every live fact and every decision, and from then on what happens.

In each territory the order is: `rules.adopted`, `day.started`, the facts, the decisions, `epoch.opened` (design,
decision 5). Until that last one is acknowledged no command is taken, so nothing changes under the reader's feet. An
opening that a crash cut short is never resumed: the next start begins another epoch, with a higher number, and
consumers let go of the unfinished one. The cuts of the territory table that an operator asked for are kept with the
epoch, from one to the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import structlog

from passerelles.errors import UnavailableError
from passerelles.reference import rulebook
from passerelles.store.lease import Lease
from passerelles.store.port import Body, change
from schemas.envelope import Event
from schemas.territories import CURRENT, TerritoryTable
from schemas.vocabulary import Payload
from services.registry.days import remember_day
from services.registry.office import EPOCH, Office
from services.registry.opening import Opening
from services.registry.reslicing import CUTS, cuts_of
from services.registry.statements import Publisher, publish_patiently

LEASE_SECONDS: Final = 20.0
"""Renewed at each page, which takes well under a second on a broker that answers; after a kill, the wait at start."""

WATCH_SECONDS: Final = 1.0
"""How often a running replica looks whether its epoch still stands."""

NOTICE_SECONDS: Final = 2.5
"""From the announcement of an opening to its first page: every replica that runs has looked by then."""

_POLL_SECONDS: Final = 0.5

Publish = Callable[[Sequence[Event[Payload]]], Awaitable[None]]

log = structlog.get_logger(__name__)


class Epochs:
    """Finds the epoch that is open, or opens one; and notices, while the process runs, that another one is.

    Args:
        notice_seconds: given to replicas that work in the epoch before.
    """

    def __init__(
        self, office: Office, publisher: Publisher, holder: str, *, notice_seconds: float = NOTICE_SECONDS
    ) -> None:
        self._office = office
        self._publisher = publisher
        self._lease = Lease(office.store, EPOCH, holder, LEASE_SECONDS, clock=office.now)
        self._notice_seconds = notice_seconds

    async def ensure(self, *, anew: bool) -> int:
        """At a start: make `office.epoch` the number of the epoch that is open, and return it.

        One is opened when none is, when the rules or territories in force are not those that it adopted, or always
        when `anew`: a log that lives in memory is empty at each start. Then the process is alone, and waits for nobody.

        Raises:
            UnavailableError: the store went away, or the lease was lost: to be called again.
        """
        patiently = partial(publish_patiently, self._publisher)
        if anew:
            return await self._open(patiently, anew=True)
        while not await self._find():
            if await self._lease.acquire():
                return await self._open_unless_found(patiently)
            await asyncio.sleep(_POLL_SECONDS)
        return self._office.epoch

    async def keep_up(self) -> int:
        """In a replica that runs, once a second: the number of its epoch, or of the one that it takes up.

        From the moment that its own no longer stands, `office.epoch` is 0: no command is taken, nothing is published.
        An opening of its own rules that nobody finishes, or that an operator asks for, it makes itself. One of other
        rules is the work of another build: it waits to be replaced by that one, or to be started again.

        Raises:
            UnavailableError: the next epoch is not open yet, or not for this build; or the store or the bus went away.
        """
        if await self._office.epoch_stands(self._office.epoch):
            return self._office.epoch
        self._office.epoch = 0
        if await self._find():
            return self._office.epoch
        stored = await self._office.singles.get(EPOCH)
        if stored is not None:
            self._office.floor = max(self._office.floor, int(stored.body["number"]))
        if stored is None or _adopted(stored.body) != _own():
            raise UnavailableError(
                "L'époque du journal suit d'autres règles ou territoires que ce processus.",
                remedy="Le remplacer par la version qui l'a ouverte, ou le redémarrer pour revenir aux siens.",
            )
        if not await self._lease.acquire():
            raise UnavailableError("Un autre processus ouvre une époque.", remedy="Attendre.")
        return await self._open_unless_found(self._publisher.publish)

    async def _find(self) -> bool:
        """Take up the epoch that is open, if one is that this build can work in."""
        stored = await self._office.singles.get(EPOCH)
        if stored is None or stored.body["state"] != "open" or _adopted(stored.body) != _own():
            return False
        self._taken_up(stored.body)
        return True

    def _taken_up(self, body: Body) -> int:
        self._office.table = _table(body)
        self._office.epoch = self._office.floor = int(body["number"])
        return self._office.epoch

    async def _open_unless_found(self, publish: Publish) -> int:
        """With the lease: another may have opened one before it was free."""
        try:
            return self._office.epoch if await self._find() else await self._open(publish, anew=False)
        finally:
            await self._lease.release()

    async def _open(self, publish: Publish, *, anew: bool) -> int:
        begun = await self._mark(state="opening")
        number = int(begun["number"])
        self._office.floor = number
        if number > 1 and not anew:
            await asyncio.sleep(self._notice_seconds)
        today = self._office.today()
        counted = 0
        async for page in Opening(self._office, number, today, _table(begun)).pages(anew=anew):
            if not anew and not await self._lease.acquire():
                raise UnavailableError("Un autre processus ouvre l'époque.", remedy="Attendre.")
            await publish(page)
            counted += len(page)
        await remember_day(self._office, today)
        opened = await self._mark(state="open", number=number)
        log.info("epoch.opened", epoch=number, events=counted, cuts=opened[CUTS])
        return self._taken_up(opened)

    async def _mark(self, *, state: str, number: int | None = None) -> Body:
        book = rulebook.RULEBOOK

        def edit(body: Body | None) -> Body:
            last = int(body["number"]) if body else 0
            if number is not None and (body is None or (last, body["state"]) != (number, "opening")):
                raise UnavailableError("Une autre époque a été ouverte, ou demandée.", remedy="Attendre.")
            return {
                "number": number or last + 1,
                "state": state,
                "rules": book.digest,
                "table": CURRENT.version,
                CUTS: dict(cuts_of(body)),
            }

        written = await change(self._office.singles, EPOCH, edit)
        return written if written is not None else {}


def _adopted(body: Body) -> tuple[str, int]:
    return body["rules"], body["table"]


def _table(body: Body) -> TerritoryTable:
    return CURRENT.cut(cuts_of(body))


def _own() -> tuple[str, int]:
    return rulebook.RULEBOOK.digest, CURRENT.version
