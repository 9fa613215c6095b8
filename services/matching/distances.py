"""Estimated road metres from a commune to each, kept by origin: one load for each pair that is compared.

They are the integers of `distance_metres`, the one implementation, computed once for each pair. A row of seven thousand
takes it some milliseconds, which would stop the fold; so the same formula runs over the whole row at once, and wherever
its value lies so near to a half metre that another rounding of the last bits could matter, `distance_metres` is asked.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from passerelles.reference.communes import COMMUNES, EARTH_RADIUS_METRES, ROAD_FACTOR, distance_metres
from services.matching.columns.layout import Ints
from services.matching.columns.taking import Roads

_DOUBT: Final = 1e-4
"""In metres: ten thousand times what a few last bits of a float64 amount to at a thousand kilometres."""


class Distances:
    """From each commune that was asked for to all: 30 kB an origin, shared by all territories of a process.

    Attributes:
        number: of a commune by INSEE code, its place in the reference.
        roads: what compiled functions take.
    """

    def __init__(self) -> None:
        self._communes = list(COMMUNES.values())
        self.number = {code: number for number, code in enumerate(COMMUNES)}
        # A place for every origin is reserved, and touched when it is filled.
        metres = np.empty((len(self._communes), len(self._communes)), dtype=np.int32)
        self.roads = Roads(metres, np.full(len(self._communes), -1, dtype=np.int32))
        self._filled = 0
        self._lat = np.array([math.radians(each.lat) for each in self._communes])
        self._lon = np.array([each.lon for each in self._communes])
        self._cos_lat = np.array([math.cos(lat) for lat in self._lat])

    def row(self, origin: int) -> Ints:
        """Metres from a commune to each, by their numbers."""
        place = self.roads.rows[origin]
        if place < 0:
            place = self._filled
            self.roads.metres[place] = self._from(origin)
            self.roads.rows[origin] = place
            self._filled += 1
        row: Ints = self.roads.metres[place]
        return row

    def _from(self, origin: int) -> NDArray[np.float64]:
        half_lat = np.sin((self._lat[origin] - self._lat) / 2)
        half_lon = np.sin(np.radians(self._lon[origin] - self._lon) / 2)
        haversine = half_lat * half_lat + self._cos_lat[origin] * self._cos_lat * (half_lon * half_lon)
        shifted = ROAD_FACTOR * (2 * EARTH_RADIUS_METRES) * np.arcsin(np.minimum(1.0, np.sqrt(haversine))) + 0.5
        metres: NDArray[np.float64] = np.floor(shifted)
        for doubtful in np.flatnonzero(np.abs(shifted - np.rint(shifted)) < _DOUBT):
            metres[doubtful] = distance_metres(self._communes[origin], self._communes[doubtful])
        return metres


@cache
def distances() -> Distances:
    """Those of this process, made when they are first asked for."""
    return Distances()
