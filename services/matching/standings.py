"""Where the pairs of one territory stand for the registry: undecided, accepted, or over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

from schemas.decisions import DecisionRecorded, Standing
from schemas.facts import Posting
from schemas.vocabulary import proposal_id
from services.matching.odd import Odd

OVER: Final = frozenset({Standing.AGREED, Standing.DECLINED, Standing.CANCELLED})
"""The terminal standings: the pair leaves the open set without a word and is never proposed again."""

_NONE: Final[Mapping[UUID, DecisionRecorded]] = MappingProxyType({})


class Standings:
    """The latest decision on each pair, and the agreements that facts already tell of.

    A fact that an agreement or a cancellation made carries the proposal's id, and may overtake the decision itself, as
    each leaves the registry by the outbox of its own document. Such a pair counts as over at once: otherwise it would
    be withdrawn as "filled" by its own agreement.
    """

    def __init__(self) -> None:
        self._by_need: dict[UUID, dict[UUID, DecisionRecorded]] = {}
        self._told_by_facts: dict[UUID, set[UUID]] = {}

    def record(self, decision: DecisionRecorded) -> Odd | None:
        """Take note, or tell why not: it is not newer than what is known of the pair."""
        known = self._by_need.setdefault(decision.need_id, {})
        last = known.get(decision.availability_id)
        if last is not None and decision.version <= last.version:
            other = decision.version == last.version and decision != last
            return Odd.OTHER_CONTENT if other else Odd.OLDER_VERSION
        known[decision.availability_id] = decision
        return None

    def note(self, posting: Posting) -> bool:
        """Take note of the agreement or cancellation that made this version of a fact. False: none, or known."""
        if posting.proposal_id is None:
            return False
        told = self._told_by_facts.setdefault(posting.id, set())
        if posting.proposal_id in told:
            return False
        told.add(posting.proposal_id)
        return True

    def of_need(self, need_id: UUID) -> Mapping[UUID, DecisionRecorded]:
        """The decisions on the pairs of a need, by availability."""
        return self._by_need.get(need_id, _NONE)

    def is_over(self, need_id: UUID, availability_id: UUID) -> bool:
        """Whether the pair may never be proposed again."""
        decision = self.of_need(need_id).get(availability_id)
        if decision is not None and decision.standing in OVER:
            return True
        by_need = self._told_by_facts.get(need_id)
        by_availability = self._told_by_facts.get(availability_id)
        if by_need is None and by_availability is None:
            return False
        id_ = proposal_id(need_id, availability_id)
        return (by_need is not None and id_ in by_need) or (by_availability is not None and id_ in by_availability)

    def is_accepted(self, need_id: UUID, availability_id: UUID) -> bool:
        """Whether one of the companies, at least, has accepted a pair that is not over."""
        decision = self.of_need(need_id).get(availability_id)
        return (
            decision is not None
            and decision.standing is Standing.ACCEPTED
            and not self.is_over(need_id, availability_id)
        )

    def going_on(self) -> Iterator[DecisionRecorded]:
        """Every pair that the registry holds as open or accepted."""
        for need_id, decisions in self._by_need.items():
            for availability_id, decision in decisions.items():
                if not self.is_over(need_id, availability_id):
                    yield decision
