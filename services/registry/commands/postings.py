"""Needs and staff available: published, changed and withdrawn by companies that have joined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar
from uuid import UUID

from passerelles.errors import ConflictError, InvalidInputError, NotFoundError
from passerelles.store.port import Body, Collection, Order, Where
from schemas.vocabulary import PostingStatus
from services.registry.documents import created, decision_owed, digest_of, edited, saved
from services.registry.domain.availability import Availability, new_availability
from services.registry.domain.caller import Caller
from services.registry.domain.company import Company
from services.registry.domain.drafts import AvailabilityDraft, NeedDraft, PostingDraft
from services.registry.domain.need import Need, new_need
from services.registry.domain.posting import Posting
from services.registry.domain.proposal import Proposal
from services.registry.leaving import Leaving
from services.registry.office import Office, must_match
from services.registry.pages import Page, paged

_BY_AGE: Final = Order("created_at")

P = TypeVar("P", bound=Posting)


class _Postings(Generic[P]):
    """What both kinds have in common."""

    def __init__(self, office: Office, collection: Collection, kind: type[P]) -> None:
        self._office = office
        self._collection = collection
        self._kind = kind
        self._leaving = Leaving(office)

    async def get(self, caller: Caller, id_: UUID) -> P:
        """One of them, for its company or the operator.

        Raises:
            NotFoundError: there is none that this caller may know of.
        """
        stored = await self._collection.get(str(id_))
        if stored is None or not caller.acts_for(UUID(stored.body["company_id"])):
            raise NotFoundError("Cette publication n'est pas connue.")
        return self._kind.model_validate(stored.body)

    async def list(
        self,
        caller: Caller,
        *,
        company: UUID | None = None,
        status: PostingStatus | None = None,
        occupation: str | None = None,
        departement: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[P]:
        """Those of a company, or of all for the operator, oldest first.

        Raises:
            ForbiddenError: another company's are asked for.
        """
        if company is not None:
            caller.must_act_for(company)
        of = company or caller.company_id
        equal = {
            "company_id": str(of) if of else None,
            "status": status.value if status else None,
            "occupation": occupation,
            "departement": departement,
        }
        return await paged(
            self._collection,
            [Where(equal={name: value for name, value in equal.items() if value is not None})],
            lambda stored: self._kind.model_validate(stored.body),
            order=_BY_AGE,
            limit=limit,
            cursor=cursor,
        )

    async def withdraw(self, caller: Caller, id_: UUID, if_match: int | None = None) -> P:
        """End the offer; people already agreed on stay.

        Raises:
            NotFoundError: there is none that this caller may know of.
            StaleVersionError: it was changed in between.
        """
        now = self._office.now()

        def decide(posting: P) -> P:
            must_match(posting.version, if_match)
            return posting.withdrawn(now)

        await self.get(caller, id_)
        return await self._edit(id_, decide)

    async def _publish(self, caller: Caller, draft: PostingDraft, id_: UUID, make: Callable[[Company], P]) -> P:
        self._office.must_be_open()
        company = await self._company(caller, draft.company_id)
        drafted = digest_of(draft)
        existing = await self._collection.get(str(id_))
        if existing is None:
            posting = make(company)
            if await self._collection.insert(str(id_), created(posting, drafted)):
                self._office.announce(posting)
                await self._leaving.check(company.id)
                return posting
            existing = await self._collection.get(str(id_))
        if existing is None or existing.body.get("drafted") != drafted:
            raise ConflictError("Cet identifiant est déjà celui d'une autre publication.")
        return self._kind.model_validate(existing.body)

    async def _change(self, caller: Caller, id_: UUID, if_match: int | None, make: Callable[[P, Company], P]) -> P:
        posting = await self.get(caller, id_)
        company = await self._company(caller, posting.company_id)
        company.must_have_joined()

        def decide(current: P) -> P:
            must_match(current.version, if_match)
            return make(current, company)

        return await self._edit(id_, decide, await self._writing(id_))

    async def _writing(self, id_: UUID) -> Callable[[Body, P, P], Body]:  # noqa: ARG002 (needs look at theirs)
        """How a change is written."""
        return saved

    async def _edit(self, id_: UUID, decide: Callable[[P], P], write: Callable[[Body, P, P], Body] = saved) -> P:
        self._office.must_be_open()
        posting = await edited(self._collection, id_, self._kind, decide, write)
        self._office.announce(posting)
        return posting

    async def _company(self, caller: Caller, id_: UUID) -> Company:
        caller.must_act_for(id_)
        stored = await self._office.companies.get(str(id_))
        if stored is None:
            raise InvalidInputError("L'identifiant d'une entreprise inscrite est attendu.", field="company_id")
        return Company.model_validate(stored.body)


class Needs(_Postings[Need]):
    """What may be done with needs."""

    def __init__(self, office: Office) -> None:
        super().__init__(office, office.needs, Need)

    async def publish(self, caller: Caller, draft: NeedDraft, *, id_: UUID) -> Need:
        """Publish a need; the same one again is the one that exists.

        Raises:
            ForbiddenError: for another company.
            InvalidInputError: a value is wrong, or the company is unknown.
            ConflictError: the company has not joined, or the identifier is another's.
        """
        today, now = self._office.today(), self._office.now()
        return await self._publish(caller, draft, id_, lambda company: new_need(draft, company, id_, today, now))

    async def change(self, caller: Caller, id_: UUID, draft: NeedDraft, if_match: int | None) -> Need:
        """Change a need.

        Raises:
            NotFoundError: there is none that this caller may know of.
            StaleVersionError: it was changed in between.
            InvalidInputError: a value is wrong.
            ConflictError: it was withdrawn, or less people than agreements hold.
        """
        today, now = self._office.today(), self._office.now()
        return await self._change(caller, id_, if_match, lambda need, company: need.changed(draft, company, today, now))

    async def _writing(self, id_: UUID) -> Callable[[Body, Need, Need], Body]:
        """A territory that a need moves to hears first what was decided about its pairs.

        It would otherwise propose those that are closed, and leave out those that are accepted.
        """
        now = self._office.now()
        stored = await self._office.proposals.find(Where(equal={"need_id": str(id_)}))
        decided = [each for each in (Proposal.model_validate(one.body) for one in stored) if each.version]

        def write(body: Body, before: Need, after: Need) -> Body:
            came = [name for name in after.territories if name not in before.territories]
            return saved(body, before, after, [decision_owed(each, now, name) for name in came for each in decided])

        return write


class Availabilities(_Postings[Availability]):
    """What may be done with staff available."""

    def __init__(self, office: Office) -> None:
        super().__init__(office, office.availabilities, Availability)

    async def publish(self, caller: Caller, draft: AvailabilityDraft, *, id_: UUID) -> Availability:
        """Publish staff available; the same again is what exists. Raises as `Needs.publish` does."""
        today, now = self._office.today(), self._office.now()
        return await self._publish(
            caller, draft, id_, lambda company: new_availability(draft, company, id_, today, now)
        )

    async def change(self, caller: Caller, id_: UUID, draft: AvailabilityDraft, if_match: int | None) -> Availability:
        """Change staff available. Raises as `Needs.change` does."""
        today, now = self._office.today(), self._office.now()
        return await self._change(
            caller, id_, if_match, lambda staff, company: staff.changed(draft, company, today, now)
        )
