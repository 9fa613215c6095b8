"""What the codes of MongoDB's errors mean to whoever asked: refused, too large, or a mistake."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from pymongo.errors import BulkWriteError, WriteError

_DUPLICATE: Final = 11000

REFUSED: Final = frozenset({13, 18})
"""MongoDB's codes Unauthorized and AuthenticationFailed."""

TOO_LARGE: Final = frozenset({17419, 17420, 10334})
"""A document grows beyond 16 MiB; BSONObjectTooLarge."""

MISTAKES: Final = frozenset(
    (
        *(2, 4, 9, 14, 15, 16, 20, 22, 28, 30),  # BadValue, FailedToParse, TypeMismatch, IllegalOperation …
        *(40, 52, 53, 54, 55, 56, 57, 59, 61, 66),  # conflicting or illegal fields, CommandNotFound …
        *(67, 68, 72, 73, 85, 86, 121),  # indexes that contradict those there, InvalidOptions, InvalidNamespace …
        *(40324, 40352, 40353, 40414, 40415),  # what a command does not know, or lacks
    )
)
"""MongoDB's codes (error_codes.yml) that say that what was asked is wrong: it would be wrong again.

Whatever else a server says (a cursor that is gone, a primary that stepped down, a write that no majority has in time)
says nothing of what was asked, which is asked again.
"""


def duplicates(error: BulkWriteError) -> AbstractSet[int]:
    """The places of the documents that existed already, where nothing else befell an insertion of many.

    Raises:
        WriteError: one of them failed otherwise.
        BulkWriteError: no majority has them in time.
    """
    details = error.details or {}
    for fault in details["writeErrors"]:
        if fault["code"] != _DUPLICATE:
            raise WriteError(fault.get("errmsg", ""), fault["code"]) from error
    if details["writeConcernErrors"]:
        raise error
    return {fault["index"] for fault in details["writeErrors"]}
