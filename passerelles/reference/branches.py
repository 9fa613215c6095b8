"""The ten industrial branches between which the programme builds its bridges: reference data, not code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from passerelles.reference.tables import LazyTable, rows


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of industry.

    Attributes:
        code: what companies state, `agroalimentaire` for instance.
        label: its French name.
        naf: the divisions, or group, of NAF rév. 2 that it gathers.
        named: whether a public source of the programme names it; one of the ten is inferred.
    """

    code: str
    label: str
    naf: tuple[str, ...]
    named: bool


def _load() -> Mapping[str, Branch]:
    return {
        code: Branch(code, label, tuple(naf.split(";")), status == "cité")
        for code, label, naf, status in rows("branches.csv")
    }


BRANCHES: Final[Mapping[str, Branch]] = LazyTable(_load)
"""By code, in the order of the file."""
