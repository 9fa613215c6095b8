"""Takes up what a crash, or a dependency that went away, left half done: agreements, holds of none, departures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from passerelles.bus.faults import fault
from passerelles.errors import PasserellesError, UnavailableError
from passerelles.store.port import Collection, Order, Scalar, Stored, Where
from schemas.envelope import format_time
from schemas.vocabulary import CompanyStatus
from services.registry.commands.agreements import Agreements
from services.registry.domain.availability import Availability
from services.registry.domain.need import Need
from services.registry.domain.proposal import Proposal
from services.registry.leaving import Leaving
from services.registry.office import Office

PATIENCE: Final = timedelta(seconds=3)
"""An agreement takes some milliseconds; one that is older was left by a process that died, or that lost its store."""

ROUND_SECONDS: Final = 2.0
_BATCH: Final = 100

log = structlog.get_logger(__name__)


class Sweeper:
    """One round finds what is left and does it; several replicas may do so at once."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._agreements = Agreements(office)
        self._leaving = Leaving(office)

    async def sweep(self, *, patience: timedelta = PATIENCE, at_start: bool = False) -> None:
        """Take up what is older than `patience`; at a start, also offers of companies that had left already.

        Raises:
            UnavailableError: the store went away.
        """
        before = format_time(self._office.now() - patience)
        await self._agreements_left(before)
        for collection, kind in ((self._office.needs, Need), (self._office.availabilities, Availability)):
            await self._holds_left(collection, kind, before)
        statuses = (CompanyStatus.LEAVING, CompanyStatus.LEFT) if at_start else (CompanyStatus.LEAVING,)
        await self._leaving.resume(*statuses)

    async def _agreements_left(self, before: str) -> None:
        async for stored in _oldest_first(self._office.proposals, "saga_since", before):
            try:
                proposal = await self._agreements.finish(UUID(stored.id))
            except UnavailableError:
                raise
            except PasserellesError as error:
                log.error("agreement.stuck", proposal=stored.id, reason=error.detail)  # noqa: TRY400 (no traceback needed)
            except Exception as error:  # noqa: BLE001 (one that cannot be read hides no other)
                log.error("agreement.stuck", proposal=stored.id, fault=fault(error))  # noqa: TRY400 (may quote data)
            else:
                log.info("agreement.taken_up", proposal=stored.id, standing=proposal.standing.value)

    async def _holds_left(self, collection: Collection, kind: type[Need | Availability], before: str) -> None:
        """Give back what a stalled process held for an attempt that was over by then."""
        async for stored in _oldest_first(collection, "held_since", before):
            try:
                await self._give_back(kind.model_validate(stored.body))
            except UnavailableError:
                raise
            except Exception as error:  # noqa: BLE001 (one that cannot be read hides no other)
                log.error("hold.stuck", posting=stored.id, fault=fault(error))  # noqa: TRY400 (may quote data)

    async def _give_back(self, posting: Need | Availability) -> None:
        for proposal_id, hold in posting.holds.items():
            found = await self._office.proposals.get(str(proposal_id))
            if hold.confirmed or found is None:
                continue
            proposal = Proposal.model_validate(found.body)
            under_way = proposal.saga is not None and proposal.saga.attempt <= hold.attempt
            if not under_way:
                await self._agreements.give_back(proposal, hold.attempt)
                log.info("hold.given_back", proposal=str(proposal_id), attempt=hold.attempt)


async def _oldest_first(collection: Collection, since: str, before: str) -> AsyncIterator[Stored]:
    """The documents in which something has been half done since then; those that stay so do not hide the others."""
    after: tuple[Scalar, str] | None = None
    where, order = Where(at_most={since: before}), Order(since)
    while found := await collection.find(where, order=order, after=after, limit=_BATCH):
        for stored in found:
            yield stored
        after = found[-1].body[since], found[-1].id
