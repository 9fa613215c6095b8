"""As many alerts as are wanted, each between two companies of its own: an email to a contact of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.envelope import Event
from schemas.proposals import ProposalMade
from schemas.vocabulary import Party, proposal_id
from services.notifications.contacts import Briefing
from services.notifications.pairs import KnownPair
from tests.unit.notifications.samples import briefing_json, contact_json, event, made

DOMAINS = 499

Addressed = Callable[[UUID], str]
"""What the local part of a company's contact begins with."""


def alert(number: int, time: datetime) -> Event[Any]:
    """A new proposal between two companies that have no other."""
    need, availability = UUID(int=4 * number), UUID(int=4 * number + 1)
    named = {
        "id": proposal_id(need, availability),
        "need_id": need,
        "availability_id": availability,
        "borrower_id": UUID(int=4 * number + 2),
        "lender_id": UUID(int=4 * number + 3),
    }
    word = ProposalMade.model_construct(**{**dict(made(number + 1)), **named})
    return event(word, "proposal.made", time=time)


def briefing(company: UUID, party: Party, pairs: Sequence[dict[str, Any]], addressed: Addressed) -> dict[str, Any]:
    """What the registry answers about these pairs of a company."""
    contact = contact_json(str(company)) | {"email": address(company, addressed)}
    title = "Opérateur de conditionnement" if party is Party.BORROWER else None
    return briefing_json(company, list(pairs), contacts=[contact], title=title)


def address(company: UUID, addressed: Addressed) -> str:
    """The mailbox of a company's contact."""
    return f"{addressed(company)}.{company.int}@d{company.int % DOMAINS}.example.org"


class Answers:
    """A registry in memory, which has made its answers before it is asked."""

    def __init__(self, alerts: Sequence[Event[Any]], addressed: Addressed) -> None:
        self._answers: dict[UUID, str] = {}
        for each in alerts:
            pair = {name: getattr(each.data, name) for name in ("need_id", "availability_id")}
            for party, company in ((Party.BORROWER, each.data.borrower_id), (Party.LENDER, each.data.lender_id)):
                answer = briefing(company, party, [pair | {"proposal_id": each.data.id}], addressed)
                self._answers[company] = Briefing.model_validate(answer).model_dump_json()

    async def briefing(self, company: UUID, party: Party, pairs: Sequence[KnownPair]) -> Briefing | None:
        """The answer, read as it would be from HTTP."""
        del party, pairs
        return Briefing.model_validate_json(self._answers[company])
