"""What matching says, as events: a pair is made or withdrawn, the same to the byte whenever it is said again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from schemas.catalogue import BY_PAYLOAD, EventType
from schemas.envelope import Event, format_time, revision_of
from schemas.proposals import ProposalMade, ProposalWithdrawn, WithdrawalReason
from schemas.vocabulary import PROPOSAL_NAMESPACE, Payload
from schemas.written import CONTENT_HEADER, SPEC_HEADER, Headers, WrittenEvent, constant_headers
from services.matching.places import Place
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
    """Speaks for one territory about what one fact caused; what its words share is written once.

    Args:
        cause: the fact: its time, epoch and territory are those of every event that it causes.
        offset: its place in its partition.
        rules_version: the version of the rules under which it is spoken.
    """

    def __init__(self, cause: Event[Payload], territory: str, offset: int, rules_version: int) -> None:
        self._cause = cause
        self._territory = territory
        self._offset = offset
        self._rules_version = rules_version
        self._common = ""

    def _begin(self) -> str:
        """Write what its words share, at the first of them: most facts cause none."""
        cause, territory = self._cause, self._territory
        self._revision = revision_of(cause.epoch, self._offset)
        self._time = ("ce_time", format_time(cause.time).encode())
        self._tail = (
            ("ce_territory", territory.encode()),
            ("ce_epoch", str(cause.epoch).encode()),
            ("ce_causationid", str(cause.id).encode()),
            CONTENT_HEADER,
        )
        rules = f'"rules_version":{self._rules_version}'
        self._common = f'"territory":"{territory}","revision":{self._revision},{rules}'
        return self._common

    def made(self, place: Place) -> Event[Payload]:
        """The pair is proposed."""
        need, staff, appraisal = place.need, place.staff, place.appraisal
        reasons = reasons_for(need, staff, appraisal)
        id_, pair = _pair(need.id, staff.id, need.company_id, staff.company_id)
        common = self._common or self._begin()
        value = (
            f'{pair},{common},"need_version":{need.version},"availability_version":{staff.version}'
            f',"score":{appraisal.score},"reasons":{reasons},"distance_metres":{appraisal.metres}'
            f',"overlap_days":{appraisal.period.days},"content":"{content_digest(reasons)}"}}'
        )
        return self._event(_MADE, id_, value)

    def withdrawn(self, pair: PairIds, reason: WithdrawalReason) -> Event[Payload]:
        """The pair no longer is."""
        id_, text = _pair(pair.need_id, pair.availability_id, pair.borrower_id, pair.lender_id)
        return self._event(_WITHDRAWN, id_, f'{text},{self._common or self._begin()},"reason":"{reason.value}"}}')

    def _event(self, kind: _Kind, id_: str, value: str) -> Event[Payload]:
        cause, subject = self._cause, id_.encode()
        event = _derived(f"{id_}:{self._revision}:{kind.type.name}")
        source, type_, schema = kind.headers
        return WrittenEvent(
            kind.type,
            event,
            source=SOURCE,
            subject=id_,
            time=cause.time,
            epoch=cause.epoch,
            territory=self._territory,
            causation_id=cause.id,
            value=value.encode(),
            headers=(
                SPEC_HEADER,
                ("ce_id", event.encode()),
                source,
                type_,
                schema,
                ("ce_subject", subject),
                self._time,
                ("ce_partitionkey", subject),
                *self._tail,
            ),
        )


@dataclass(frozen=True, slots=True)
class _Kind:
    type: EventType
    headers: Headers


_MADE: Final = _Kind(BY_PAYLOAD[ProposalMade], constant_headers(BY_PAYLOAD[ProposalMade], SOURCE))
_WITHDRAWN: Final = _Kind(BY_PAYLOAD[ProposalWithdrawn], constant_headers(BY_PAYLOAD[ProposalWithdrawn], SOURCE))


def _pair(need_id: UUID, availability_id: UUID, borrower_id: UUID, lender_id: UUID) -> tuple[str, str]:
    """The proposal's id, and the beginning of what is said of it."""
    need, availability = str(need_id), str(availability_id)
    id_ = _derived(f"{need}:{availability}")
    ids = f'{{"id":"{id_}","need_id":"{need}","availability_id":"{availability}"'
    return id_, f'{ids},"borrower_id":"{borrower_id}","lender_id":"{lender_id}"'


def _derived(name: str) -> str:
    """`str(uuid5(PROPOSAL_NAMESPACE, name))`, without the object (RFC 9562, section 5.5)."""
    digest = hashlib.sha1(_NAMESPACE + name.encode()).hexdigest()  # noqa: S324 (what version 5 is made of)
    variant = _VARIANTS[digest[16]]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


_NAMESPACE: Final = PROPOSAL_NAMESPACE.bytes
_VARIANTS: Final = {f"{digit:x}": f"{digit & 3 | 8:x}" for digit in range(16)}
