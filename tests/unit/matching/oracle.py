"""An independent brute force of matching, written from the design: it recomputes every open set at every event.

It shares nothing with the fold but the estimated distance and the look-up of ROME's links.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

from passerelles.reference.communes import commune, distance_metres
from passerelles.reference.occupations import links_to
from schemas.decisions import DecisionRecorded
from schemas.envelope import Event
from schemas.epochs import DayStarted, EpochOpened, RulesAdopted
from schemas.facts import AvailabilityRecorded, NeedRecorded
from schemas.vocabulary import Payload, proposal_id

PairKey = tuple[UUID, UUID]
Proposed = dict[str, Any]
Said = tuple[str, PairKey, Any]
"""("withdrawn", pair, reason) or ("made", pair, what is proposed)."""

DESIGN_K = (10, 2)
ONE_DAY = timedelta(days=1)


def half_up(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


def appraise(need: NeedRecorded, person: AvailabilityRecorded) -> Proposed | None:
    """What is proposed when the pair is eligible; none when it is not. State and decisions are looked at elsewhere."""
    if need.siren == person.siren:
        return None
    if need.mode not in person.modes:
        return None
    link = links_to(need.occupation).get(person.occupation)
    metres = distance_metres(commune(need.commune), commune(person.commune))
    limit = 1000 * person.mobility_km
    if link is None or metres > limit:
        return None
    later = max(need.start, person.start)
    if need.end is None:
        last, asked = later + 364 * ONE_DAY, 365
    else:
        last, asked = need.end, (need.end - need.start).days + 1
    last_shared = last if person.end is None else min(last, person.end)
    shared = (last_shared - later).days + 1
    if shared < min(5, asked):
        return None
    if set(need.certificates) - set(person.certificates):
        return None

    wanted = list(dict.fromkeys(need.skills))
    held = [skill for skill in wanted if skill in person.skills]
    missing = [skill for skill in wanted if skill not in person.skills]
    pay = Fraction(5)
    if need.monthly_gross_max is not None and person.monthly_gross is not None:
        excess = max(0, person.monthly_gross - need.monthly_gross_max)
        pay = max(Fraction(0), 5 * (1 - excess / (Fraction(20, 100) * need.monthly_gross_max)))
    points = {
        "occupation": {"same": 40, "proche": 28, "evolution": 20}[link.value],
        "skills": half_up(Fraction(20 * len(held), len(wanted))) if wanted else 20,
        "distance": half_up(20 * (1 - Fraction(metres, limit))),
        "period": half_up(Fraction(15 * shared, asked)),
        "pay": half_up(pay),
    }
    figures: dict[str, dict[str, Any]] = {
        "occupation": {"link": link.value, "person": person.occupation, "need": need.occupation},
        "skills": {"held": held, "missing": missing},
        "distance": {"metres": metres, "limit_metres": limit},
        "period": {"shared_days": shared, "need_days": asked, "first_day": later.isoformat()},
        "pay": {"current": person.monthly_gross, "maximum": need.monthly_gross_max},
        "mode": {"mode": need.mode.value},
        "certificates": {"required": list(need.certificates)},
        "capacity": {"need_left": need.headcount_left, "availability_left": person.headcount_left},
    }
    return {
        "score": sum(points.values()),
        "distance_metres": metres,
        "overlap_days": shared,
        "reasons": [{"rule": rule, "points": points.get(rule, 0), **figures[rule]} for rule in figures],
    }


@dataclass
class Land:
    """What the oracle knows of one territory."""

    name: str
    kept: Callable[[int], int]
    epoch: int
    today: date = date.min
    is_open: bool = False
    needs: dict[UUID, NeedRecorded] = field(default_factory=dict)
    people: dict[UUID, AvailabilityRecorded] = field(default_factory=dict)
    decisions: dict[PairKey, DecisionRecorded] = field(default_factory=dict)
    told_over: set[tuple[UUID, UUID]] = field(default_factory=set)
    proposed: dict[PairKey, Proposed] = field(default_factory=dict)

    def gone(self, fact: NeedRecorded | AvailabilityRecorded | None) -> str | None:
        if fact is None or fact.status.value == "withdrawn":
            return "withdrawn"
        if fact.headcount_left == 0:
            return "filled"
        if fact.end is not None and fact.end < self.today:
            return "expired"
        return None if self.name in fact.territories else "elsewhere"

    def standing(self, pair: PairKey) -> str:
        if any((posting, proposal_id(*pair)) in self.told_over for posting in pair):
            return "over"
        said = self.decisions[pair].standing.value if pair in self.decisions else "open"
        return "over" if said in {"agreed", "declined", "cancelled"} else said

    def eligible(self, pair: PairKey) -> Proposed | None:
        wanted, person = self.needs.get(pair[0]), self.people.get(pair[1])
        if wanted is None or person is None or self.gone(wanted) or self.gone(person) or self.standing(pair) == "over":
            return None
        return appraise(wanted, person)

    def open_sets(self) -> dict[PairKey, Proposed]:
        sets: dict[PairKey, Proposed] = {}
        for need_id, wanted in self.needs.items():
            pairs = {(need_id, person_id): self.eligible((need_id, person_id)) for person_id in self.people}
            fit = {pair: proposed for pair, proposed in pairs.items() if proposed is not None}
            accepted = [pair for pair in fit if self.standing(pair) == "accepted"]
            others = sorted((self.rank(pair, fit[pair]), pair) for pair in fit if pair not in accepted)
            best = [pair for _, pair in others][: self.kept(wanted.headcount_left)]
            sets |= {pair: fit[pair] for pair in (*accepted, *best)}
        return sets

    def rank(self, pair: PairKey, proposed: Proposed) -> tuple[int, int, int]:
        return (-proposed["score"], proposed["distance_metres"], pair[1].int)

    def why(self, pair: PairKey) -> str:
        need_gone, person_gone = self.gone(self.needs.get(pair[0])), self.gone(self.people.get(pair[1]))
        if need_gone:
            return "need_moved" if need_gone == "elsewhere" else f"need_{need_gone}"
        if person_gone:
            return "out_of_reach" if person_gone == "elsewhere" else f"availability_{person_gone}"
        return "outranked" if self.eligible(pair) else "no_longer_eligible"

    def take(self, data: Payload) -> None:
        if isinstance(data, NeedRecorded | AvailabilityRecorded):
            if data.proposal_id is not None:
                self.told_over.add((data.id, data.proposal_id))
            kind: dict[UUID, Any] = self.needs if isinstance(data, NeedRecorded) else self.people
            if data.id not in kind or kind[data.id].version < data.version:
                kind[data.id] = data
        elif isinstance(data, DecisionRecorded):
            pair = (data.need_id, data.availability_id)
            if pair not in self.decisions or self.decisions[pair].version < data.version:
                self.decisions[pair] = data
        elif isinstance(data, DayStarted):
            self.today = max(self.today, data.day)

    def net_change(self, data: Payload) -> list[Said]:
        opening = isinstance(data, EpochOpened) and not self.is_open
        self.take(data)
        self.is_open = self.is_open or opening
        if not self.is_open:
            return []
        before, now = self.proposed, self.open_sets()
        if opening:
            before = {pair: {} for pair in self.decisions if self.standing(pair) != "over"}
        self.proposed = now
        lost = sorted((p[0].int, p[1].int, p) for p in before.keys() - now.keys() if self.standing(p) != "over")
        made = [pair for pair in now if opening or before.get(pair) != now[pair]]
        made.sort(key=lambda pair: (pair[0].int, self.rank(pair, now[pair])))
        return [
            *(("withdrawn", pair, self.why(pair)) for *_, pair in lost),
            *(("made", pair, now[pair]) for pair in made),
        ]


class Oracle:
    """Every territory of a log."""

    def __init__(self, least: int = DESIGN_K[0], per_head: int = DESIGN_K[1]) -> None:
        self.kept = lambda left: max(least, per_head * left)
        self.lands: dict[str, Land] = {}

    def feed(self, event: Event[Payload]) -> list[Said]:
        """What must be said at this event, in order."""
        territory = event.territory or ""
        land = self.lands.get(territory)
        if isinstance(event.data, RulesAdopted) and (land is None or land.epoch < event.epoch):
            self.lands[territory] = Land(territory, self.kept, event.epoch)
            return []
        if land is None or land.epoch != event.epoch:
            return []
        return land.net_change(event.data)

    def open_pairs(self) -> dict[tuple[str, PairKey], Proposed]:
        """Every pair that stands proposed now, by territory."""
        return {(name, pair): proposed for name, land in self.lands.items() for pair, proposed in land.proposed.items()}
