"""An eligible pair as it is said: the two sides with what their words quote, and the figures between them."""

from __future__ import annotations

from dataclasses import dataclass

from services.matching.rules import Appraisal, Key
from services.matching.terms import NeedTerms, StaffTerms


@dataclass(frozen=True, slots=True)
class Place:
    """An eligible pair: the two sides as they were compared, and the result."""

    need: NeedTerms
    staff: StaffTerms
    appraisal: Appraisal

    @property
    def key(self) -> Key:
        """Its rank among the pairs of the need."""
        return self.appraisal.key
