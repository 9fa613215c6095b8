"""Proposals as each party sees them, and what the parties decide about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from passerelles.errors import ConflictError
from passerelles.store.port import Order, Where
from schemas.vocabulary import Party
from services.registry.commands.agreements import Agreements
from services.registry.documents import edited
from services.registry.domain.caller import Caller
from services.registry.domain.capacity import CapacityError
from services.registry.domain.company import Company
from services.registry.domain.drafts import CancelDraft, DecisionDraft
from services.registry.domain.proposal import Proposal, unknown_proposal
from services.registry.domain.verdicts import ProposalStatus, answer_of
from services.registry.office import Office
from services.registry.pages import Page, paged
from services.registry.views import ProposalView, Viewer

_BEST_FIRST: Final = Order("score", descending=True)


class _UnderWayError(Exception):
    """An agreement is under way: it goes to its end first, and the decision is taken again."""


class Proposals:
    """What may be done with proposals."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._agreements = Agreements(office)
        self._viewer = Viewer(office)

    async def list(
        self,
        caller: Caller,
        *,
        need: UUID | None = None,
        availability: UUID | None = None,
        company: UUID | None = None,
        status: ProposalStatus | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[ProposalView]:
        """Those of a company, or of all for the operator, best first; a company sees only its own pairs.

        Raises:
            ForbiddenError: another company's are asked for.
        """
        if company is not None:
            caller.must_act_for(company)
        of = company or caller.company_id
        asked = {
            "need_id": str(need) if need else None,
            "availability_id": str(availability) if availability else None,
            "status": status.value if status else None,
        }
        equal = {name: value for name, value in asked.items() if value is not None}
        sides = [{"borrower_id": str(of)}, {"lender_id": str(of)}] if of else [{}]
        page = await paged(
            self._office.proposals,
            [Where(equal={**equal, **side}) for side in sides],
            lambda stored: Proposal.model_validate(stored.body),
            order=_BEST_FIRST,
            limit=limit,
            cursor=cursor,
        )
        return Page(await self._viewer.views(caller, page.items), page.next_cursor)

    async def get(self, caller: Caller, id_: UUID) -> ProposalView:
        """A proposal as this caller sees it.

        Raises:
            NotFoundError: there is none that this caller may know of.
        """
        return await self._view(caller, await self._visible(caller, id_))

    async def decide(self, caller: Caller, id_: UUID, draft: DecisionDraft, *, seen: str | None = None) -> ProposalView:
        """A party accepts or declines; when both have accepted, people are held and the agreement is made.

        `seen` is what whoever decides knows of the party's own answer so far (`answer_of`), and the same answer again
        changes nothing; none: it was not asked.

        Raises:
            NotFoundError: there is none that this caller may know of.
            ForbiddenError: for the other party, or for a company that has left.
            ConflictError: it is not open any more, or the party has answered since `seen`.
            CapacityError: nobody is left on one side; the proposal stays as it was before.
        """
        now = self._office.now()

        def decided(proposal: Proposal) -> Proposal:
            answer = answer_of(proposal.decisions, draft.party)
            if seen is not None and answer == draft.verdict:
                return proposal
            if seen is not None and answer != seen:
                raise ConflictError(
                    "Votre entreprise a répondu depuis que cette page est ouverte.",
                    remedy="Relire ce qui suit, puis répondre à nouveau si nécessaire.",
                )
            if draft.verdict == "decline":
                return proposal.declined(draft.party, draft.reason, now)
            return proposal.accepted(draft.party, now)

        proposal = await self._edit(caller, id_, draft.party, decided)
        if proposal.saga is not None:
            attempt = proposal.saga.attempt
            proposal = await self._agreements.finish(id_)
            refused = proposal.refused
            if refused is not None and refused.attempt == attempt and not proposal.accepted_by(draft.party):
                raise CapacityError(
                    f"L'accord n'a pas pu être conclu : {refused.why}.",
                    remedy="La proposition reste comme elle était ; d'autres peuvent convenir.",
                )
        return await self._view(caller, proposal)

    async def cancel(self, caller: Caller, id_: UUID, draft: CancelDraft) -> ProposalView:
        """A party calls an agreement off: the people come back on both sides.

        Raises:
            NotFoundError: there is none that this caller may know of.
            ForbiddenError: for the other party, or for a company that has left.
            ConflictError: nothing is agreed.
        """
        now = self._office.now()
        await self._edit(caller, id_, draft.party, lambda each: each.releasing(draft.party, draft.reason, now))
        return await self._view(caller, await self._agreements.finish(id_))

    async def _edit(self, caller: Caller, id_: UUID, party: Party, decide: Callable[[Proposal], Proposal]) -> Proposal:
        self._office.must_be_open()
        proposal = await self._visible(caller, id_)
        company_id = proposal.company_of(party)
        caller.must_act_for(company_id)
        stored = await self._office.companies.get(str(company_id))
        if stored is not None:
            Company.model_validate(stored.body).must_still_act(caller)

        def settled_first(current: Proposal) -> Proposal:
            if current.saga is not None:
                raise _UnderWayError
            return decide(current)

        while True:
            try:
                proposal = await edited(self._office.proposals, id_, Proposal, settled_first, self._agreements.written)
            except _UnderWayError:
                await self._agreements.finish(id_)
                continue
            self._office.announce(proposal)
            return proposal

    async def _visible(self, caller: Caller, id_: UUID) -> Proposal:
        stored = await self._office.proposals.get(str(id_))
        proposal = Proposal.model_validate(stored.body) if stored else None
        if proposal is None or not (caller.acts_for(proposal.borrower_id) or caller.acts_for(proposal.lender_id)):
            raise unknown_proposal()
        return proposal

    async def _view(self, caller: Caller, proposal: Proposal) -> ProposalView:
        return (await self._viewer.views(caller, [proposal]))[0]
