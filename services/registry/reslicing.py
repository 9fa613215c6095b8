"""How départements are cut in slices, as an operator asks for it: kept with the epoch, and adopted by the next one.

To ask is one write, which any registry that runs, or the next that starts, takes up by opening the next epoch: so a
crash, of whoever asks or of whoever opens, leaves nothing undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from passerelles.errors import InvalidInputError, NotFoundError
from passerelles.store.port import Body, Collection, change
from schemas.territories import CURRENT, MOST_SLICES, TerritoryTable, UnknownTerritoryError
from services.registry.office import EPOCH

CUTS: Final = "cuts"
"""In the epoch's document: the départements that are cut otherwise than in the table, and in how many slices."""


@dataclass(frozen=True, slots=True)
class Slicing:
    """Which epoch stands, or is to be opened, under which table.

    Attributes:
        open: commands are taken; else a registry has to open it, or is about to.
    """

    epoch: int
    open: bool
    table: TerritoryTable


def cuts_of(body: Body | None) -> Mapping[str, int]:
    """The cuts that the epoch's document keeps, of départements that this build still serves."""
    kept = body.get(CUTS, {}) if body is not None else {}
    return MappingProxyType(
        {departement: count for departement, count in kept.items() if departement in CURRENT.slices}
    )


async def slicing(singles: Collection) -> Slicing:
    """How things stand.

    Raises:
        NotFoundError: no registry has ever opened an epoch in this store.
        UnavailableError: the store does not answer.
    """
    stored = await singles.get(EPOCH)
    return _slicing(stored.body if stored else None)


async def reslice(singles: Collection, departement: str, into: int) -> Slicing:
    """Ask for an epoch in which a département is cut in so many slices; nothing is written when it is already.

    Raises:
        InvalidInputError: the département is not served, or the number is out of bounds.
        NotFoundError: no registry has ever opened an epoch in this store.
        UnavailableError: the store does not answer.
    """

    def edit(body: Body | None) -> Body | None:
        before = _slicing(body).table
        after = _cut(before, departement, into)
        if body is None or after == before:
            return None
        return {**body, "state": "asked", CUTS: dict(after.cuts)}

    written = await change(singles, EPOCH, edit)
    return _slicing(written) if written is not None else await slicing(singles)


def _slicing(body: Body | None) -> Slicing:
    if body is None:
        raise NotFoundError("Aucune époque n'a été ouverte dans cette base.", remedy="Démarrer d'abord le registre.")
    return Slicing(int(body["number"]), body["state"] == "open", CURRENT.cut(cuts_of(body)))


def _cut(table: TerritoryTable, departement: str, into: int) -> TerritoryTable:
    try:
        return table.cut({**table.cuts, departement: into})
    except UnknownTerritoryError as error:
        raise InvalidInputError(
            f"Le département {departement} n'est pas desservi.", remedy=f"Choisir parmi {', '.join(table.slices)}."
        ) from error
    except ValueError as error:
        raise InvalidInputError(
            f"Un département se coupe en 1 à {MOST_SLICES} tranches, pas en {into}.", remedy="Choisir un autre nombre."
        ) from error
