"""That a person whom a company named saw a proposal: by an identifier, never by a name."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from schemas.vocabulary import Party, Payload


class SeenBy(StrEnum):
    """What shows it.

    `page`: the page was in view, and a hand moved on it. `answer`: the page's form was answered.
    """

    PAGE = "page"
    ANSWER = "answer"


class ProposalSeen(Payload):
    """A contact of a party saw the page of a proposal; said once for each contact, the first time.

    Attributes:
        id: the proposal's.
        contact_id: whose personal link it was.
    """

    id: UUID
    need_id: UUID
    availability_id: UUID
    borrower_id: UUID
    lender_id: UUID
    party: Party
    contact_id: UUID
    seen_by: SeenBy
