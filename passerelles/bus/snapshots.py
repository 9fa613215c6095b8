"""Snapshots of shards: files that spare a restart the beginning of the log, and that are refused at the least doubt.

A file is one line of JSON (the header), then the parts that the shard gave, one after the other. The header carries
what has to hold for the snapshot to be of use, and the SHA-256 of the parts; its own is on the line before it. A
snapshot is a cache: without it the log gives the same state.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from aiokafka import ConsumerRecord

FORMAT: Final = 1
"""Of the file around the parts; what the parts mean is the shard's own affair (`Refused.OTHER_CONTENT`)."""

KEPT: Final = 2
"""Snapshots of one partition that stay: the newest, and the one before should the newest be unreadable or ahead."""

Parts = Mapping[str, bytes | memoryview]
"""The state of a shard, by stable names."""


class Refused(StrEnum):
    """Why a snapshot is not used.

    `corrupt`: its bytes are not those that were written. `other_format`: written by a build that lays files out
    otherwise. `other_layout`: of a topic with another number of partitions. `ahead`: the group has not committed as
    far, so words may be owed that a shard so far on would never say. `other_log`: the last record folded is not there
    in this log. `log_trimmed`: the log begins after it, so that nothing can tell. `other_content`: the shard refused
    it: other rules, other reference data, or a state of another version.
    """

    CORRUPT = "corrupt"
    OTHER_FORMAT = "other_format"
    OTHER_LAYOUT = "other_layout"
    AHEAD = "ahead"
    OTHER_LOG = "other_log"
    LOG_TRIMMED = "log_trimmed"
    OTHER_CONTENT = "other_content"


class SnapshotRefusedError(Exception):
    """A snapshot that must not be used."""

    def __init__(self, reason: Refused, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Anchor:
    """The last record that a snapshot covers: the same one at the same offset tells one log from every other.

    Attributes:
        digest: SHA-256 of its key, value, headers and timestamp.
    """

    offset: int
    digest: str

    @classmethod
    def of(cls, raw: ConsumerRecord) -> Anchor:
        """The anchor at a record that was read."""
        said = repr((raw.timestamp, raw.key, raw.value, raw.headers)).encode()
        return cls(raw.offset, hashlib.sha256(said).hexdigest())


@dataclass(frozen=True, slots=True)
class Header:
    """What a snapshot is of.

    Attributes:
        partitions: how many the topic had.
        position: the next offset to fold.
        anchor: the last record folded, before `position`.
        taken_at: seconds since 1970.
    """

    topic: str
    partition: int
    partitions: int
    position: int
    anchor: Anchor
    taken_at: float


class SnapshotFolder:
    """The snapshots of one topic's shards that this machine keeps, shared by every process that is given the folder.

    Its methods block: they are called in a thread.
    """

    def __init__(self, folder: Path, topic: str, partitions: int, *, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self.topic = topic
        self.partitions = partitions
        self.clock = clock

    def write(self, header: Header, parts: Parts) -> Path:
        """Keep a snapshot, whole or not at all, and remove those of its partition that it makes useless.

        Raises:
            OSError: the disk is full, for one; nothing is left of it then.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        for part in parts.values():
            digest.update(part)
        about = asdict(header) | {
            "format": FORMAT,
            "parts": {name: memoryview(part).nbytes for name, part in parts.items()},
            "sha256": digest.hexdigest(),
        }
        line = json.dumps(about).encode()
        path = self._folder / f"{self._stem(header.partition)}{header.position:020}.snapshot"
        draft = path.with_suffix(f".{os.getpid()}.draft")
        try:
            with draft.open("wb") as out:
                out.write(hashlib.sha256(line).hexdigest().encode() + b"\n" + line + b"\n")
                for part in parts.values():
                    out.write(part)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(path)
            self._sync()
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        for old in [each for each in self.of(header.partition) if each.name <= path.name][KEPT:]:
            old.unlink(missing_ok=True)
        return path

    def of(self, partition: int) -> list[Path]:
        """The snapshots of a partition, the newest first."""
        return sorted(self._folder.glob(f"{self._stem(partition)}*.snapshot"), reverse=True)

    def remove(self, path: Path) -> None:
        """Remove a snapshot that is of no use any more."""
        with suppress(OSError):
            path.unlink(missing_ok=True)

    def read(self, path: Path) -> tuple[Header, dict[str, memoryview]]:
        """A snapshot, as it was written.

        Raises:
            SnapshotRefusedError: it is corrupt, of another format, or of another layout of the topic.
        """
        try:
            data = memoryview(path.read_bytes())
        except OSError as error:
            raise SnapshotRefusedError(Refused.CORRUPT, type(error).__name__) from error
        about, begin = _header(data)
        if hashlib.sha256(data[begin:]).hexdigest() != about["sha256"]:
            raise SnapshotRefusedError(Refused.CORRUPT, "the parts are not those that were written")
        anchor = Anchor(**about["anchor"])
        header = Header(**{name: about[name] for name in Header.__dataclass_fields__} | {"anchor": anchor})
        if (header.topic, header.partitions) != (self.topic, self.partitions):
            detail = f"of {header.topic} in {header.partitions} partitions"
            raise SnapshotRefusedError(Refused.OTHER_LAYOUT, detail)
        return header, dict(_parts(data, begin, about["parts"]))

    def _stem(self, partition: int) -> str:
        return f"{self.topic}-{partition:04}-"

    def _sync(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _header(data: memoryview) -> tuple[dict[str, Any], int]:
    """The header, and where the parts begin."""
    head = bytes(data[: 1 << 20])
    digest, _, rest = head.partition(b"\n")
    line, end, _ = rest.partition(b"\n")
    if not end or hashlib.sha256(line).hexdigest().encode() != digest:
        raise SnapshotRefusedError(Refused.CORRUPT, "the header is not the one that was written")
    about: dict[str, Any] = json.loads(line)
    if about.get("format") != FORMAT:
        raise SnapshotRefusedError(Refused.OTHER_FORMAT, f"format {about.get('format')}, not {FORMAT}")
    return about, len(digest) + len(line) + 2


def _parts(data: memoryview, begin: int, sizes: Mapping[str, int]) -> Iterator[tuple[str, memoryview]]:
    for name, size in sizes.items():
        yield name, data[begin : begin + size]
        begin += size
