"""What is live at one moment in a region so many times today's: staff of plans and loans, and needs, each at its place.

Today's figures are those of the programme in Occitanie: 10,000 industrial companies, 220,000 jobs, 50 redundancy plans,
6,000 jobs at risk at once (touleco.fr, CCI). What is assumed stands in `ASSUMED`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final
from uuid import UUID

from tests.bench.territories.industry import Industry

COMPANIES: Final = 10_000
PLANS: Final = 50
AT_RISK: Final = 6_000
SEED: Final = 46

MOBILITY: Final = ((10, 20), (20, 30), (30, 25), (50, 15), (100, 8), (200, 2))
"""Kilometres, and how many people out of 100: "only neighbours work"."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """What no source says.

    Attributes:
        joined: companies that take part: 62 of the 130 that Mecanic Vallée informed (touleco.fr).
        seeking: of these, how many look for people at once; `posts` is how many each (gref-bretagne.com: 133 for 38).
        loans: staff offered on loan for each post that is open.
        days: that a posting lives (gref-bretagne.com: 85), in which it is stated `facts` times.
    """

    joined: float = 62 / 130
    seeking: float = 0.1
    posts: float = 133 / 38
    loans: float = 1.0
    days: int = 85
    facts: int = 3


ASSUMED: Final = Assumed()


@dataclass(frozen=True, slots=True)
class Staff:
    """One person available."""

    commune: str
    mobility_km: int


@dataclass(frozen=True, slots=True)
class Need:
    """One post to fill."""

    commune: str
    id: UUID


@dataclass(frozen=True, slots=True)
class Demand:
    """All that is live at once."""

    staff: Sequence[Staff]
    needs: Sequence[Need]


def demand(times: int, industry: Industry, assumed: Assumed = ASSUMED) -> Demand:
    """The same for the same arguments. The people of a plan are all at one place."""
    chance = Random(SEED)
    everywhere = times * industry.total
    plans = industry.communes(chance, round(PLANS * everywhere))
    at_risk = [place for place in plans for _ in range(AT_RISK // PLANS)]
    posts = round(COMPANIES * assumed.joined * assumed.seeking * assumed.posts * everywhere)
    offered = at_risk + industry.communes(chance, round(posts * assumed.loans))
    km, shares = zip(*MOBILITY, strict=True)
    reaches = chance.choices(km, weights=shares, k=len(offered))
    return Demand(
        [Staff(place, reach) for place, reach in zip(offered, reaches, strict=True)],
        [Need(place, UUID(int=chance.getrandbits(128))) for place in industry.communes(chance, posts)],
    )
