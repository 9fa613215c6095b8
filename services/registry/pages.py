"""Lists by page: a stable order, and a cursor that says where the page before ended."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from passerelles.errors import InvalidInputError
from passerelles.store.port import Body, Collection, Order, Scalar, Stored, Where

LIMIT: Final = 200
"""The longest page of any list."""

AT_ONCE: Final = 200
"""Documents of a query, at least, where most may be passed over."""

SCANNED: Final = 2000
"""Documents that a request looks at, at most: some 50 ms of a small database."""

_LARGEST: Final = 2**53

T = TypeVar("T")
Position = tuple[Scalar, str]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list; the cursor asks for the next one, none at the end."""

    items: Sequence[T]
    next_cursor: str | None = None


async def paged(
    collection: Collection,
    wheres: Sequence[Where],
    read: Callable[[Stored], T],
    *,
    order: Order,
    limit: int,
    cursor: str | None,
    keep: Callable[[Body], bool] | None = None,
) -> Page[T]:
    """A page of the documents that match one of several conditions, which must exclude each other.

    The order is by a field that every document has; `keep` filters by what the store cannot look at. A page may then be
    short, even empty, and have a cursor: the request has looked at as many as it may.

    Raises:
        InvalidInputError: the cursor is not one that was given, or the limit is out of bounds.
    """
    if not 1 <= limit <= LIMIT:
        raise InvalidInputError(f"De 1 à {LIMIT} éléments par page peuvent être demandés.", field="limit")
    after = read_cursor(cursor)
    at_once = limit + 1 if keep is None else max(limit + 1, AT_ONCE)
    items: list[T] = []
    scanned = 0
    while True:
        found: list[Stored] = []
        for where in wheres:
            found += await collection.find(where, order=order, after=after, limit=at_once)
        found.sort(key=lambda each: _position(each, order), reverse=order.descending)
        for each in found[:at_once]:
            if len(items) == limit or scanned == SCANNED:
                return Page(items, _cursor_of(after))
            after = _position(each, order)
            scanned += 1
            if keep is None or keep(each.body):
                items.append(read(each))
        if len(found) < at_once:
            return Page(items)


def _position(stored: Stored, order: Order) -> Any:
    return stored.body[order.by], stored.id


def _cursor_of(after: Position | None) -> str:
    return base64.urlsafe_b64encode(json.dumps(after).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> Position | None:
    """The position that a cursor stands for.

    Raises:
        InvalidInputError: it is not one that was given.
    """
    if cursor is None:
        return None
    try:
        value, id_ = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError):
        value, id_ = None, None
    bounded = isinstance(value, str) or (
        isinstance(value, int | float) and math.isfinite(value) and abs(value) < _LARGEST
    )
    if not isinstance(id_, str) or not bounded or isinstance(value, bool) or not f"{value}{id_}".isascii():
        raise InvalidInputError("Le curseur reçu avec la page précédente est attendu.", field="cursor")
    return value, id_
