"""The rules of matching as one SQL query, for databases to answer what the engine answers.

An availability is indexed by its occupation and by the box within which its people go, so that a query has only those
to score that may go as far as the need: the most that an index can do for this question.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from passerelles.reference.communes import COMMUNES, EARTH_RADIUS_METRES, ROAD_FACTOR
from passerelles.reference.rulebook import RULEBOOK
from schemas.facts import AvailabilityRecorded, NeedRecorded
from schemas.vocabulary import Mode
from services.matching.rules import Rules

RULES: Final = Rules(RULEBOOK)
MODES: Final = {Mode.LOAN: 1, Mode.HIRE: 2}
NO_END: Final = 10**6
METRES_A_DEGREE: Final = 111_000
"""Fewer than there are, so that a box is never too small."""

COLUMNS: Final = (
    "id text, occupation text, lat {real}, lon {real}, siren text, modes integer, reach integer, first integer,"
    " last integer, pay integer, skills text, certificates text, west {real}, east {real}, south {real}, north {real}"
)
_BEST: Final = """
select id, score, metres from (
  select id, metres, points + (40 * (reach - metres) + reach) {div} (2 * reach)
    + (30 * days + asked) {div} (2 * asked) + {skills} + {pay} as score
  from (
    select *, {least}(last, {last}) - begins + 1 as days, {asked} as asked from (
      select *, cast(floor({road} * asin({least}(1.0, sqrt(half_lat * half_lat
        + {cos} * cos(radians(lat)) * half_lon * half_lon))) + 0.5) as integer) as metres
      from (
        select s.*, points, {greatest}(first, {first}) as begins, {held} as held, {certified} as certified,
          sin((radians(lat) - radians({lat})) / 2) as half_lat, sin(radians(lon - {lon}) / 2) as half_lon
        from {source}
        where siren <> {siren} and (modes & {mode}) <> 0
      ) near
    ) far
    where metres <= reach and certified = {wanted}
  ) fit
  where days >= 1 and days >= {least}(5, asked)
) scored
order by score desc, metres, id limit {kept}
"""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where SQL differs: division of integers, extremes, and whether a list of codes has one."""

    div: str
    least: str
    greatest: str
    has: str


def row(fact: AvailabilityRecorded) -> tuple[Any, ...]:
    """An availability as every table holds it."""
    place, reach = COMMUNES[fact.commune], 1000 * fact.mobility_km
    high = reach / ROAD_FACTOR / METRES_A_DEGREE
    wide = high / math.cos(math.radians(place.lat + high))
    return (
        f"{fact.id.int:039d}",
        fact.occupation,
        place.lat,
        place.lon,
        fact.siren,
        sum(MODES[mode] for mode in fact.modes),
        reach,
        fact.start.toordinal(),
        fact.end.toordinal() if fact.end else NO_END,
        fact.monthly_gross,
        f",{','.join(fact.skills)},",
        f",{','.join(fact.certificates)},",
        place.lon - wide,
        place.lon + wide,
        place.lat - high,
        place.lat + high,
    )


def best(need: NeedRecorded, source: str, dialect: Dialect) -> str:
    """The question of a need; `source` joins `staff s` to `points`, by occupation and place."""
    skills, certificates = tuple(dict.fromkeys(need.skills)), tuple(dict.fromkeys(need.certificates))
    place, first, count = COMMUNES[need.commune], need.start.toordinal(), len(skills)
    return _BEST.format(
        div=dialect.div,
        least=dialect.least,
        greatest=dialect.greatest,
        source=source,
        road=repr(ROAD_FACTOR * 2 * EARTH_RADIUS_METRES),
        cos=f"cos(radians({place.lat!r}))",
        lat=repr(place.lat),
        lon=repr(place.lon),
        first=first,
        last=need.end.toordinal() if need.end else f"(begins + {RULEBOOK.open_need_days - 1})",
        asked=(need.end - need.start).days + 1 if need.end else RULEBOOK.open_need_days,
        held=" + ".join(dialect.has.format(column="skills", code=code) for code in skills) or "0",
        certified=" + ".join(dialect.has.format(column="certificates", code=code) for code in certificates) or "0",
        wanted=len(certificates),
        siren=f"'{need.siren}'",
        mode=MODES[need.mode],
        skills=f"(40 * held + {count}) {dialect.div} {2 * count}" if count else "20",
        pay=_pay(need.monthly_gross_max, dialect),
        kept=RULEBOOK.kept(need.headcount_left),
    )


def _pay(maximum: int | None, dialect: Dialect) -> str:
    if maximum is None:
        return "5"
    tolerated = RULEBOOK.pay_tolerance_percent * maximum
    left = f"({tolerated} - 100 * (pay - {maximum}))"
    return (
        f"case when pay is null or pay <= {maximum} then 5 when {left} <= 0 then 0"
        f" else (10 * {left} + {tolerated}) {dialect.div} {2 * tolerated} end"
    )
