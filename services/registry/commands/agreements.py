"""The saga of an agreement: its record is the proposal, and each step may be done twice (design, decision 13).

    reserving   1  hold people of the need           2  hold people of the availability   3  agreed, told
    confirming  4  the need states what is left      5  the availability states it        6  the saga ends
    undoing     nothing was left: holds go back, the second accept is taken out, and the log never hears of it
    releasing   cancelled: the need states that people are back, then the availability, then the cancellation is told

`agreed` is a compare-and-set on the proposal while it is `reserving`: it alone decides between the two ends. A hold
carries its attempt, so that one put too late, by a process that stalled, is recognised and given back.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Final
from uuid import UUID

from passerelles.store.port import Body
from schemas.vocabulary import PostingStatus
from services.registry.documents import decision_owed, edited, outcome_owed, saved, saved_proposal
from services.registry.domain.availability import Availability
from services.registry.domain.need import Need
from services.registry.domain.posting import Posting
from services.registry.domain.proposal import Proposal, unknown_proposal
from services.registry.domain.telling import outcome_of
from services.registry.domain.verdicts import ProposalStatus, Saga
from services.registry.office import Office

_NEED: Final = "le besoin"
_STAFF: Final = "la disponibilité"


class Agreements:
    """Brings agreements and their cancellations to an end, from whatever step they are at."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def finish(self, id_: UUID) -> Proposal:
        """Do the steps that remain; the proposal without a saga.

        Raises:
            NotFoundError: no such proposal.
            UnavailableError: the store went away; what remains is taken up later.
        """
        while True:
            proposal = await self._read(id_)
            saga = proposal.saga
            if saga is None:
                return proposal
            if saga.step == "reserving":
                await self._reserve(proposal, saga)
            elif saga.step == "undoing":
                await self._undo(proposal, saga)
            elif saga.step == "confirming":
                await self._confirm(proposal, saga)
            else:
                await self._release(proposal)

    async def _reserve(self, proposal: Proposal, saga: Saga) -> None:
        held = await self._hold_need(proposal, saga)
        if isinstance(held, int):
            held = await self._hold_staff(proposal, saga, held)
        if isinstance(held, int):
            await self._edit(proposal.id, partial(Proposal.agreed, attempt=saga.attempt, headcount=held))
        else:
            await self._edit(proposal.id, partial(Proposal.undoing, attempt=saga.attempt, why=held))

    async def _hold_need(self, proposal: Proposal, saga: Saga) -> int | str:
        """How many people the need holds, or why it holds none: no more than the availability seems to have."""
        today, now = self._office.today(), self._office.now()
        stored = await self._office.availabilities.get(str(proposal.availability_id))
        if stored is None:
            return f"{_STAFF} n'existe plus"
        staff = Availability.model_validate(stored.body)
        offered = staff.holds_for(proposal.id, saga.attempt) or staff.left_for(proposal.id)
        if not staff.holds_for(proposal.id, saga.attempt) and (why := _obstacle(staff, _STAFF, proposal.id, today)):
            return why

        def hold(need: Need) -> Need:
            if need.holds_for(proposal.id, saga.attempt) or _obstacle(need, _NEED, proposal.id, today):
                return need
            if proposal.status is ProposalStatus.WITHDRAWN:
                return need
            return need.with_hold(proposal.id, min(need.left_for(proposal.id), offered), saga.attempt, now)

        need = await edited(self._office.needs, proposal.need_id, Need, hold, saved)
        held = need.holds_for(proposal.id, saga.attempt)
        return held or _obstacle(need, _NEED, proposal.id, today) or "la proposition vient d'être retirée"

    async def _hold_staff(self, proposal: Proposal, saga: Saga, at_most: int) -> int | str:
        """How many people the availability holds, or why it holds none."""
        today, now = self._office.today(), self._office.now()

        def hold(staff: Availability) -> Availability:
            if staff.holds_for(proposal.id, saga.attempt) or _obstacle(staff, _STAFF, proposal.id, today):
                return staff
            return staff.with_hold(proposal.id, min(at_most, staff.left_for(proposal.id)), saga.attempt, now)

        staff = await edited(self._office.availabilities, proposal.availability_id, Availability, hold, saved)
        held = staff.holds_for(proposal.id, saga.attempt)
        return held or _obstacle(staff, _STAFF, proposal.id, today) or "personne n'a pu être retenu"

    async def _undo(self, proposal: Proposal, saga: Saga) -> None:
        await self.give_back(proposal, saga.attempt)
        await self._edit(proposal.id, lambda each: each.undone(saga.attempt))

    async def _confirm(self, proposal: Proposal, saga: Saga) -> None:
        now, count = self._office.now(), proposal.headcount or 0
        await self._edit_need(proposal, lambda each: each.with_agreement(proposal.id, count, now))
        await self._edit_staff(proposal, lambda each: each.with_agreement(proposal.id, count, now))
        await self._edit(proposal.id, lambda each: each.settled(saga.attempt))

    async def _release(self, proposal: Proposal) -> None:
        now = self._office.now()
        await self._edit_need(proposal, lambda each: each.without_agreement(proposal.id, now))
        await self._edit_staff(proposal, lambda each: each.without_agreement(proposal.id, now))
        await self._edit(proposal.id, lambda each: each.cancelled(now))

    async def give_back(self, proposal: Proposal, attempt: int) -> None:
        """Give back what an attempt that came to nothing holds, on both sides."""
        await self._edit_need(proposal, lambda each: each.without_attempt(proposal.id, attempt))
        await self._edit_staff(proposal, lambda each: each.without_attempt(proposal.id, attempt))

    async def _read(self, id_: UUID) -> Proposal:
        stored = await self._office.proposals.get(str(id_))
        if stored is None:
            raise unknown_proposal()
        return Proposal.model_validate(stored.body)

    async def _edit_need(self, proposal: Proposal, decide: Callable[[Need], Need]) -> None:
        need = await edited(self._office.needs, proposal.need_id, Need, decide, saved)
        self._office.announce(need)

    async def _edit_staff(self, proposal: Proposal, decide: Callable[[Availability], Availability]) -> None:
        staff = await edited(self._office.availabilities, proposal.availability_id, Availability, decide, saved)
        self._office.announce(staff)

    async def _edit(self, id_: UUID, decide: Callable[[Proposal], Proposal]) -> None:
        proposal = await edited(self._office.proposals, id_, Proposal, decide, self.written)
        self._office.announce(proposal)

    def written(self, body: Body, before: Proposal, after: Proposal) -> Body:
        """The document of a proposal after a change; a decision is owed to matching and to those to be told."""
        now = self._office.now()
        if after.version == before.version:
            return saved_proposal(body, after, (), now)
        return saved_proposal(body, after, (outcome_owed(outcome_of(after), now), decision_owed(after, now)), now)


def _obstacle(posting: Posting, what: str, proposal_id: UUID, today: date) -> str | None:
    """Why no people of a posting can be held, in French; none when some can."""
    if posting.status is PostingStatus.WITHDRAWN:
        return f"{what} a été retiré" + ("e" if what == _STAFF else "")
    if posting.expired(today):
        return f"{what} a pris fin"
    if posting.left_for(proposal_id) < 1:
        return f"{what} n'a plus de place : d'autres accords ont tout pris"
    return None
