"""The entries of the chain: who began it, which log it is of, each segment, each removal; signed one by one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from schemas.vocabulary import Digest
from services.audit.archive.keys import Signer, Verifier

FORMAT: Final = 1
"""The version of the archive's layout."""


class Entry(BaseModel):
    """What every entry says.

    Attributes:
        sequence: 0, 1, 2… without gaps.
        previous: SHA-256 of the file of the entry before; none for the first.
        written: when, UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sequence: int
    previous: Digest | None
    written: datetime


class Root(Entry):
    """The first entry.

    Attributes:
        cluster: the identifier of the Kafka cluster; none on the embedded broker, whose log lives with its process.
    """

    kind: Literal["root"] = "root"
    format: int = FORMAT
    cluster: str | None


class LogBegun(Entry):
    """From here on the archive is of this log, whose offsets begin anew.

    Attributes:
        log: 1, 2, 3…
        least_epoch: no record of this log is filed below; above every epoch of the logs before.
        partitions: how many each topic has.
    """

    kind: Literal["log"] = "log"
    log: int
    least_epoch: int
    partitions: dict[str, int]


class Segment(Entry):
    """One file of records of one partition and one epoch, their offsets without gaps.

    Attributes:
        first_at: the least time at which the broker appended one of its records; `last_at`: the greatest.
        size: of the file, in bytes; `sha256`: of its content.
    """

    kind: Literal["segment"] = "segment"
    log: int
    epoch: int
    topic: str
    partition: int
    first: int
    last: int
    first_at: datetime
    last_at: datetime
    count: int
    size: int
    sha256: Digest

    @property
    def file(self) -> str:
        """Where its records are."""
        return f"segments/{self.topic}/{self.partition:03d}/{self.log:05d}-{self.epoch:05d}-{self.first:013d}.parquet"

    @property
    def place(self) -> str:
        """What it holds, for a person."""
        return f"{self.topic}/{self.partition} époque {self.epoch}, positions {self.first} à {self.last}"


class Dropped(Entry):
    """A checkpoint: the files of these segments were removed after the stated period; what they were stays known.

    Attributes:
        before: every one of their records was appended before.
        sequences: those of their entries, which stay.
    """

    kind: Literal["dropped"] = "dropped"
    before: datetime
    sequences: tuple[int, ...]


AnyEntry = Root | LogBegun | Segment | Dropped
_ANY: Final[TypeAdapter[AnyEntry]] = TypeAdapter(Annotated[AnyEntry, Field(discriminator="kind")])


def dropped_of(entries: Iterable[AnyEntry]) -> set[int]:
    """The sequences of the segments that retention removed."""
    return {sequence for each in entries if isinstance(each, Dropped) for sequence in each.sequences}


class Head(BaseModel):
    """Where the chain ends: the last entry and its digest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["head"] = "head"
    sequence: int
    digest: Digest
    written: datetime


class UnreadableError(Exception):
    """The bytes are no entry of a chain."""


class ForgedError(Exception):
    """The signature is not the archive's."""


def digest_of(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def entry_file(sequence: int) -> str:
    """Where an entry lies: a thousand to a folder."""
    return f"chain/{sequence // 1000:06d}/{sequence:09d}.json"


def seal(model: Entry | Head, signer: Signer) -> bytes:
    """The file of an entry or head: what it says, and the signature of that, canonical."""
    said = model.model_dump(mode="json")
    signature = base64.b64encode(signer.sign(_canonical(said))).decode()
    return _canonical({"said": said, "signature": signature}) + b"\n"


def read_entry(content: bytes, verifier: Verifier | None) -> AnyEntry:
    """The entry of a file. Raises `UnreadableError`, and `ForgedError` when a verifier is given and refuses it."""
    try:
        return _ANY.validate_python(_opened(content, verifier))
    except ValidationError as error:
        raise UnreadableError from error


def read_head(content: bytes, verifier: Verifier | None) -> Head:
    """The head of a file; raises as `read_entry` does."""
    try:
        return Head.model_validate(_opened(content, verifier))
    except ValidationError as error:
        raise UnreadableError from error


def _opened(content: bytes, verifier: Verifier | None) -> Any:
    try:
        sealed = json.loads(content)
        said, signature = sealed["said"], base64.b64decode(sealed["signature"], validate=True)
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError) as error:
        raise UnreadableError from error
    if verifier is not None and not verifier.accepts(signature, _canonical(said)):
        raise ForgedError
    return said


def _canonical(said: Any) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
