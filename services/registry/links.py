"""Signed links of messages: they open one proposal, for one contact of one party, for a while.

A text message has room for some 300 characters, hence a token of 72: what it says in binary, and half of an
HMAC-SHA-256, which RFC 2104 (section 5) allows.
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from struct import Struct
from typing import Final
from uuid import UUID

from passerelles.errors import NotFoundError
from schemas.vocabulary import Party
from services.registry.domain.caller import Caller
from services.registry.domain.company import Company
from services.registry.domain.proposal import Proposal
from services.registry.office import Office

LIFETIME_SECONDS: Final = 14 * 24 * 3600
_KEY: Final = "link-key"
_PURPOSE: Final = b"proposal-page\0"
"""Signed with the rest: nothing else that this key may sign one day opens a page."""

_VERSION: Final = 1
_SAID: Final = Struct(">BB16s16sI")
"""Version, side, proposal, contact, and the second at which it ends, since 1970 (until 2106)."""

_SIGNATURE: Final = 16
_SIDES: Final = (Party.BORROWER, Party.LENDER)
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{72}")
"""54 bytes are 72 characters exactly: none is padding, so a token is written in one way only."""


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
        ends = int(self._office.now().timestamp()) + LIFETIME_SECONDS
        said = _SAID.pack(_VERSION, _SIDES.index(party), proposal_id.bytes, contact_id.bytes, ends)
        token = urlsafe_b64encode(said + _signature(await self._ready(), said)).decode("ascii")
        return f"{self._base}/p/{token}"

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
        if not _TOKEN.fullmatch(token):
            raise _dead()
        whole = urlsafe_b64decode(token)
        said, signature = whole[:-_SIGNATURE], whole[-_SIGNATURE:]
        if not hmac.compare_digest(signature, _signature(await self._ready(), said)) or said[0] != _VERSION:
            raise _dead()
        _, side, proposal, contact, ends = _SAID.unpack(said)
        if self._office.now().timestamp() > ends:
            raise LinkExpiredError(
                "Ce lien a plus de 14 jours.", remedy="Ouvrir celui d'un message plus récent, ou se connecter."
            )
        return UUID(bytes=proposal), _SIDES[side], UUID(bytes=contact)

    async def _ready(self) -> bytes:
        if self._key is None:
            await self.load()
        if self._key is None:
            msg = "the key of links was deleted while it was read"
            raise RuntimeError(msg)
        return self._key


def _signature(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, _PURPOSE + said, "sha256")[:_SIGNATURE]


def _dead() -> LinkError:
    return LinkError("Ce lien n'ouvre rien.", remedy="Le copier en entier depuis le message reçu.")
