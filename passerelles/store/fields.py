"""The names that a query or an index may use: both adapters write them into their own language, so they are bounded."""

from __future__ import annotations

import re
from typing import Final

_COLLECTION: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_STEP: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def collection_name(name: str) -> str:
    """The name, if a collection may have it.

    Raises:
        ValueError: something else than small letters, digits and `_`.
    """
    if not _COLLECTION.fullmatch(name):
        raise ValueError(f"not the name of a collection: {name!r}")
    return name


def steps(field: str) -> tuple[str, ...]:
    """The keys that lead to a dotted field.

    Raises:
        ValueError: a key that is empty or holds something else than letters, digits, `_` and `-`.
    """
    keys = tuple(field.split("."))
    if not all(map(_STEP.fullmatch, keys)):
        raise ValueError(f"not a field that can be searched: {field!r}")
    return keys
