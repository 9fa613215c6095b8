"""Companies: added by the operator, joined, changed, left; their contacts, and the tokens that act for them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from passerelles.errors import ConflictError, NotFoundError
from passerelles.store.port import Order, Scalar, Where
from schemas.deliveries import Channel
from schemas.envelope import format_time, parse_time
from schemas.vocabulary import CompanyStatus
from services.registry.documents import created, digest_of, edited, saved
from services.registry.domain.caller import Caller
from services.registry.domain.company import Company, new_company
from services.registry.domain.drafts import CompanyDraft
from services.registry.leaving import Leaving
from services.registry.office import Office, must_match
from services.registry.pages import Page, paged

_BY_AGE: Final = Order("created_at")
_BATCH: Final = 100
_ABANDONED: Final = timedelta(minutes=1)
"""After this, a SIRET that was reserved for a company that was never written is free again."""


class Companies:
    """What may be done with companies."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._leaving = Leaving(office)

    async def add(self, caller: Caller, draft: CompanyDraft, *, id_: UUID) -> Company:
        """Add a company; the same one again is the one that exists.

        Raises:
            ForbiddenError: not the operator.
            InvalidInputError: a value is wrong.
            ConflictError: the establishment is there already, or the identifier is another's.
        """
        caller.must_be_operator()
        self._office.must_be_open()
        company, drafted = new_company(draft, id_, self._office.now()), digest_of(draft)
        await self._reserve(company)
        if await self._office.companies.insert(str(id_), created(company, drafted)):
            self._office.announce(company)
            return company
        return await self._existing(id_, drafted)

    async def get(self, caller: Caller, id_: UUID) -> Company:
        """A company, for itself or the operator.

        Raises:
            NotFoundError: there is none that this caller may know of.
        """
        stored = await self._office.companies.get(str(id_)) if caller.acts_for(id_) else None
        if stored is None:
            raise NotFoundError("Cette entreprise n'est pas connue.")
        return Company.model_validate(stored.body)

    async def list(
        self,
        caller: Caller,
        *,
        status: CompanyStatus | None = None,
        branch: str | None = None,
        departement: str | None = None,
        text: str | None = None,
        unreachable: bool = False,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Company]:
        """Companies, oldest first; `text` is part of a name or the beginning of a SIRET. A company lists itself.

        `unreachable` leaves those of which a contact is not reached.
        """
        equal: dict[str, Scalar | None] = {
            "status": status.value if status else None,
            "branch": branch,
            "departement": departement,
            "unreachable": unreachable or None,
        }
        if not caller.is_operator:
            equal["id"] = str(caller.company_id)
        wanted = (text or "").strip().casefold()
        return await paged(
            self._office.companies,
            [Where(equal={name: value for name, value in equal.items() if value is not None})],
            lambda stored: Company.model_validate(stored.body),
            order=_BY_AGE,
            limit=limit,
            cursor=cursor,
            keep=(lambda body: wanted in body["name"].casefold() or body["siret"].startswith(wanted))
            if wanted
            else None,
        )

    async def change(self, caller: Caller, id_: UUID, draft: CompanyDraft, if_match: int | None) -> Company:
        """Change name, branch, commune and contacts.

        Raises:
            NotFoundError: there is none that this caller may know of.
            StaleVersionError: it was changed in between.
            InvalidInputError: a value is wrong.
            ConflictError: another SIRET or status.
        """
        now = self._office.now()

        def decide(company: Company) -> Company:
            must_match(company.version, if_match)
            return company.changed(draft, now)

        return await self._edit(caller, id_, decide)

    async def join(self, caller: Caller, id_: UUID) -> Company:
        """A company joins the programme: from here on it may publish.

        Raises:
            ForbiddenError: not the operator.
            ConflictError: it is leaving.
        """
        caller.must_be_operator()
        now = self._office.now()
        return await self._edit(caller, id_, lambda company: company.joined(now))

    async def leave(self, caller: Caller, id_: UUID) -> Company:
        """A company leaves the programme: everything that it offers is withdrawn."""
        now = self._office.now()
        await self._edit(caller, id_, lambda company: company.leaving(now))
        return await self._leaving.finish(id_)

    async def drop_contact(self, caller: Caller, id_: UUID, contact_id: UUID) -> Company:
        """Erase a contact.

        Raises:
            NotFoundError: there is no such company or contact that this caller may know of.
        """
        now = self._office.now()
        return await self._edit(caller, id_, lambda company: company.without(contact_id, now))

    async def reachable(self, caller: Caller, id_: UUID, contact_id: UUID, channel: Channel) -> Company:
        """Somebody knows that an address is good, though messages to it did not arrive: write to it again.

        Raises:
            NotFoundError: there is no such company or contact that this caller may know of.
        """
        now = self._office.now()

        def decide(company: Company) -> Company:
            contact = company.the_contact(contact_id)
            again = contact.reachable_again(channel, now)
            return company if again is contact else company.known(again)

        return await self._edit(caller, id_, decide)

    async def issue_token(self, caller: Caller, id_: UUID) -> str:
        """A new token that acts for a company; only its digest is kept, so it is shown once.

        Raises:
            ForbiddenError: not the operator.
        """
        caller.must_be_operator()
        await self.get(caller, id_)
        token = secrets.token_urlsafe(32)
        issued_at = format_time(self._office.now())
        await self._office.tokens.insert(_digest(token), {"company_id": str(id_), "issued_at": issued_at})
        return token

    async def end_tokens(self, caller: Caller, id_: UUID) -> None:
        """End every token that acts for a company, the one of the caller too if it is one.

        Raises:
            NotFoundError: there is none that this caller may know of.
        """
        await self.get(caller, id_)
        issued = Where(equal={"company_id": str(id_)})
        while found := await self._office.tokens.find(issued, limit=_BATCH):
            for each in found:
                await self._office.tokens.delete(each.id)

    async def caller_of(self, token: str) -> Caller | None:
        """The company that a token acts for, or none; the operator's token is a setting, and not looked at here."""
        stored = await self._office.tokens.get(_digest(token))
        return Caller("company", UUID(stored.body["company_id"])) if stored else None

    async def _edit(self, caller: Caller, id_: UUID, decide: Callable[[Company], Company]) -> Company:
        self._office.must_be_open()
        await self.get(caller, id_)

        def allowed(company: Company) -> Company:
            after = decide(company)
            if after is not company:
                company.must_still_act(caller)
            return after

        company = await edited(self._office.companies, id_, Company, allowed, saved)
        self._office.announce(company)
        return company

    async def _existing(self, id_: UUID, drafted: str) -> Company:
        stored = await self._office.companies.get(str(id_))
        if stored is None or stored.body.get("drafted") != drafted:
            raise ConflictError("Cet identifiant est déjà celui d'une autre entreprise.")
        return Company.model_validate(stored.body)

    async def _reserve(self, company: Company) -> None:
        """One company an establishment: the SIRET is taken first, under its own identifier."""
        body = {"company_id": str(company.id), "at": format_time(company.created_at)}
        if await self._office.sirets.insert(company.siret, body):
            return
        stored = await self._office.sirets.get(company.siret)
        if stored is None:  # nobody deletes one
            return
        holder = stored.body["company_id"]
        if holder == str(company.id):
            return
        fresh = parse_time(stored.body["at"]) > company.created_at - _ABANDONED
        if fresh or await self._office.companies.get(holder) is not None:
            raise ConflictError(
                "Cet établissement est déjà inscrit.",
                remedy="Le modifier plutôt que l'ajouter.",
                field="siret",
                company_id=holder,
            )
        if not await self._office.sirets.replace(company.siret, body, stored.revision):
            await self._reserve(company)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
