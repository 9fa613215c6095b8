"""The port of the store: JSON documents, replaced one at a time on condition of their revision.

It asks of a database only what both adapters give: atomic writes of a single document, and finding by indexed fields.
No transactions, no change streams (design, decisions 11 and 15).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Body = dict[str, Any]
"""A document: JSON values only (str, int of 64 bits, finite float, bool, None, list, dict with any str keys).

Anything else is refused with `ValueError` or `TypeError`, and nothing is written.
"""

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it was read.

    Attributes:
        revision: counts the writes of this document, from 1; the condition of the next one.
        body: the reader's own copy.
    """

    id: str
    revision: int
    body: Body


@dataclass(frozen=True, slots=True)
class Where:
    """Conditions on top-level or dotted fields, all of which must hold.

    A field that is searched or ordered by holds, in every document, one kind of scalar (text, numbers or booleans), or
    null, or nothing; its keys are made of letters, digits, `_` and `-` (`ValueError` otherwise). What other contents
    match is left to the adapters.

    Attributes:
        equal: field → value; `None` matches a field that is null or absent.
        among: field → accepted values.
        at_most: field → inclusive upper bound; a null or absent field does not match.
        above: field → exclusive lower bound; a null or absent field does not match.
    """

    equal: Mapping[str, Scalar | None] = field(default_factory=dict)
    among: Mapping[str, Sequence[Scalar]] = field(default_factory=dict)
    at_most: Mapping[str, Scalar] = field(default_factory=dict)
    above: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """By one field and then by identifier, both in one direction; ascending, a null or absent field comes first."""

    by: str
    descending: bool = False


ANY = Where()


class Collection(Protocol):
    """Documents of one kind.

    Every method may wait for the database, and raises `UnavailableError` when it does not answer in time; whether a
    write was then made is not known, and its revision tells.
    """

    async def get(self, id_: str) -> Stored | None:
        """The document, or none."""

    async def get_many(self, ids: Iterable[str]) -> dict[str, Stored]:
        """Those that exist, by identifier."""

    async def revisions(self, ids: Iterable[str]) -> dict[str, int]:
        """The revisions of those that exist, by identifier: whether what was read of them is still so."""

    async def insert(self, id_: str, body: Body) -> bool:
        """Write a document that does not exist yet, at revision 1. False: it exists, and is untouched."""

    async def insert_many(self, bodies: Mapping[str, Body]) -> set[str]:
        """Write those that do not exist yet, in no order, and give their identifiers; each is written by itself."""

    async def replace(self, id_: str, body: Body, revision: int) -> bool:
        """Write the whole document if it still has this revision. False: it has another one, or is gone."""

    async def delete(self, id_: str, revision: int | None = None) -> bool:
        """Remove the document, if it still has this revision where one is given. False: nothing was removed."""

    async def find(
        self,
        where: Where = ANY,
        *,
        order: Order | None = None,
        after: tuple[Scalar | None, str] | None = None,
        limit: int | None = None,
    ) -> list[Stored]:
        """The matching documents, by `order` (default: by identifier).

        `after` is the (field's value, identifier) of the last document of the page before; without an order its first
        member is not looked at.
        """

    async def count(self, where: Where = ANY) -> int:
        """How many documents match."""


class Store(Protocol):
    """A database. Used between `open` and `close`."""

    async def open(self) -> None:
        """Connect, and make the collections and indexes declared so far. Raises `UnavailableError`."""

    async def close(self) -> None:
        """Finish what is under way and let go."""

    async def ping(self) -> None:
        """Return when the database answers. Raises `UnavailableError`."""

    def collection(self, name: str, *, indexes: Sequence[Sequence[str]] = ()) -> Collection:
        """Declare and get a collection; each index is a sequence of fields. The same name gives the same documents."""


async def change(
    collection: Collection,
    id_: str,
    edit: Callable[[Body | None], Body | None],
    *,
    known: Stored | None = None,
    absent: bool = False,
) -> Body | None:
    """Read, edit and write a document until nobody wrote in between.

    Args:
        collection: where it is.
        id_: which one.
        edit: gets the document (none: it does not exist), which it may change, and gives the new one, or none to leave
            things as they are. It may be called several times, and may raise to give up.
        known: the document as last read or written, which spares a read while it is still so. It is given away: `edit`
            gets it, and no copy. Where `edit` leaves it as it is, the document is read after all: what is known may be
            old.
        absent: the same for a document that was not there.

    Returns:
        What was written, or none.
    """
    if known is not None or absent:
        body = edit(known.body if known else None)
        if body is not None and await _written(collection, id_, body, known):
            return body
    while True:
        stored = await collection.get(id_)
        body = edit(stored.body if stored else None)
        if body is None:
            return None
        if await _written(collection, id_, body, stored):
            return body


async def _written(collection: Collection, id_: str, body: Body, before: Stored | None) -> bool:
    if before is None:
        return await collection.insert(id_, body)
    return await collection.replace(id_, body, before.revision)
