"""What the headers alone tell of records that are written as `encode` writes them today: enough to sort them.

For those who read many values at once by other means than the models: `decode` takes five times as long a record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from passerelles.bus.attributes import natural
from passerelles.bus.codec import KINDS, NAMES, Recorded
from schemas.catalogue import EventType

ID_BYTES: Final = 36
TIME_BYTES: Final = 27
_NOTHING: Final = (b"", b"", b"")


class Head(NamedTuple):
    """What a record is about."""

    type: EventType
    territory: str
    epoch: int


@dataclass(slots=True)
class Skimmed:
    """Records whose headers were looked at.

    `decode` reads one that has a head too, if its id is a canonical UUID, its time is RFC 3339 and its value is of the
    schema: none of these was looked at here.

    Attributes:
        heads: what they are about, once each.
        which: by record, the place of its head; -1 when it is to be decoded.
        parts: by record, three: id and time of the expected length, and the value; empty when it is to be decoded.
    """

    heads: list[Head] = field(default_factory=list)
    which: list[int] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)


def skim(records: Iterable[Recorded]) -> Skimmed:
    """Look at the headers of records."""
    skimmed = Skimmed()
    heads: dict[tuple[bytes, ...], int] = {}
    for record in records:
        found = -1
        headers: Any = record.headers  # one of none is a TypeError
        value = record.value
        try:
            # By hand: a loop over the headers takes three times as long, and this is done for every fact.
            (
                (n0, spec),
                (n1, id_),
                (n2, source),
                (n3, type_),
                (n4, schema),
                (n5, subject),
                (n6, time),
                (n7, key),
                (n8, territory),
                (n9, epoch),
                (n10, content),
            ) = headers
            if (n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10) == NAMES and key == record.key:
                attributes = (spec, source, type_, schema, content, territory, epoch)
                found = heads.get(attributes, -2)
                if found < -1:
                    found = heads[attributes] = _add(skimmed.heads, attributes)
                is_named = subject and key and subject.isascii() and key.isascii()
                if not is_named or len(id_) != ID_BYTES or len(time) != TIME_BYTES or value is None:
                    found = -1
        except (ValueError, TypeError):
            found = -1  # another number of headers, or one without a value
        skimmed.which.append(found)
        skimmed.parts += (id_, time, value) if found >= 0 and value is not None else _NOTHING
    return skimmed


def _add(heads: list[Head], attributes: tuple[bytes, ...]) -> int:
    """The place of a new head; -1 when the attributes are not those of an event that is written today."""
    *kind, territory, epoch = attributes
    try:
        heads.append(Head(KINDS[tuple(kind)], territory.decode(), natural(epoch.decode())))
    except (LookupError, ValueError):
        return -1
    return len(heads) - 1
