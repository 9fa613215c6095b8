"""Signed links of messages: each opens one thing, for one contact, for a while, without an account."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from passerelles.errors import NotFoundError
from schemas.vocabulary import Party
from services.registry.domain.caller import Caller
from services.registry.domain.company import Company
from services.registry.domain.contact import Contact
from services.registry.domain.proposal import Proposal
from services.registry.link_tokens import Purpose, Said, read, token_of
from services.registry.office import Office

_KEY: Final = "link-key"


class LinkError(NotFoundError):
    """A link that is not one of ours, or whose contact was erased."""

    slug, title = "lien-inconnu", "Lien non reconnu"


class LinkExpiredError(LinkError):
    """A link that opened something, and is too old."""

    slug, status, title = "lien-perime", 410, "Lien périmé"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whom the link to a proposal stands for.

    Attributes:
        caller: the company that may act by it.
        contact_name: to greet by.
    """

    caller: Caller
    proposal_id: UUID
    party: Party
    contact_id: UUID
    contact_name: str


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a link about messages stands for: a contact, as the registry knows it now."""

    company_id: UUID
    company_name: str
    contact: Contact


class Links:
    """Makes links and opens them; its key is made once, and kept in the store."""

    def __init__(self, office: Office, public_url: str) -> None:
        self._office = office
        self._base = public_url.rstrip("/")
        self._key: bytes | None = None

    async def load(self) -> None:
        """Read the key, or make it at the very first start.

        Raises:
            UnavailableError: the store does not answer.
        """
        await self._office.singles.insert(_KEY, {"key": secrets.token_hex(32)})
        stored = await self._office.singles.get(_KEY)
        if stored is not None:
            self._key = bytes.fromhex(stored.body["key"])

    async def url(self, proposal_id: UUID, party: Party, contact_id: UUID) -> str:
        """The address of the page of a proposal, for a contact of a party."""
        return await self._new(Purpose.PROPOSAL, proposal_id, contact_id, party)

    async def preferences_url(self, company_id: UUID, contact_id: UUID) -> str:
        """The address where a contact chooses what to be told."""
        return await self._new(Purpose.PREFERENCES, company_id, contact_id)

    async def preferences_url_beside(self, token: str) -> str | None:
        """The address of the preferences that stood in one message with the link that ends alerts; none once it ended.

        A link that lasts for years leads to no more than its message did.

        Raises:
            LinkError: it is not a link of ours that ends alerts.
        """
        said = await self._read(Purpose.UNSUBSCRIBE, token)
        ends = said.ends - Purpose.UNSUBSCRIBE.seconds + Purpose.PREFERENCES.seconds
        if self._office.now().timestamp() > ends:
            return None
        return await self._url(Purpose.PREFERENCES, replace(said, ends=ends))

    async def unsubscribe_url(self, company_id: UUID, contact_id: UUID) -> str:
        """The address where a contact, or its mail program (RFC 8058), ends alerts by email."""
        return await self._new(Purpose.UNSUBSCRIBE, company_id, contact_id)

    async def open(self, token: str) -> Visitor:
        """Whom the link to a proposal stands for, while it lasts and the contact is still one of the company.

        Raises:
            LinkExpiredError: it is too old.
            LinkError: it is not a link of ours to a proposal, or its contact was erased.
        """
        said = await self._read(Purpose.PROPOSAL, token)
        stored = await self._office.proposals.get(str(said.subject))
        if stored is None:
            raise _dead()
        company_id = Proposal.model_validate(stored.body).company_of(said.party)
        contact = (await self._addressee(company_id, said.contact)).contact
        return Visitor(Caller("company", company_id), said.subject, said.party, contact.id, contact.name)

    async def addressee(self, purpose: Purpose, token: str) -> Addressee:
        """Whom a link about messages stands for, while it lasts and the contact is still one of the company.

        Raises:
            LinkExpiredError: it is too old.
            LinkError: it is not a link of ours for this purpose, or its contact was erased.
        """
        said = await self._read(purpose, token)
        return await self._addressee(said.subject, said.contact)

    async def _new(self, purpose: Purpose, subject: UUID, contact_id: UUID, party: Party = Party.BORROWER) -> str:
        ends = int(self._office.now().timestamp()) + purpose.seconds
        return await self._url(purpose, Said(subject, contact_id, ends, party))

    async def _url(self, purpose: Purpose, said: Said) -> str:
        return f"{self._base}/{purpose.path}/{token_of(await self._ready(), purpose, said)}"

    async def _read(self, purpose: Purpose, token: str) -> Said:
        said = read(await self._ready(), purpose, token)
        if said is None:
            raise _dead()
        if self._office.now().timestamp() > said.ends:
            raise LinkExpiredError(
                f"Ce lien a plus de {purpose.lasts}.", remedy="Ouvrir celui d'un message plus récent."
            )
        return said

    async def _addressee(self, company_id: UUID, contact_id: UUID) -> Addressee:
        home = await self._office.companies.get(str(company_id))
        company = Company.model_validate(home.body) if home else None
        contact = company.contact(contact_id) if company else None
        if company is None or contact is None:
            raise _dead()
        return Addressee(company.id, company.name, contact)

    async def _ready(self) -> bytes:
        if self._key is None:
            await self.load()
        if self._key is None:
            msg = "the key of links was deleted while it was read"
            raise RuntimeError(msg)
        return self._key


def _dead() -> LinkError:
    return LinkError("Ce lien n'ouvre rien.", remedy="Le copier en entier depuis le message reçu.")
