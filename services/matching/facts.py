"""What one territory knows of needs and availabilities: the last version of each, and which take part today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from uuid import UUID

from passerelles.reference.communes import COMMUNES
from schemas.facts import AvailabilityRecorded, NeedRecorded, Posting
from services.matching.index import NeedIndex, StaffIndex
from services.matching.odd import Odd
from services.matching.rules import Rules
from services.matching.terms import Gone, NeedTerms, StaffTerms, gone, need_terms, staff_terms


class Facts:
    """The facts of one territory in one epoch.

    The last version of what no longer takes part is kept: an older one that comes late must still be ignored, and a
    withdrawal says why from it.
    """

    def __init__(self, territory: str, rules: Rules, odd: Counter[Odd]) -> None:
        self.territory = territory
        self.rules = rules
        self.today: date | None = None
        self.live_needs = NeedIndex()
        self.live_staff = StaffIndex()
        self._needs: dict[UUID, NeedTerms] = {}
        self._staff: dict[UUID, StaffTerms] = {}
        self._odd = odd

    def need(self, need_id: UUID) -> NeedTerms | None:
        """The need at its last version, taking part or not."""
        return self._needs.get(need_id)

    def staff(self, availability_id: UUID) -> StaffTerms | None:
        """The availability at its last version, taking part or not."""
        return self._staff.get(availability_id)

    def record_need(self, fact: NeedRecorded) -> bool:
        """Take a need's fact. False: it changes nothing here."""
        if not self._is_news(fact, self._needs):
            return False
        need = self._needs[fact.id] = need_terms(fact)
        if self.why_gone(need) is None:
            self.live_needs.put(self.rules, need)
        else:
            self.live_needs.drop(self.rules, need.id)
        return True

    def record_staff(self, fact: AvailabilityRecorded) -> bool:
        """Take an availability's fact. False: it changes nothing here."""
        if not self._is_news(fact, self._staff):
            return False
        staff = self._staff[fact.id] = staff_terms(fact)
        if self.why_gone(staff) is None:
            self.live_staff.put(staff)
        else:
            self.live_staff.drop(staff.id)
        return True

    def start_day(self, day: date) -> tuple[list[UUID], list[UUID]]:
        """Let a day begin: the needs and the availabilities that expired by it, and take part no more."""
        if self.today is not None and day <= self.today:
            self._odd[Odd.EARLIER_DAY] += 1
            return [], []
        self.today = day
        needs = [need.id for need in self.live_needs if self.why_gone(need) is not None]
        staff = [staff.id for staff in self.live_staff if self.why_gone(staff) is not None]
        for need_id in needs:
            self.live_needs.drop(self.rules, need_id)
        for availability_id in staff:
            self.live_staff.drop(availability_id)
        return needs, staff

    def why_gone(self, terms: NeedTerms | StaffTerms) -> Gone | None:
        """Why a need or an availability takes no part in this territory today; none when it does."""
        return gone(terms.fact, self.territory, self.today)

    def _is_news(self, fact: Posting, known: Mapping[UUID, NeedTerms] | Mapping[UUID, StaffTerms]) -> bool:
        if fact.commune not in COMMUNES:
            self._odd[Odd.UNKNOWN_COMMUNE] += 1
            return False
        last = known.get(fact.id)
        if last is None or fact.version > last.fact.version:
            return True
        other = fact.version == last.fact.version and fact != last.fact
        self._odd[Odd.OTHER_CONTENT if other else Odd.OLDER_VERSION] += 1
        return False
