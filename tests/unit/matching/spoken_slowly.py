"""What matching says by way of the contract's models: the yardstick of the words that it writes by hand."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import TypeAdapter

from schemas.catalogue import BY_PAYLOAD
from schemas.envelope import Event, revision_of
from schemas.proposals import (
    CapacityReason,
    CertificatesReason,
    DistanceReason,
    ModeReason,
    OccupationReason,
    PayReason,
    PeriodReason,
    ProposalMade,
    ProposalWithdrawn,
    Reason,
    SkillsReason,
    WithdrawalReason,
)
from schemas.vocabulary import Payload, event_id, proposal_id
from services.matching.places import Place
from services.matching.reasons import reasons_for
from services.matching.rules import Appraisal
from services.matching.terms import NeedTerms, StaffTerms
from services.matching.words import SOURCE, PairIds

REASONS: TypeAdapter[tuple[Reason, ...]] = TypeAdapter(tuple[Reason, ...])


def reasons_read(need: NeedTerms, staff: StaffTerms, appraisal: Appraisal) -> tuple[Reason, ...]:
    """The reasons that matching writes, as models."""
    return REASONS.validate_json(reasons_for(need, staff, appraisal))


def reasons_of(need: NeedTerms, staff: StaffTerms, appraisal: Appraisal) -> tuple[Reason, ...]:
    period = appraisal.period
    return (
        OccupationReason(
            points=appraisal.way.points,
            link=appraisal.way.link,
            person=staff.occupation,
            need=need.occupation,
        ),
        SkillsReason(
            points=appraisal.skills_points,
            held=tuple(skill for skill in need.skills if skill in staff.skills),
            missing=tuple(skill for skill in need.skills if skill not in staff.skills),
        ),
        DistanceReason(points=appraisal.distance_points, metres=appraisal.metres, limit_metres=staff.limit_metres),
        PeriodReason(
            points=appraisal.period_points,
            shared_days=period.days,
            need_days=period.asked,
            first_day=date.fromordinal(period.first),
        ),
        PayReason(points=appraisal.pay_points, current=staff.pay, maximum=need.pay_maximum),
        ModeReason(mode=need.mode),
        CertificatesReason(required=need.certificates),
        CapacityReason(need_left=need.headcount_left, availability_left=staff.headcount_left),
    )


def made(cause: Event[Payload], offset: int, rules_version: int, place: Place, digest: str) -> Event[Payload]:
    need, staff, appraisal = place.need, place.staff, place.appraisal
    data = ProposalMade(
        id=proposal_id(need.id, staff.id),
        need_id=need.id,
        availability_id=staff.id,
        borrower_id=need.company_id,
        lender_id=staff.company_id,
        territory=cause.territory or "",
        revision=revision_of(cause.epoch, offset),
        rules_version=rules_version,
        need_version=need.version,
        availability_version=staff.version,
        score=appraisal.score,
        reasons=reasons_of(need, staff, appraisal),
        distance_metres=appraisal.metres,
        overlap_days=appraisal.period.days,
        content=digest,
    )
    return _event(cause, offset, data.id, data)


def withdrawn(
    cause: Event[Payload], offset: int, rules_version: int, pair: PairIds, reason: WithdrawalReason
) -> Event[Payload]:
    id_ = proposal_id(pair.need_id, pair.availability_id)
    data = ProposalWithdrawn(
        id=id_,
        need_id=pair.need_id,
        availability_id=pair.availability_id,
        borrower_id=pair.borrower_id,
        lender_id=pair.lender_id,
        territory=cause.territory or "",
        revision=revision_of(cause.epoch, offset),
        rules_version=rules_version,
        reason=reason,
    )
    return _event(cause, offset, id_, data)


def _event(cause: Event[Payload], offset: int, id_: UUID, data: Payload) -> Event[Payload]:
    type_, subject = BY_PAYLOAD[type(data)], str(id_)
    return Event(
        id=event_id(subject, revision_of(cause.epoch, offset), type_.name),
        type=type_.name,
        schema_version=type_.version,
        source=SOURCE,
        subject=subject,
        time=cause.time,
        epoch=cause.epoch,
        key=subject,
        data=data,
        territory=cause.territory,
        causation_id=cause.id,
    )
