"""The whole state of a territory's fold as plain arrays and bytes: a consistent copy, and the fold that it gives back.

A copy is a few memory copies and takes milliseconds for a hundred thousand availabilities; nothing of the fold is
shared with it, so that it may be written to disk while the fold goes on. A fold made from it says the same words from
there on. Indexes and distances are left out: they are made afresh in milliseconds, nothing is matched again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

import numpy as np

from passerelles.errors import PasserellesError
from schemas.epochs import RulesAdopted
from services.matching.adoption import RuleLibrary
from services.matching.columns.layout import BLOCK, BLOCKS, POOLED, Rankings
from services.matching.engine import TerritoryFold
from services.matching.odd import Oddities
from services.matching.room import Room
from services.matching.rows import Rows

FORMAT: Final = 1
"""Raised whenever what the columns mean changes; docs/matching.md lists them."""

_FIELDS: Final = ("rows", "chain", "buckets", "sizes", "tags")

_SMALL: Final = 1 << 10
"""Bytes for what does not grow, and for alignment."""

Columns = Mapping[str, np.ndarray[Any, Any] | bytes]
"""By stable names; arrays are C-contiguous int32 or int64, of the machine's own byte order."""


class OtherFormatError(PasserellesError):
    """The columns were made by a version of this software that laid them out otherwise."""

    slug, status, title = "etat-illisible", 500, "État d’un autre format"


def columns(fold: TerritoryFold, room: Room | None = None) -> dict[str, np.ndarray[Any, Any] | bytes]:
    """A copy of all that a fold knows, in this room or wherever."""
    copy = np.copy if room is None else room.copy
    facts, standings, rankings = fold.facts, fold.standings, fold.ranker.rankings
    decisions, told = standings.decided.sizes.tolist()
    about = {
        "format": FORMAT,
        "territory": fold.territory,
        "epoch": fold.epoch,
        "is_open": fold.is_open,
        "today": None if facts.today is None else facts.today.isoformat(),
        "rules_version": fold.rules.book.version,
        "rules_digest": fold.rules.book.digest,
        "territory_table": fold.rules.book.territory_table,
    }
    return {
        "about": json.dumps(about).encode(),
        "occupations": "\n".join(facts.occupations.names).encode(),
        "tags": "\n".join(facts.tags.names).encode(),
        "companies": b"".join(facts.companies.names),
        **_rows("staff", facts.staff, copy),
        **_rows("needs", facts.needs, copy),
        "rankings.entries": copy(rankings.entries[: rankings.sizes[POOLED]]),
        "rankings.sizes": copy(rankings.sizes),
        "decisions.pairs": copy(standings.decided.pairs[:decisions]),
        "decisions.notes": copy(standings.decided.notes[:decisions]),
        "decisions.companies": copy(standings.companies[:decisions]),
        "decisions.told": copy(standings.decided.told[:told]),
    }


def size_of(fold: TerritoryFold) -> int:
    """What a copy takes at most until the next array grows, in bytes."""
    decided, companies = fold.standings.decided, fold.standings.companies
    arrays = (fold.ranker.rankings.entries, decided.pairs, decided.notes, decided.told, companies)
    tables = (fold.facts.staff.table, fold.facts.needs.table)
    rows = sum(table.rows.nbytes + table.chain.nbytes + table.buckets.nbytes + table.tags.nbytes for table in tables)
    return rows + sum(array.nbytes for array in arrays) + _SMALL


def from_columns(copy: Columns, *, library: RuleLibrary, odd: Oddities) -> TerritoryFold:
    """The fold that the columns are of.

    Args:
        copy: what `columns` gave, of this build or of another with the same `FORMAT`; its arrays may be read-only.
        library: where its rules are found.
        odd: counts what is left aside from here on.

    Raises:
        OtherFormatError: of another format.
        RulesMismatchError: this build does not have the rules that were in force.
    """
    about = json.loads(_bytes(copy["about"]))
    if about["format"] != FORMAT:
        raise OtherFormatError(f"L’état est au format {about['format']}, ce logiciel lit le format {FORMAT}.")
    named = {name: about[name] for name in ("territory", "epoch", "rules_version", "rules_digest", "territory_table")}
    rules = library.adopted(RulesAdopted(**named))
    fold = TerritoryFold(about["territory"], about["epoch"], rules, library=library, odd=odd)
    fold.is_open = about["is_open"]
    facts, standings = fold.facts, fold.standings
    facts.today = None if about["today"] is None else date.fromisoformat(about["today"])
    facts.name(
        _bytes(copy["occupations"]).decode().split("\n"),
        _bytes(copy["tags"]).decode().split("\n") if copy["tags"] else (),
        _slices(_bytes(copy["companies"]), 16),
    )
    for name, rows in (("staff", facts.staff), ("needs", facts.needs)):
        rows.restore({field: copy[f"{name}.{field}"] for field in _FIELDS})
    fold.ranker.rankings = Rankings(*(np.array(copy[f"rankings.{field}"]) for field in Rankings._fields))
    standings.restore({field: copy[f"decisions.{field}"] for field in ("pairs", "notes", "companies", "told")})
    return fold


def _rows(
    name: str, rows: Rows, copy: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]
) -> dict[str, np.ndarray[Any, Any] | bytes]:
    table = rows.table
    blocks, pooled = int(table.sizes[BLOCKS]), int(table.sizes[POOLED])
    return {
        f"{name}.rows": copy(table.rows[: blocks * BLOCK]),
        f"{name}.chain": copy(table.chain[:blocks]),
        f"{name}.buckets": copy(table.buckets),
        f"{name}.sizes": copy(table.sizes),
        f"{name}.tags": copy(table.tags[:pooled]),
    }


def _bytes(value: np.ndarray[Any, Any] | bytes) -> bytes:
    return bytes(value)


def _slices(value: bytes, width: int) -> list[bytes]:
    return [value[at : at + width] for at in range(0, len(value), width)]
