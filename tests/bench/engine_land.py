"""A made-up shard at full size: communes weighted by their people, the occupations of industry, realistic periods."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import Any
from uuid import UUID

from passerelles.reference.communes import COMMUNES
from passerelles.reference.occupations import OCCUPATIONS, skills_of
from schemas.facts import AvailabilityRecorded, NeedRecorded
from schemas.vocabulary import Mode, PostingStatus

TERRITORY = "46"
TODAY = date(2026, 3, 2)
INDUSTRY = sorted(code for code in OCCUPATIONS if code[0] in "AHIN")
"""Agriculture, industry, maintenance, transport and logistics: families A, H, I and N of ROME."""
CERTIFICATES = tuple(f"{number:016x}" for number in range(40))


class Land:
    """Facts without end, from a seed; every one is of one territory, so that one shard holds them all."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._communes = list(COMMUNES)
        self._people = list(accumulate(each.population for each in COMMUNES.values()))
        self._companies = [(UUID(int=self._chance.getrandbits(128), version=4), f"{n:09d}") for n in range(1, 4001)]

    def staff(self) -> Iterator[AvailabilityRecorded]:
        """Availabilities: most end within months, one in ten has no end, two in three have their pay stated."""
        chance = self._chance
        while True:
            modes = chance.choice(((Mode.LOAN,), (Mode.LOAN, Mode.HIRE), (Mode.HIRE,), (Mode.LOAN, Mode.HIRE)))
            yield AvailabilityRecorded.model_construct(
                **self._posting(0.9, range(30, 400)),
                modes=modes,
                mobility_km=chance.choice((10, 15, 20, 20, 30, 30, 30, 40, 50, 50, 70, 100, 200)),
                monthly_gross=self._pay(),
            )

    def needs(self) -> Iterator[NeedRecorded]:
        """Needs: of some weeks to a year, one in five without an end."""
        while True:
            yield NeedRecorded.model_construct(
                **self._posting(0.8, range(5, 365)),
                mode=self._chance.choice((Mode.LOAN, Mode.LOAN, Mode.HIRE)),
                monthly_gross_max=self._pay(),
            )

    def _posting(self, ends: float, days: range) -> dict[str, Any]:
        chance = self._chance
        occupation = chance.choice(INDUSTRY)
        company_id, siren = chance.choice(self._companies)
        start = TODAY + timedelta(days=chance.randint(-60, 90))
        end = max(TODAY, start + timedelta(days=chance.choice(days))) if chance.random() < ends else None
        skills = skills_of(occupation)
        headcount = chance.choice((1, 1, 1, 2, 3, 5))
        return {
            "id": UUID(int=chance.getrandbits(128), version=4),
            "version": 1,
            "company_id": company_id,
            "siren": siren,
            "status": PostingStatus.OPEN,
            "territories": (TERRITORY,),
            "occupation": occupation,
            "headcount": headcount,
            "headcount_left": headcount,
            "start": start,
            "end": end,
            "commune": chance.choices(self._communes, cum_weights=self._people)[0],
            "skills": tuple(chance.sample(skills, min(len(skills), chance.randint(0, 6)))),
            "certificates": tuple(chance.sample(CERTIFICATES, chance.choice((0, 0, 0, 1, 2)))),
            "proposal_id": None,
        }

    def _pay(self) -> int | None:
        return 50 * self._chance.randint(36, 60) if self._chance.random() < 0.66 else None
