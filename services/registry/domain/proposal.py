"""A proposal: matching's words about a pair, what both companies decided, and the agreement under way (decision 12)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from passerelles.errors import ConflictError, NotFoundError
from schemas.decisions import Standing
from schemas.envelope import EPOCH_STRIDE
from schemas.proposals import ProposalMade, ProposalWithdrawn, WithdrawalReason
from schemas.vocabulary import DeclineReason, Party
from services.registry.domain.verdicts import FRENCH, TERMINAL, Decided, ProposalStatus, Saga
from services.registry.domain.words import Word, heard


class Proposal(BaseModel):
    """One need × one availability.

    Attributes:
        words: of matching, by territory.
        version: counts what the registry said about it: 0 before the first decision.
        told: the version that each territory was last told, of those that were told one.
        decisions: the last word of each party.
        by: the party whose word made this version.
        attempts: agreements tried so far.
        refused: the last attempt that came to nothing.
        headcount: people agreed on.
        made_at: when the pair was first spoken of.
        seen: when each contact first saw its page.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    need_id: UUID
    availability_id: UUID
    borrower_id: UUID
    lender_id: UUID
    words: Mapping[str, Word]
    version: int = 0
    told: Mapping[str, int] = Field(default_factory=dict)
    standing: Standing = Standing.OPEN
    decisions: Mapping[Party, Decided] = Field(default_factory=dict)
    by: Party | None = None
    saga: Saga | None = None
    attempts: int = 0
    refused: Saga | None = None
    headcount: int | None = None
    made_at: datetime
    seen: Mapping[UUID, datetime] = Field(default_factory=dict)

    @property
    def territory(self) -> str:
        """Where the pair is spoken of: the territory that proposes it, else that of the latest word.

        Words of the latest epoch prevail: its opening said again all that holds, and nobody takes an older one back.
        """

        def rank(name: str) -> tuple[int, bool, datetime, str]:
            word = self.words[name]
            return word.revision // EPOCH_STRIDE, word.withdrawal is None, word.said_at, name

        return max(self.words, key=rank)

    @property
    def word(self) -> Word:
        """The word that counts."""
        return self.words[self.territory]

    @property
    def content(self) -> Mapping[str, Any]:
        """The reasons and figures last proposed, as JSON of `proposal.made`; empty when none was ever seen."""
        return self.word.content or {}

    @property
    def score(self) -> int:
        """0 to 100."""
        return int(self.content.get("score", 0))

    @property
    def status(self) -> ProposalStatus:
        """What users see. An accept outlives a better newcomer (`outranked`), but no other withdrawal."""
        if self.standing in TERMINAL:
            return ProposalStatus(self.standing.value)
        withdrawal = self.word.withdrawal
        if withdrawal is None or (withdrawal is WithdrawalReason.OUTRANKED and self.standing is Standing.ACCEPTED):
            return ProposalStatus.OPEN
        return ProposalStatus.WITHDRAWN

    @property
    def withdrawal_reason(self) -> WithdrawalReason | None:
        """Why it is withdrawn, when it is."""
        return self.word.withdrawal if self.status is ProposalStatus.WITHDRAWN else None

    def party_of(self, company_id: UUID) -> Party | None:
        """The side on which a company stands, if it does."""
        if company_id == self.borrower_id:
            return Party.BORROWER
        return Party.LENDER if company_id == self.lender_id else None

    def company_of(self, party: Party) -> UUID:
        """The company on a side."""
        return self.borrower_id if party is Party.BORROWER else self.lender_id

    def accepted_by(self, party: Party) -> bool:
        """Whether this party has accepted."""
        return party in self.decisions and self.decisions[party].verdict == "accept"

    def with_word(self, event: ProposalMade | ProposalWithdrawn, time: datetime) -> Proposal:
        """It, after a word of matching; the same whatever the order in which words come, and however often."""
        held = self.words.get(event.territory)
        word = heard(event, time, held)
        if word == held and self.made_at <= time:
            return self
        return self._but(words={**self.words, event.territory: word}, made_at=min(self.made_at, time))

    def unaware(self, territory: str) -> bool:
        """Whether the shard of a territory does not know yet what was decided."""
        return self.told.get(territory, 0) < self.version

    def with_told(self, territory: str, version: int) -> Proposal:
        """It, once the shard of a territory is told a version; itself if it was told that one, or a later one."""
        if version <= self.told.get(territory, 0):
            return self
        return self._but(told={**self.told, territory: version})

    def seen_by(self, contact_id: UUID, now: datetime) -> Proposal:
        """It, once a contact saw its page; itself if that one had before."""
        return self if contact_id in self.seen else self._but(seen={**self.seen, contact_id: now})

    def accepted(self, party: Party, now: datetime) -> Proposal:
        """It, once this party accepts: told to the other, or, if that one had accepted, an agreement begins.

        Raises:
            ConflictError: it is not open any more.
        """
        if self.accepted_by(party) and self.status in {ProposalStatus.OPEN, ProposalStatus.AGREED}:
            return self
        self._must_be(ProposalStatus.OPEN)
        accept = Decided(verdict="accept", reason=None, at=now)
        decisions = {**self.decisions, party: accept}
        if self.accepted_by(Party.LENDER if party is Party.BORROWER else Party.BORROWER):
            attempt = self.attempts + 1
            saga = Saga(step="reserving", attempt=attempt, by=party, since=now)
            return self._but(decisions=decisions, saga=saga, attempts=attempt)
        return self._said(Standing.ACCEPTED, by=party, decisions=decisions)

    def declined(self, party: Party, reason: DeclineReason | None, now: datetime) -> Proposal:
        """It, once this party declines, also after its own accept. Terminal.

        Raises:
            ConflictError: it is not open any more.
        """
        self._must_be(ProposalStatus.OPEN)
        decline = Decided(verdict="decline", reason=reason, at=now)
        return self._said(Standing.DECLINED, by=party, decisions={**self.decisions, party: decline})

    def undoing(self, attempt: int, why: str) -> Proposal:
        """It, once this attempt is known to come to nothing; itself if that is decided otherwise."""
        if not self._at("reserving", attempt):
            return self
        return self._but(saga=self._saga().model_copy(update={"step": "undoing", "why": why}))

    def undone(self, attempt: int) -> Proposal:
        """It, as before the second accept, whose party is told why."""
        if not self._at("undoing", attempt):
            return self
        saga = self._saga()
        rest = {party: each for party, each in self.decisions.items() if party is not saga.by}
        return self._but(saga=None, refused=saga, decisions=rest)

    def agreed(self, attempt: int, headcount: int) -> Proposal:
        """It, once people are held on both sides: the point of no return."""
        if not self._at("reserving", attempt):
            return self
        saga = self._saga().model_copy(update={"step": "confirming"})
        return self._said(Standing.AGREED, by=saga.by, headcount=headcount, saga=saga)

    def settled(self, attempt: int) -> Proposal:
        """It, once both sides have said that the people are taken."""
        return self._but(saga=None) if self._at("confirming", attempt) else self

    def releasing(self, party: Party, reason: DeclineReason | None, now: datetime) -> Proposal:
        """It, once a party calls the agreement off; the people are about to come back.

        Raises:
            ConflictError: nothing is agreed.
        """
        self._must_be(ProposalStatus.AGREED)
        saga = Saga(step="releasing", attempt=self.attempts, by=party, since=now, reason=reason)
        return self._but(saga=saga)

    def cancelled(self, now: datetime) -> Proposal:
        """It, once the people are back. Terminal."""
        if not self._at("releasing", self.attempts):
            return self
        saga = self._saga()
        cancel = Decided(verdict="cancel", reason=saga.reason, at=now)
        return self._said(Standing.CANCELLED, by=saga.by, decisions={**self.decisions, saga.by: cancel}, saga=None)

    def _must_be(self, expected: ProposalStatus) -> None:
        if self.status is not expected:
            raise ConflictError(
                f"Cette proposition est {FRENCH[self.status]} : elle n'est plus {FRENCH[expected]}."
                if expected is ProposalStatus.OPEN
                else f"Cette proposition est {FRENCH[self.status]} : il n'y a pas d'accord à annuler.",
                status_of_proposal=self.status.value,
            )

    def _at(self, step: str, attempt: int) -> bool:
        return self.saga is not None and self.saga.step == step and self.saga.attempt == attempt

    def _saga(self) -> Saga:
        if self.saga is None:
            msg = "no agreement is under way"
            raise LookupError(msg)
        return self.saga

    def _said(self, standing: Standing, by: Party, **fields: Any) -> Proposal:
        version = self.version + 1
        told = {**self.told, self.territory: version}
        return self._but(standing=standing, by=by, version=version, told=told, **fields)

    def _but(self, **fields: Any) -> Proposal:
        return self.model_copy(update=fields)


def first_heard(event: ProposalMade | ProposalWithdrawn, time: datetime) -> Proposal:
    """A pair that is spoken of for the first time."""
    return Proposal(
        id=event.id,
        need_id=event.need_id,
        availability_id=event.availability_id,
        borrower_id=event.borrower_id,
        lender_id=event.lender_id,
        words={event.territory: heard(event, time, None)},
        made_at=time,
    )


def unknown_proposal() -> NotFoundError:
    """What is answered about a proposal that does not exist, or that this caller may not know of."""
    return NotFoundError("Cette proposition n'existe pas.")
