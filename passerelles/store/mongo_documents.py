"""Conditions, orders and bodies of the port, in MongoDB's terms; pure, so that it is tested without a server.

A body lies under the key `body` of its document, with its keys written so that MongoDB takes any of them as one name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Final

from passerelles.store.fields import steps
from passerelles.store.port import Body, Order, Scalar, Where

Document = dict[str, Any]

BODY: Final = "body"
REVISION: Final = "revision"
_LARGEST: Final = (1 << 63) - 1
_ESCAPES: Final = (("%", "%25"), (".", "%2E"), ("\0", "%00"))


def path(field: str) -> str:
    """Where a field of a body lies in its document."""
    return ".".join((BODY, *steps(field)))


def encode(value: Any) -> Any:
    """A JSON value as MongoDB stores it.

    Raises:
        ValueError: a number that is not finite or not in 64 bits.
        TypeError: no JSON value.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        if not -_LARGEST - 1 <= value <= _LARGEST:
            raise ValueError("a whole number of a document holds in 64 bits")
        return int(value)
    if isinstance(value, float):
        if not isfinite(value):
            raise ValueError("a number of a document is finite")
        return value
    if isinstance(value, Mapping):
        return {_encode_key(key): encode(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [encode(each) for each in value]
    raise TypeError(f"not a JSON value: {type(value).__name__}")


def decode(value: Any) -> Any:
    """What `encode` was given."""
    if isinstance(value, dict):
        return {_decode_key(key): decode(each) for key, each in value.items()}
    if isinstance(value, list):
        return [decode(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)  # BSON's 64-bit integers come as a subclass
    return value


def document(id_: str, revision: int, body: Body) -> Document:
    """The whole document to write."""
    return {"_id": id_, REVISION: revision, BODY: encode(body)}


def condition(where: Where, order: Order | None = None, after: tuple[Scalar | None, str] | None = None) -> Document:
    """A filter; empty, it takes every document."""
    clauses: list[Document] = [{path(field): value} for field, value in where.equal.items()]
    clauses += [{path(field): {"$in": list(accepted)}} for field, accepted in where.among.items()]
    clauses += [{path(field): {"$lte": bound}} for field, bound in where.at_most.items()]
    clauses += [{path(field): {"$gt": bound}} for field, bound in where.above.items()]
    if after is not None:
        clauses.append(_beyond(order, after))
    if len(clauses) > 1:
        return {"$and": clauses}
    return clauses[0] if clauses else {}


def sorting(order: Order | None) -> list[tuple[str, int]]:
    """A sort. MongoDB puts null and absent first when ascending, as the port does."""
    if order is None:
        return [("_id", 1)]
    direction = -1 if order.descending else 1
    return [(path(order.by), direction), ("_id", direction)]


def index_keys(fields: Sequence[str]) -> list[tuple[str, int]]:
    """An index; the identifier closes it, because it closes each order."""
    return [*((path(field), 1) for field in fields), ("_id", 1)]


def _beyond(order: Order | None, after: tuple[Scalar | None, str]) -> Document:
    value, id_ = after
    if order is None:
        return {"_id": {"$gt": id_}}
    field, further = path(order.by), "$lt" if order.descending else "$gt"
    tied = {field: value, "_id": {further: id_}}
    if order.descending:
        return tied if value is None else {"$or": [{field: {"$lt": value}}, tied, {field: None}]}
    return {"$or": [{field: {"$ne": None}} if value is None else {field: {"$gt": value}}, tied]}


def _encode_key(key: str) -> str:
    # MongoDB reads dots as paths, a leading $ as an operator, and BSON ends a key at NUL.
    for character, escape in _ESCAPES:
        key = key.replace(character, escape)
    if key.startswith("$"):
        return "%24" + key[1:]
    return key or "%"


def _decode_key(key: str) -> str:
    if "%" not in key:
        return key
    if key == "%":
        return ""
    if key.startswith("%24"):
        key = "$" + key[3:]
    for character, escape in reversed(_ESCAPES):
        key = key.replace(escape, character)
    return key
