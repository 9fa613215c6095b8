"""What matching says, as events: a pair is made or withdrawn, the same to the byte whenever it is said again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from schemas.catalogue import BY_PAYLOAD
from schemas.envelope import Event, revision_of
from schemas.proposals import ProposalMade, ProposalWithdrawn, WithdrawalReason
from schemas.vocabulary import Payload, event_id, proposal_id
from services.matching.index import Place
from services.matching.reasons import content_digest, reasons_for
from services.matching.terms import Gone

SOURCE: Final = "matching"

_NEED_GONE: Final = {
    Gone.WITHDRAWN: WithdrawalReason.NEED_WITHDRAWN,
    Gone.FILLED: WithdrawalReason.NEED_FILLED,
    Gone.EXPIRED: WithdrawalReason.NEED_EXPIRED,
    Gone.ELSEWHERE: WithdrawalReason.NEED_MOVED,
}
_STAFF_GONE: Final = {
    Gone.WITHDRAWN: WithdrawalReason.AVAILABILITY_WITHDRAWN,
    Gone.FILLED: WithdrawalReason.AVAILABILITY_FILLED,
    Gone.EXPIRED: WithdrawalReason.AVAILABILITY_EXPIRED,
    Gone.ELSEWHERE: WithdrawalReason.OUT_OF_REACH,
}


@dataclass(frozen=True, slots=True)
class PairIds:
    """Who is concerned by a pair."""

    need_id: UUID
    availability_id: UUID
    borrower_id: UUID
    lender_id: UUID


def withdrawal_reason(need_gone: Gone | None, staff_gone: Gone | None, *, eligible: bool) -> WithdrawalReason:
    """The one reason told, the need's before the availability's, and both before the ranking."""
    if need_gone is not None:
        return _NEED_GONE[need_gone]
    if staff_gone is not None:
        return _STAFF_GONE[staff_gone]
    return WithdrawalReason.OUTRANKED if eligible else WithdrawalReason.NO_LONGER_ELIGIBLE


def same_content(said: Place, now: Place) -> bool:
    """Whether saying the pair again would say nothing new; score, distance and overlap stand in the reasons."""
    if said.need is now.need and said.staff is now.staff and said.appraisal == now.appraisal:
        return True
    return reasons_for(said.need, said.staff, said.appraisal) == reasons_for(now.need, now.staff, now.appraisal)


class Voice:
    """Speaks for one territory about what one fact caused.

    Args:
        cause: the fact: its time, epoch and territory are those of every event that it causes.
        offset: its place in its partition.
        rules_version: the version of the rules under which it is spoken.
    """

    def __init__(self, cause: Event[Payload], territory: str, offset: int, rules_version: int) -> None:
        self._cause = cause
        self._territory = territory
        self._revision = revision_of(cause.epoch, offset)
        self._rules_version = rules_version

    def made(self, place: Place) -> Event[Payload]:
        """The pair is proposed."""
        need, staff, appraisal = place.need, place.staff, place.appraisal
        reasons = reasons_for(need, staff, appraisal)
        id_ = proposal_id(need.id, staff.id)
        return self._event(
            id_,
            ProposalMade(
                id=id_,
                need_id=need.id,
                availability_id=staff.id,
                borrower_id=need.fact.company_id,
                lender_id=staff.fact.company_id,
                territory=self._territory,
                revision=self._revision,
                rules_version=self._rules_version,
                need_version=need.fact.version,
                availability_version=staff.fact.version,
                score=appraisal.score,
                reasons=reasons,
                distance_metres=appraisal.metres,
                overlap_days=appraisal.period.days,
                content=content_digest(reasons),
            ),
        )

    def withdrawn(self, pair: PairIds, reason: WithdrawalReason) -> Event[Payload]:
        """The pair no longer is."""
        id_ = proposal_id(pair.need_id, pair.availability_id)
        return self._event(
            id_,
            ProposalWithdrawn(
                id=id_,
                need_id=pair.need_id,
                availability_id=pair.availability_id,
                borrower_id=pair.borrower_id,
                lender_id=pair.lender_id,
                territory=self._territory,
                revision=self._revision,
                rules_version=self._rules_version,
                reason=reason,
            ),
        )

    def _event(self, id_: UUID, data: ProposalMade | ProposalWithdrawn) -> Event[Payload]:
        type_ = BY_PAYLOAD[type(data)]
        subject = str(id_)
        return Event(
            id=event_id(subject, self._revision, type_.name),
            type=type_.name,
            schema_version=type_.version,
            source=SOURCE,
            subject=subject,
            time=self._cause.time,
            epoch=self._cause.epoch,
            key=subject,
            data=data,
            territory=self._territory,
            causation_id=self._cause.id,
        )
