"""A shard's whole state as parts of a snapshot, and back: the columns of each territory's fold, by name.

Which log it is of, and how far, is the bus's affair (`passerelles.bus.snapshots`); here a state is refused that this
build would not go on from: of another format of the columns, or of rules and reference data that it does not have.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from passerelles.bus.snapshots import Parts
from services.matching.adoption import RuleLibrary
from services.matching.odd import Odd, Oddities
from services.matching.room import Room
from services.matching.state import columns, from_columns
from services.matching.warming import warm_up

if TYPE_CHECKING:
    from services.matching.engine import TerritoryFold

_ABOUT: Final = "about"


def parts_of(folds: Iterable[TerritoryFold], odd: Mapping[Odd, int], room: Room | None = None) -> Parts:
    """A copy of these folds, in this room or wherever, and of how many events they left aside."""
    parts: dict[str, bytes | memoryview] = {}
    about: dict[str, Any] = {"odd": {name.value: count for name, count in odd.items()}, "folds": []}
    for fold in folds:
        shapes: dict[str, tuple[str, tuple[int, ...]] | None] = {}
        for name, column in columns(fold, room).items():
            part = f"{fold.territory}/{name}"
            if isinstance(column, np.ndarray):
                shapes[name] = (column.dtype.str, column.shape)
                parts[part] = column.data.cast("B") if column.size else b""
            else:
                shapes[name], parts[part] = None, column
        about["folds"].append({"territory": fold.territory, "columns": shapes})
    return {_ABOUT: json.dumps(about).encode(), **parts}


def folds_of(parts: Parts, *, library: RuleLibrary, odd: Oddities) -> dict[str, TerritoryFold]:
    """The folds that parts are a copy of, by territory; `odd` counts on from where it was.

    Raises:
        OtherFormatError: of another format.
        RulesMismatchError: of rules that this build does not have.
        LookupError, ValueError: no such parts.
    """
    warm_up()
    about = json.loads(bytes(parts[_ABOUT]))
    odd.update({Odd(name): count for name, count in about["odd"].items()})
    folds = {}
    for each in about["folds"]:
        territory = each["territory"]
        copy: dict[str, np.ndarray[Any, Any] | bytes] = {}
        for name, shape in each["columns"].items():
            part = parts[f"{territory}/{name}"]
            copy[name] = bytes(part) if shape is None else np.frombuffer(part, shape[0]).reshape(shape[1])
        folds[territory] = from_columns(copy, library=library, odd=odd)
    return folds
