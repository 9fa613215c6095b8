"""Why a record cannot be taken: the reasons to park it, and the error of one that cannot be read."""

from __future__ import annotations

from enum import StrEnum


class PoisonReason(StrEnum):
    """Why a record was parked: it cannot be read, or (the last two) was read and could not be handled."""

    NOT_JSON = "not_json"
    WRONG_SCHEMA = "wrong_schema"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_VERSION = "unknown_version"
    BAD_HEADER = "bad_header"
    MISSING_ATTRIBUTE = "missing_attribute"
    TOMBSTONE = "tombstone"
    HANDLER_FAILED = "handler_failed"
    BEHIND_PARKED = "behind_parked"


class UndecodableError(Exception):
    """A record that is no event of the contract; `detail` says where, and holds nothing of the payload."""

    def __init__(self, reason: PoisonReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
