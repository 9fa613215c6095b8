"""The communes of Occitanie and of the départements around it, and how far one is from another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from rapidfuzz import fuzz, process

from passerelles.reference.codes import meant_as_code, nearest_codes
from passerelles.reference.tables import LazyTable, rows
from passerelles.reference.wording import contains_words, fold

EARTH_RADIUS_METRES: Final = 6_371_008.8
"""Mean radius R1 of the Earth (IUGG)."""

ROAD_FACTOR: Final = 1.35
"""A road is longer than the great circle by about this much: a stated estimate (design, "When a pair is eligible")."""

_CLOSE_ENOUGH: Final = 55
"""Below this likeness (0 to 100) a name is not suggested: `Montobant` and `Montauban` have 78."""
_COMPARED: Final = 50
_WEIGHT: Final = 5
"""Of names that are alike, a town ten times more populous is as likely as one with that much more likeness."""


class UnknownCommuneError(LookupError):
    """No commune of the table has this INSEE code.

    Attributes:
        code: what was asked for.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune of the Code officiel géographique.

    Attributes:
        code: its INSEE code, which is not a post code.
        population: inhabitants.
        lat: degrees north (WGS 84) of its main settlement where known, else of its centroid.
        lon: degrees east.
    """

    code: str
    name: str
    departement: str
    postcodes: tuple[str, ...]
    population: int
    lat: float
    lon: float


def _load() -> Mapping[str, Commune]:
    return {
        code: Commune(code, name, departement, tuple(postcodes.split()), int(population), float(lat), float(lon))
        for code, name, departement, postcodes, population, lat, lon in rows("communes.csv")
    }


COMMUNES: Final[Mapping[str, Commune]] = LazyTable(_load)
"""By INSEE code, in its order."""


def commune(code: str) -> Commune:
    """The commune of an INSEE code.

    Raises:
        UnknownCommuneError: none in the table.
    """
    try:
        return COMMUNES[code]
    except KeyError:
        raise UnknownCommuneError(code) from None


def distance_metres(a: Commune, b: Commune) -> int:
    """The estimated road distance between two communes, in whole metres, rounded half up.

    This is the only implementation: matching, its oracle, the reach of an availability and the pages all call it, so
    that a pair at the very edge is the same pair everywhere. Great circle by the haversine formula in float64.
    """
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat = math.sin((lat_a - lat_b) / 2)
    half_lon = math.sin(math.radians(a.lon - b.lon) / 2)
    haversine = half_lat * half_lat + math.cos(lat_a) * math.cos(lat_b) * (half_lon * half_lon)
    great_circle = 2 * EARTH_RADIUS_METRES * math.asin(min(1.0, math.sqrt(haversine)))
    return math.floor(ROAD_FACTOR * great_circle + 0.5)


def find(text: str, limit: int = 10) -> list[Commune]:
    """The communes that a text may mean: an INSEE code, a post code, or a name, possibly unfinished or misspelt.

    An exact name comes first, then names that begin so, then names with words that begin so; the most populous first.
    Only when there is none of these come names that are merely alike, and for what was meant as a code the nearest
    codes.
    """
    wanted = _fold_name(text)
    if not wanted or limit < 1:
        return []
    beginnings = wanted.split()
    found: list[tuple[int, float, str]] = []
    for code, name in _names().items():
        if name == wanted:
            rank = 0
        elif name.startswith(wanted):
            rank = 1
        elif contains_words(name, beginnings):
            rank = 2
        else:
            continue
        found.append((rank, -COMMUNES[code].population, code))
    if wanted.isdigit():
        found += [(0, -each.population, code) for code, each in COMMUNES.items() if _numbered(each, wanted)]
    if not found and meant_as_code(text):
        return [COMMUNES[code] for code in nearest_codes(text, tuple(COMMUNES), limit)]
    if not found:
        alike = process.extract(
            wanted, _names(), scorer=fuzz.ratio, limit=_COMPARED + limit, score_cutoff=_CLOSE_ENOUGH
        )
        found = [
            (0, -likeness - _WEIGHT * math.log10(1 + COMMUNES[code].population), code) for _, likeness, code in alike
        ]
    return [COMMUNES[code] for _, _, code in sorted(found)[:limit]]


def _numbered(each: Commune, digits: str) -> bool:
    return each.code.startswith(digits) or any(postcode.startswith(digits) for postcode in each.postcodes)


def _fold_name(text: str) -> str:
    """A folded name with `Saint` in full: it is the word that is abbreviated most."""
    full = {"st": "saint", "ste": "sainte"}
    return " ".join(full.get(word, word) for word in fold(text).split())


@cache
def _names() -> Mapping[str, str]:
    return {code: _fold_name(each.name) for code, each in COMMUNES.items()}
