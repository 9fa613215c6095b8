"""Which territories hear of a posting: a need lives in one, staff available go wherever their mobility reaches."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from passerelles.reference.communes import commune
from passerelles.reference.proximity import metres_to_departements
from schemas.territories import CURRENT, TerritoryTable

_METRES: Final = 1000


def reach(commune_code: str, mobility_km: int, *, table: TerritoryTable = CURRENT) -> tuple[str, ...]:
    """The territories that staff of a commune may work in, in the table's order; their own always among them.

    A territory is reached when one of its communes, at least, is within the mobility; of a département that is cut in
    slices, all are, as a slice is a share of its needs and not a place.

    Raises:
        UnknownCommuneError: the commune is not in the table, so nobody would serve it.
    """
    metres = metres_to_departements(commune_code)
    limit = mobility_km * _METRES
    return tuple(
        territory
        for departement in table.slices
        if metres[departement] <= limit
        for territory in table.of_departement(departement)
    )


def need_territory(commune_code: str, need_id: UUID, *, table: TerritoryTable = CURRENT) -> str:
    """The one territory in which a need of this commune lives.

    Raises:
        UnknownCommuneError: the commune is not in the table.
    """
    return table.of_need(commune(commune_code).departement, need_id)
