"""What the index notes of a segment: the entities that rows name, rare types, and what each availability offers."""

from __future__ import annotations

import base64
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from schemas.catalogue import CATALOGUE
from schemas.envelope import TYPE_PREFIX
from services.audit.reading.port import MENTIONS

COLUMNS: Final = ("type", "territory", "value", "headers")
"""Those that are read."""

NAMELESS: Final = frozenset(
    name for name, type_ in CATALOGUE.items() if not any(field in type_.payload.model_fields for field in MENTIONS)
)
"""Types that name no entity, as rules and days; they are few, and found by the type itself."""

_NAMED: Final = re.compile(
    rb'"(?:' + "|".join(MENTIONS).encode() + rb')":"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"'
)
_OCCUPATION: Final = re.compile(rb'"occupation":"([A-N][0-9]{4})"')
_ID: Final = re.compile(rb'\{"id":"([0-9a-f-]{36})"')
_STAFF: Final = "availability.recorded"

Offer = tuple[str, str, bytes]
"""A territory, an occupation, and the availability that has it there."""


@dataclass
class Noted:
    """Of one segment, by the number of its rows from 0.

    Attributes:
        mentions: the rows that name an entity (its 16 bytes), or are of a type of `NAMELESS` (its name).
        offers: the first row that says each.
    """

    mentions: defaultdict[bytes, list[int]] = field(default_factory=lambda: defaultdict(list))
    offers: dict[Offer, int] = field(default_factory=dict)


def noted(batches: Iterable[pa.RecordBatch]) -> Noted:
    """What a segment's rows say, given with the columns of `COLUMNS`."""
    found = Noted()
    row = 0
    for batch in batches:
        for cells in zip(*(batch.column(name).to_pylist() for name in COLUMNS), strict=True):
            _note(found, row, cells)
            row += 1
    return found


def _note(found: Noted, row: int, cells: tuple[str | None, str | None, bytes | None, str | None]) -> None:
    type_, territory, value, odd = cells
    if odd is not None:
        type_, territory = _of_headers(odd)
    if type_ in NAMELESS:
        found.mentions[str(type_).encode()].append(row)
    if value is None:
        return
    for named in set(_NAMED.findall(value)):
        found.mentions[_packed(named)].append(row)
    if type_ == _STAFF and territory is not None:
        occupation, id_ = _OCCUPATION.search(value), _ID.match(value)
        if occupation and id_:
            found.offers.setdefault((territory, occupation[1].decode(), _packed(id_[1])), row)


def _packed(id_: bytes) -> bytes:
    return bytes.fromhex(id_.replace(b"-", b"").decode())


def _of_headers(odd: str) -> tuple[str | None, str | None]:
    """Type and territory of a record whose headers are not in the contract's usual form."""
    headers = {name: base64.b64decode(text or "").decode(errors="replace") for name, text in json.loads(odd)}
    return headers.get("ce_type", "").removeprefix(TYPE_PREFIX) or None, headers.get("ce_territory")
