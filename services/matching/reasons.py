"""Why a pair is proposed, rule by rule with its figures, and the digest of what a proposal says.

As JSON at once: building the models of the contract to dump them took most of the time of a proposal. The bytes are
those that the models give (`tests/unit/matching/test_words.py`); every text is a code of ours, so none needs escaping.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from services.matching.rules import Appraisal
from services.matching.terms import NeedTerms, StaffTerms


def reasons_for(need: NeedTerms, staff: StaffTerms, appraisal: Appraisal) -> str:
    """One reason for each rule: the five that score, then the three that only admit; a JSON array."""
    way, period = appraisal.way, appraisal.period
    held = [skill for skill in need.skills if skill in staff.skills]
    missing = need.skills if not held else [skill for skill in need.skills if skill not in staff.skills]
    return (
        f'[{{"rule":"occupation","points":{way.points},"link":"{way.link.value}"'
        f',"person":"{staff.occupation}","need":"{need.occupation}"}}'
        f',{{"rule":"skills","points":{appraisal.skills_points},"held":{_codes(held)},"missing":{_codes(missing)}}}'
        f',{{"rule":"distance","points":{appraisal.distance_points},"metres":{appraisal.metres}'
        f',"limit_metres":{staff.limit_metres}}}'
        f',{{"rule":"period","points":{appraisal.period_points},"shared_days":{period.days}'
        f',"need_days":{period.asked},"first_day":"{_day(period.first)}"}}'
        f',{{"rule":"pay","points":{appraisal.pay_points},"current":{_number(staff.pay)}'
        f',"maximum":{_number(need.pay_maximum)}}}'
        f',{{"rule":"mode","points":0,"mode":"{need.mode.value}"}}'
        f',{{"rule":"certificates","points":0,"required":{_codes(need.certificates)}}}'
        f',{{"rule":"capacity","points":0,"need_left":{need.headcount_left}'
        f',"availability_left":{staff.headcount_left}}}]'
    )


def content_digest(reasons: str) -> str:
    """SHA-256 of what may change from one word about a pair to the next: its reasons, as JSON in the schema's order.

    Score, distance and overlap stand in them. The versions of the two facts are left out: a pair is not said again
    because a company edited something that changes nothing between the two.
    """
    return hashlib.sha256(reasons.encode()).hexdigest()


def _codes(codes: Sequence[str]) -> str:
    return '["' + '","'.join(codes) + '"]' if codes else "[]"


def _number(value: int | None) -> str:
    return "null" if value is None else str(value)


@lru_cache(maxsize=4096)
def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()
