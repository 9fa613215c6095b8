"""Why a pair is proposed, rule by rule with its figures, and the digest of what a proposal says."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Final

from pydantic import TypeAdapter

from schemas.proposals import (
    CapacityReason,
    CertificatesReason,
    DistanceReason,
    ModeReason,
    OccupationReason,
    PayReason,
    PeriodReason,
    Reason,
    SkillsReason,
)
from services.matching.rules import Appraisal
from services.matching.terms import NeedTerms, StaffTerms

_REASONS: Final = TypeAdapter(tuple[Reason, ...])


def reasons_for(need: NeedTerms, staff: StaffTerms, appraisal: Appraisal) -> tuple[Reason, ...]:
    """One reason for each rule: the five that score, then the three that only admit."""
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
        CertificatesReason(required=need.fact.certificates),
        CapacityReason(need_left=need.fact.headcount_left, availability_left=staff.fact.headcount_left),
    )


def content_digest(reasons: tuple[Reason, ...]) -> str:
    """SHA-256 of what may change from one word about a pair to the next: its reasons, as JSON in the schema's order.

    Score, distance and overlap stand in them. The versions of the two facts are left out: a pair is not said again
    because a company edited something that changes nothing between the two.
    """
    return hashlib.sha256(_REASONS.dump_json(reasons)).hexdigest()
