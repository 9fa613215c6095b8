"""Opens an epoch of the log: rules, today, every live fact and every decision, and from then on what happens.

In each territory the order is: `rules.adopted`, `day.started`, the facts, the decisions, `epoch.opened` (design,
decision 5). Until that last one is acknowledged no command is taken, so nothing changes under the reader's feet. An
opening that a crash cut short is never resumed: the next start begins another epoch, with a higher number, and
consumers let go of the unfinished one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog

from passerelles.errors import UnavailableError
from passerelles.reference import rulebook
from passerelles.store.lease import Lease
from passerelles.store.port import ANY, Body, Collection, Where, change
from schemas.envelope import Event
from schemas.epochs import EpochOpened, RulesAdopted
from schemas.territories import CURRENT
from schemas.vocabulary import CompanyStatus, Payload, PostingStatus
from services.registry.days import remember_day
from services.registry.documents import Fact
from services.registry.domain.availability import Availability
from services.registry.domain.company import Company
from services.registry.domain.need import Need
from services.registry.domain.posting import Posting
from services.registry.domain.proposal import Proposal
from services.registry.domain.verdicts import ProposalStatus
from services.registry.office import Office
from services.registry.statements import Publisher, day_started, outcome_again, publish_patiently, statement

EPOCH: Final = "epoch"
LEASE_SECONDS: Final = 20.0
"""Renewed at each page, which takes well under a second on a broker that answers; after a kill, the wait at start."""

_PAGE: Final = 500
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
        counted = 0
        async for page in self._told(number, anew=anew):
            if not anew and not await self._lease.acquire():
                raise UnavailableError("Un autre processus ouvre l'époque.", remedy="Attendre.")
            await publish_patiently(self._publisher, page)
            counted += len(page)
        await remember_day(self._office, self._office.today())
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

    async def _told(self, number: int, *, anew: bool) -> AsyncIterator[list[Event[Payload]]]:
        """Every page of what opens the epoch, in order; in an empty log, outcomes too: some may not have been read."""
        yield [self._adopted(name, number) for name in CURRENT.names]
        yield [day_started(name, self._office.today(), number) for name in CURRENT.names]
        statuses = [status.value for status in CompanyStatus if status is not CompanyStatus.LEFT]
        async for stated in _pages(self._office.companies, Where(among={"status": statuses})):
            yield _facts((Company.model_validate(body) for body in stated), number)
        is_open = Where(equal={"status": PostingStatus.OPEN.value})
        async for stated in _pages(self._office.needs, is_open):
            yield _facts(self._live(Need.model_validate(body) for body in stated), number)
        async for stated in _pages(self._office.availabilities, is_open):
            yield _facts(self._live(Availability.model_validate(body) for body in stated), number)
        async for stated in _pages(self._office.proposals, ANY):
            proposals = [Proposal.model_validate(body) for body in stated]
            yield await self._decisions(proposals, number)
            if anew:
                yield [
                    outcome_again(each.outcome(), time=_said_at(each), epoch=number)
                    for each in proposals
                    if each.version
                ]
        now = self._office.now()
        yield [
            statement(name, name, number, time=now, epoch=number, data=EpochOpened(territory=name, epoch=number))
            for name in CURRENT.names
        ]

    def _adopted(self, territory: str, number: int) -> Event[Payload]:
        book = rulebook.RULEBOOK
        data = RulesAdopted(
            territory=territory,
            epoch=number,
            rules_version=book.version,
            rules_digest=book.digest,
            territory_table=CURRENT.version,
        )
        return statement(territory, territory, number, time=self._office.now(), epoch=number, data=data)

    def _live(self, postings: Iterable[Posting]) -> Iterable[Posting]:
        today = self._office.today()
        return (posting for posting in postings if posting.live(today))

    async def _decisions(self, proposals: list[Proposal], number: int) -> list[Event[Payload]]:
        """Where pairs stand, before them the postings of open ones that are over: what becomes of them has a reason."""
        said = [each for each in proposals if each.version or each.status is ProposalStatus.OPEN]
        going_on = [each for each in said if each.status is ProposalStatus.OPEN]
        over: list[Posting] = []
        today = self._office.today()
        for collection, kind, ids in (
            (self._office.needs, Need, {str(each.need_id) for each in going_on}),
            (self._office.availabilities, Availability, {str(each.availability_id) for each in going_on}),
        ):
            found = (kind.model_validate(stored.body) for stored in (await collection.get_many(ids)).values())
            over += [posting for posting in found if not posting.live(today)]
        return [*_facts(over, number), *(_decision(each, number) for each in said)]


def _in_force(body: Body) -> bool:
    adopted = (body["rules"], body["table"])
    return body["state"] == "open" and adopted == (rulebook.RULEBOOK.digest, CURRENT.version)


def _facts(stated: Iterable[Fact], number: int) -> list[Event[Payload]]:
    return [
        statement(name, str(each.id), each.version, time=each.updated_at, epoch=number, data=each.fact())
        for each in stated
        for name in each.territories
    ]


def _decision(proposal: Proposal, number: int) -> Event[Payload]:
    data = proposal.decision()
    return statement(
        data.territory, str(proposal.id), proposal.version, time=_said_at(proposal), epoch=number, data=data
    )


def _said_at(proposal: Proposal) -> datetime:
    decided = proposal.decisions.get(proposal.by) if proposal.by else None
    return decided.at if decided else proposal.word.said_at


async def _pages(collection: Collection, where: Where) -> AsyncIterator[list[dict[str, Any]]]:
    after: tuple[None, str] | None = None
    while found := await collection.find(where, after=after, limit=_PAGE):
        yield [stored.body for stored in found]
        after = (None, str(UUID(found[-1].id)))
