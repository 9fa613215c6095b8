"""An archive of many small segments, as quiet partitions make them: what opening it and explaining from it take.

`AUDIT_BENCH_SEGMENTS` sets how many (20,000). They are written without waiting for the disk, which is not what is
measured. The first opening reads every entry of the chain, and its index every segment; the next ones what is new.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar
from unittest import mock
from uuid import UUID

from passerelles.bus.address import Bus
from passerelles.bus.codec import Record, encode, place
from schemas.proposals import ProposalMade
from schemas.topics import TOPICS
from services.audit.archive.chain import read_chain
from services.audit.archive.files import FolderFiles
from services.audit.archive.keys import open_signer
from services.audit.archive.segment import Filed
from services.audit.explain.entity import explain
from services.audit.reading.segments import SegmentArchive
from services.audit.writing.writer import ArchiveWriter
from services.audit_bridge import MatchingJudge
from services.matching.shard import MatchingShard
from services.matching.warming import warm_up
from tests.bench.audit_log import Writer

SEGMENTS = int(os.environ.get("AUDIT_BENCH_SEGMENTS", "20000"))
BUS = Bus("nowhere:1", embedded=False)
T = TypeVar("T")


def measure() -> dict[str, float]:
    warm_up()
    with tempfile.TemporaryDirectory(prefix="bench-opening-") as folder:
        data = Path(folder)
        proposal = _archived(data)
        address, index = str(data / "archive"), data / "index.sqlite"
        plainly, _ = _seconds(lambda: read_chain(FolderFiles(data / "archive")))
        noting, _ = _seconds(lambda: SegmentArchive(address, index=index).complete_index())
        opening, archive = _seconds(lambda: SegmentArchive(address, index=index))
        telling, story = _seconds(
            lambda: explain(SegmentArchive(address, index=index), proposal, judge=MatchingJudge())
        )
        assert story.pairs
        return {
            "audit.opening.segments": float(len(archive.segments)),
            "audit.opening.first_segments_per_second": len(archive.segments) / noting,
            "audit.opening.again_seconds": opening,
            "audit.opening.all_entries_seconds": plainly,
            "audit.opening.all_entries_of_again": plainly / opening,
            "audit.opening.explain_seconds": telling,
        }


def _seconds(do: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    done = do()
    return time.perf_counter() - began, done


def _archived(data: Path) -> UUID:
    """Archive a log in segments of one record each; a proposal from its middle."""
    with mock.patch("services.audit.archive.files.os.fsync"):
        writer = ArchiveWriter(FolderFiles(data / "archive"), open_signer(data))
        writer.open(None)
        writer.begin_log({name: BUS.partitions(name) for name in TOPICS})
        offsets: dict[tuple[str, int], int] = {}
        proposals: list[UUID] = []
        for where, record, at, proposal in islice(_log(), SEGMENTS):
            offset = offsets[where] = offsets.get(where, -1) + 1
            writer.write(where, [1], [Filed(offset, at, record)])
            proposals += [proposal] if proposal else []
        writer.sign_head()
    return proposals[len(proposals) // 2]


def _log() -> Iterator[tuple[tuple[str, int], Record, int, UUID | None]]:
    """Each record with its place, when it was appended, and the proposal that it makes."""
    shards: dict[int, MatchingShard] = {}
    offsets: dict[int, int] = {}
    author = Writer()
    for fact in chain(author.opening(), author.facts()):
        where, at = place(fact, BUS), int(fact.time.timestamp() * 1000)
        partition = where[1]
        shard = shards.setdefault(partition, MatchingShard(partition, BUS.partitions(where[0])))
        offset = offsets[partition] = offsets.get(partition, -1) + 1
        yield where, encode(fact), at, None
        for word in shard.fold(fact, offset):
            made = word.data.id if isinstance(word.data, ProposalMade) else None
            yield ("matching.proposals", partition), encode(word), at, made
