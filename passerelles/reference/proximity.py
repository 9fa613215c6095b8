"""How near a commune is to each département: what decides to which territories an availability is sent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from passerelles.reference.communes import COMMUNES, Commune, commune, distance_metres

Vector = tuple[float, float, float]

_SLACK: Final = 1e-12
"""Communes whose cosine is within this of the best are measured exactly: thousands of times the error of a float64."""


@lru_cache(maxsize=8192)
def metres_to_departements(code: str) -> Mapping[str, int]:
    """For each département, the distance in metres from a commune to the nearest of its communes; 0 for its own.

    The nearest is found by the cosine of the angle between both, which is quick, then measured by `distance_metres`:
    the figures are those that a measure of every commune would give.

    Raises:
        UnknownCommuneError: no such commune in the table.
    """
    origin = commune(code)
    x, y, z = _direction(origin)
    metres = {}
    for departement, (communes, directions) in _directions().items():
        cosines = [a * x + b * y + c * z for a, b, c in directions]
        enough = max(cosines) - _SLACK
        nearest = [each for each, cosine in zip(communes, cosines, strict=True) if cosine >= enough]
        metres[departement] = min(distance_metres(origin, each) for each in nearest)
    return MappingProxyType(metres)


def _direction(each: Commune) -> Vector:
    """The unit vector from the centre of the Earth to a commune."""
    lat, lon = math.radians(each.lat), math.radians(each.lon)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


@cache
def _directions() -> Mapping[str, tuple[list[Commune], list[Vector]]]:
    grouped: dict[str, tuple[list[Commune], list[Vector]]] = {}
    for each in COMMUNES.values():
        communes, directions = grouped.setdefault(each.departement, ([], []))
        communes.append(each)
        directions.append(_direction(each))
    return grouped
