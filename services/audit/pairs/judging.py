"""How a pair is judged again: the question put to matching's rules, which the composition root hands over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from schemas.facts import AvailabilityRecorded, NeedRecorded

Figure = int | str | bool | None | tuple[str, ...]
Rank = tuple[int, int, int]
"""The order of the pairs of one need, the smallest first: score (negated), distance in metres, availability id."""


class Rule(StrEnum):
    """What a pair has to satisfy, in the order of the rules."""

    COMPANIES = "companies"
    MODE = "mode"
    OCCUPATION = "occupation"
    DISTANCE = "distance"
    PERIOD = "period"
    CERTIFICATES = "certificates"
    NEED_STATE = "need_state"
    AVAILABILITY_STATE = "availability_state"
    STANDING = "standing"


@dataclass(frozen=True, slots=True)
class Setting:
    """What surrounds a pair when it is judged.

    Attributes:
        today: the last day that began there, in Paris; none before the first of an epoch.
        is_over: whether the companies have closed the pair: agreed, declined or cancelled.
    """

    rules_version: int
    territory: str
    today: date | None
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One rule, whether the pair satisfies it, and the figures that say so."""

    rule: Rule
    holds: bool
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say of a pair.

    Attributes:
        checks: every rule, in order.
        rank: where it stands among others of its need; none when it is not eligible.
    """

    checks: tuple[Check, ...]
    rank: Rank | None

    @property
    def failed(self) -> Check | None:
        """The first rule that the pair does not satisfy."""
        return next((check for check in self.checks if not check.holds), None)


class Judge(Protocol):
    """Judges pairs by the rules of a version; both methods agree on who is eligible.

    Raises:
        PasserellesError: from either, this build has not the rules of that version.
    """

    def judge(self, need: NeedRecorded, staff: AvailabilityRecorded, setting: Setting) -> Judgement:
        """What the rules say of this need and these people, rule by rule."""
        ...

    def rank(self, need: NeedRecorded, staff: AvailabilityRecorded, setting: Setting) -> Rank | None:
        """Where the pair stands, none when it is not eligible: for thousands of candidates."""
        ...
