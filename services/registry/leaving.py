"""A company leaves: each of its needs and availabilities is withdrawn, and then it has left (design, decision 14)."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

import structlog

from passerelles.errors import NotFoundError
from passerelles.store.port import Collection, Where
from schemas.vocabulary import CompanyStatus, PostingStatus
from services.registry.documents import edited, saved
from services.registry.domain.availability import Availability
from services.registry.domain.company import Company
from services.registry.domain.need import Need
from services.registry.domain.posting import Posting
from services.registry.office import Office

_BATCH: Final = 100

P = TypeVar("P", bound=Posting)

log = structlog.get_logger(__name__)


class Leaving:
    """The reaction to a departure; whatever a crash leaves of it is taken up by `resume`."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def finish(self, company_id: UUID) -> Company:
        """Withdraw what is still offered, and let the company have left.

        Raises:
            NotFoundError: no such company.
        """
        await self._withdraw(self._office.needs, Need, company_id)
        await self._withdraw(self._office.availabilities, Availability, company_id)
        now = self._office.now()
        company = await edited(self._office.companies, company_id, Company, lambda each: each.left(now), saved)
        self._office.announce(company)
        return company

    async def check(self, company_id: UUID) -> None:
        """Withdraw what a company published while it was leaving, if it did.

        Raises:
            NotFoundError: no such company.
        """
        stored = await self._office.companies.get(str(company_id))
        if stored is None:
            raise NotFoundError("Cette entreprise n'est pas connue.")
        if Company.model_validate(stored.body).status in {CompanyStatus.LEAVING, CompanyStatus.LEFT}:
            await self.finish(company_id)

    async def resume(self, *statuses: CompanyStatus) -> None:
        """Finish for every company in these statuses: `leaving` at any time; `left` too after a start."""
        where = Where(among={"status": [status.value for status in statuses]})
        after: tuple[None, str] | None = None
        while found := await self._office.companies.find(where, after=after, limit=_BATCH):
            for stored in found:
                await self.finish(UUID(stored.id))
            log.info("leaving.resumed", companies=len(found))
            after = (None, found[-1].id)

    async def _withdraw(self, collection: Collection, kind: type[P], company_id: UUID) -> None:
        where = Where(equal={"company_id": str(company_id), "status": PostingStatus.OPEN.value})
        while found := await collection.find(where, limit=_BATCH):
            for stored in found:
                withdrawn = partial(_withdrawn, now=self._office.now())
                posting = await edited(collection, UUID(stored.id), kind, withdrawn, saved)
                self._office.announce(posting)


def _withdrawn(posting: P, now: datetime) -> P:
    return posting.withdrawn(now)
