"""Signed links of messages: they open one proposal, for one contact of one party, for a while."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

from passerelles.errors import NotFoundError
from schemas.vocabulary import Party
from services.registry.domain.caller import Caller
from services.registry.domain.company import Company
from services.registry.domain.proposal import Proposal
from services.registry.office import Office

LIFETIME_SECONDS: Final = 14 * 24 * 3600
_KEY: Final = "link-key"
_SALT: Final = "proposal-page"
_LONGEST: Final = 512


class LinkError(NotFoundError):
    """A link that is not one of ours, or whose contact was erased."""

    slug, title = "lien-inconnu", "Lien non reconnu"


class LinkExpiredError(LinkError):
    """A link that opened something, and is too old."""

    slug, status, title = "lien-perime", 410, "Lien périmé"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whom a link stands for.

    Attributes:
        caller: the company that may act by it.
        contact_name: to greet by.
    """

    caller: Caller
    proposal_id: UUID
    party: Party
    contact_id: UUID
    contact_name: str


class Links:
    """Makes links and opens them; its key is made once, and kept in the store."""

    def __init__(self, office: Office, public_url: str) -> None:
        self._office = office
        self._base = public_url.rstrip("/")
        self._signer: URLSafeTimedSerializer | None = None

    async def load(self) -> None:
        """Read the key, or make it at the very first start.

        Raises:
            UnavailableError: the store does not answer.
        """
        await self._office.singles.insert(_KEY, {"key": secrets.token_hex(32)})
        stored = await self._office.singles.get(_KEY)
        if stored is not None:
            self._signer = URLSafeTimedSerializer(stored.body["key"], salt=_SALT)

    async def url(self, proposal_id: UUID, party: Party, contact_id: UUID) -> str:
        """The address of the page of a proposal, for a contact of a party."""
        signer = await self._ready()
        return f"{self._base}/p/{signer.dumps([proposal_id.hex, party.value[0], contact_id.hex])!s}"

    async def open(self, token: str) -> Visitor:
        """Whom a link stands for, while it lasts and the contact is still one of the company.

        Raises:
            LinkExpiredError: it is too old.
            LinkError: it is not a link of ours, or its contact was erased.
        """
        proposal_id, party, contact_id = await self._read(token)
        stored = await self._office.proposals.get(str(proposal_id))
        if stored is None:
            raise _dead()
        company_id = Proposal.model_validate(stored.body).company_of(party)
        home = await self._office.companies.get(str(company_id))
        contact = Company.model_validate(home.body).contact(contact_id) if home else None
        if contact is None:
            raise _dead()
        return Visitor(Caller("company", company_id), proposal_id, party, contact_id, contact.name)

    async def _read(self, token: str) -> tuple[UUID, Party, UUID]:
        if len(token) > _LONGEST:
            raise _dead()
        try:
            proposal, side, contact = (await self._ready()).loads(token, max_age=LIFETIME_SECONDS)
        except SignatureExpired:
            raise LinkExpiredError(
                "Ce lien a plus de 14 jours.", remedy="Ouvrir celui d'un message plus récent, ou se connecter."
            ) from None
        except BadData:
            raise _dead() from None
        return UUID(proposal), Party.BORROWER if side == Party.BORROWER.value[0] else Party.LENDER, UUID(contact)

    async def _ready(self) -> URLSafeTimedSerializer:
        if self._signer is None:
            await self.load()
        if self._signer is None:
            msg = "the key of links was deleted while it was read"
            raise RuntimeError(msg)
        return self._signer


def _dead() -> LinkError:
    return LinkError("Ce lien n'ouvre rien.", remedy="Le copier en entier depuis le message reçu.")
