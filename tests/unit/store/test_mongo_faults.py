"""What MongoDB answers is either a mistake of this code, which is told as it is, or a fault that is waited for."""

from __future__ import annotations

import pytest
from pymongo.errors import (
    AutoReconnect,
    CursorNotFound,
    ExecutionTimeout,
    NotPrimaryError,
    OperationFailure,
    ProtocolError,
    PyMongoError,
    WriteConcernError,
    WriteError,
    WTimeoutError,
)

from passerelles.errors import UnavailableError
from passerelles.store.mongo import _answering

# From MongoDB's error_codes.yml.
SERVERS_OWN = [1, 6, 7, 8, 13, 18, 43, 50, 64, 79, 89, 91, 100, 112, 133, 189, 202, 237, 262, 8000, 10107, 11600]
SERVERS_OWN += [11602, 13435, 13436, 14031, 16500, 99999, None]
MISTAKES = [2, 9, 14, 20, 59, 72, 73, 85, 86, 121, 40415]


@pytest.mark.parametrize("code", SERVERS_OWN)
@pytest.mark.parametrize("kind", [OperationFailure, WriteError, WriteConcernError])
def test_a_fault_of_the_server_is_waited_for(kind: type[OperationFailure], code: int | None) -> None:
    with pytest.raises(UnavailableError), _answering():
        raise kind("s3cr3t", code)


@pytest.mark.parametrize(
    "error",
    [
        CursorNotFound("", 43),
        ExecutionTimeout("", 50),
        WTimeoutError("", 64),
        AutoReconnect(""),
        NotPrimaryError(""),
        ProtocolError(""),
    ],
)
def test_so_is_what_the_driver_found_out_by_itself(error: PyMongoError) -> None:
    with pytest.raises(UnavailableError), _answering():
        raise error


@pytest.mark.parametrize("code", MISTAKES)
def test_a_mistake_of_this_code_is_not(code: int) -> None:
    with pytest.raises(OperationFailure), _answering():
        raise OperationFailure("", code)


def test_a_document_that_no_server_takes_is_none() -> None:
    with pytest.raises(ValueError, match="not a document"), _answering():
        raise WriteError("", 10334)
