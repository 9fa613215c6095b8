"""What notifications knows of a pair from the events alone: enough to tell what is new and what is still true."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.decisions import (
    Outcome,
    ProposalAccepted,
    ProposalAgreed,
    ProposalCancelled,
    ProposalDeclined,
    Standing,
)
from schemas.envelope import EPOCH_STRIDE
from schemas.proposals import Pair as Word
from schemas.proposals import ProposalMade, ProposalWithdrawn, Reason, WithdrawalReason
from schemas.vocabulary import DeclineReason, Party

TERMINAL: Final = frozenset({Standing.AGREED, Standing.DECLINED, Standing.CANCELLED})

STANDINGS: Final[dict[type[Outcome], Standing]] = {
    ProposalAccepted: Standing.ACCEPTED,
    ProposalAgreed: Standing.AGREED,
    ProposalDeclined: Standing.DECLINED,
    ProposalCancelled: Standing.CANCELLED,
}


class Content(BaseModel):
    """What a message says of a pair; as matching last proposed it."""

    model_config = ConfigDict(frozen=True)

    score: int
    reasons: tuple[Reason, ...]
    distance_metres: int


class Said(BaseModel):
    """The last word of matching about the pair in one territory.

    Attributes:
        withdrawal: why the pair is no longer proposed there; none while it is.
        content: none when only a withdrawal was heard.
        at: the time of the word's cause.
    """

    model_config = ConfigDict(frozen=True)

    revision: int
    withdrawal: WithdrawalReason | None
    content: Content | None
    at: datetime

    @property
    def open(self) -> bool:
        """That territory proposes the pair."""
        return self.withdrawal is None


class KnownPair(BaseModel):
    """A pair, after the last words of matching and the last outcome of the registry.

    The two come by different topics, in no order between them; each has its own guard. A need that moves is spoken of
    by another territory, whose offsets, and so whose revisions, do not compare with those of the one it left.

    Attributes:
        words: of matching, by territory; those of the latest epoch only, in which everything that holds is said again.
        since: the word that opened, or closed, the present run: a pair that is stated again while it is open, there or
            in another territory, has a newer word and an old `since`, and is news to nobody.
        version: of the registry's last outcome; 0 before the first.
        standing: what that outcome says; none while nobody has decided.
        by: the party that decided last; `accepted_by` are those that ever accepted.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    need_id: UUID
    availability_id: UUID
    borrower_id: UUID
    lender_id: UUID
    words: Mapping[str, Said] = Field(default_factory=dict)
    since: str | None = None
    version: int = 0
    standing: Standing | None = None
    by: Party | None = None
    accepted_by: tuple[Party, ...] = ()
    decline_reason: DeclineReason | None = None
    headcount: int | None = None

    @property
    def open(self) -> bool:
        """Matching proposes the pair, wherever its need is."""
        return any(said.open for said in self.words.values())

    @property
    def closed(self) -> bool:
        """Matching has spoken of the pair, and no longer proposes it."""
        return bool(self.words) and not self.open

    @property
    def withdrawal(self) -> WithdrawalReason | None:
        """Why it is closed."""
        said = self._said
        return said.withdrawal if said else None

    @property
    def score(self) -> int | None:
        """As last proposed."""
        content = self._content
        return content.score if content else None

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """As last proposed."""
        content = self._content
        return content.reasons if content else ()

    @property
    def distance_metres(self) -> int | None:
        """As last proposed."""
        content = self._content
        return content.distance_metres if content else None

    @property
    def decided(self) -> bool:
        """Whether the registry has said its last word, or one that only a cancellation follows."""
        return self.standing in TERMINAL

    def company(self, party: Party) -> UUID:
        """The company on that side."""
        return self.borrower_id if party is Party.BORROWER else self.lender_id

    @property
    def _said(self) -> Said | None:
        """The word that counts: of the territory that proposes the pair, else the latest.

        Of two that say at once why it ended, that the need is elsewhere says the least.
        """
        if len(self.words) == 1:  # almost always
            return next(iter(self.words.values()))
        moved = WithdrawalReason.NEED_MOVED
        return max(
            self.words.values(), key=lambda said: (said.open, said.at, said.withdrawal is not moved), default=None
        )

    @property
    def _content(self) -> Content | None:
        return self._said.content if self._said else None


def name_of(word: Word) -> str:
    """A word of matching, among all that are said of its pair."""
    return f"{word.territory}@{word.revision}"


def after(pair: KnownPair | None, word: Word | Outcome, at: datetime) -> KnownPair:
    """The pair once this word, whose cause is of that time, is known.

    The same object when the word is not newer than what is held of its territory, or of an epoch that is over.
    """
    if pair is None:
        pair = KnownPair(
            id=word.id,
            need_id=word.need_id,
            availability_id=word.availability_id,
            borrower_id=word.borrower_id,
            lender_id=word.lender_id,
        )
    if isinstance(word, Outcome):
        return _after_outcome(pair, word)
    epoch = word.revision // EPOCH_STRIDE
    held = pair.words.get(word.territory)
    if held is not None and word.revision <= held.revision:
        return pair
    if any(said.revision // EPOCH_STRIDE > epoch for said in pair.words.values()):
        return pair
    said = Said(
        revision=word.revision,
        withdrawal=word.reason if isinstance(word, ProposalWithdrawn) else None,
        content=_content_of(word) or (held.content if held else None),
        at=at,
    )
    present = {name: each for name, each in pair.words.items() if each.revision // EPOCH_STRIDE == epoch}
    learnt = pair.model_copy(update={"words": {**present, word.territory: said}})
    turned = pair.since is None or learnt.open is not pair.open
    return learnt.model_copy(update={"since": name_of(word)}) if turned else learnt


def _content_of(word: Word) -> Content | None:
    if not isinstance(word, ProposalMade):
        return None
    return Content(score=word.score, reasons=word.reasons, distance_metres=word.distance_metres)


def _after_outcome(pair: KnownPair, outcome: Outcome) -> KnownPair:
    if outcome.version <= pair.version:
        return pair
    accepted = pair.accepted_by
    if isinstance(outcome, ProposalAccepted | ProposalAgreed) and outcome.by not in accepted:
        accepted = (*accepted, outcome.by)
    return pair.model_copy(
        update={
            "version": outcome.version,
            "standing": STANDINGS[type(outcome)],
            "by": outcome.by,
            "accepted_by": accepted,
            "decline_reason": outcome.reason,
            "headcount": outcome.headcount,
        }
    )
