"""That a contact saw a proposal: noted and told once, by the same write."""

from __future__ import annotations

from passerelles.store.port import Body
from schemas.readings import SeenBy
from services.registry.documents import edited, reading_owed, saved_proposal
from services.registry.domain.proposal import Proposal
from services.registry.domain.telling import reading_of
from services.registry.links import Visitor
from services.registry.office import Office


class Readings:
    """Notes who saw what."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def note(self, visitor: Visitor, seen_by: SeenBy) -> None:
        """The visitor of a personal link saw its proposal; only the first time of each contact counts.

        Raises:
            UnavailableError: the epoch is being opened, the process stops, or the store does not answer.
        """
        self._office.must_be_open()
        now = self._office.now()

        def written(body: Body, _before: Proposal, after: Proposal) -> Body:
            reading = reading_of(after, visitor.party, visitor.contact_id, seen_by)
            return saved_proposal(body, after, [reading_owed(reading, now)], now)

        proposal = await edited(
            self._office.proposals,
            visitor.proposal_id,
            Proposal,
            lambda each: each.seen_by(visitor.contact_id, now),
            written,
        )
        self._office.announce(proposal)
