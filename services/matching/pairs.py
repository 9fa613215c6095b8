"""One pair by itself, for whoever judges it again: the same rows and the same compiled rules as in the fold."""

from __future__ import annotations

from datetime import date

from schemas.facts import AvailabilityRecorded, NeedRecorded
from services.matching.columns.buckets import bucket_of
from services.matching.columns.layout import GONE, words
from services.matching.facts import Facts
from services.matching.odd import Oddities
from services.matching.places import Place
from services.matching.ranker import Ranker
from services.matching.rules import Rules
from services.matching.scribe import Scribe
from services.matching.standings import Standings


def compare(
    rules: Rules, need: NeedRecorded, staff: AvailabilityRecorded, territory: str, today: date | None = None
) -> Place | None:
    """The pair in a territory where nobody else is; none if it is not eligible or one of the two takes no part."""
    facts = Facts(territory, rules, Oddities())
    facts.today = today
    facts.record_need(need)
    facts.record_staff(staff)
    at, person = facts.needs.find(need.id), facts.staff.find(staff.id)
    if GONE in (bucket_of(facts.needs.table, at), bucket_of(facts.staff.table, person)):
        return None
    ranker = Ranker(facts, Standings())
    key = ranker.key(at, person)
    return Scribe(facts, ranker).places([(at, key, *words(staff.id))])[0] if key >= 0 else None
