"""The archive: its size beside zstd-ed JSON lines, and how fast it is read, proved, folded again and searched.

The log is what matching says of made-up facts, and what companies decide. `AUDIT_BENCH_EVENTS` sets how many events it
has (1,000,000). The two folds are compared in processor time, since others share the machine.
"""

from __future__ import annotations

import io
import os
import tempfile
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from uuid import UUID

import pyarrow as pa

from passerelles.bus.address import Bus
from passerelles.bus.codec import Record, decode, encode, place
from schemas.topics import TOPICS
from services.audit.archive_files import FolderFiles
from services.audit.archive_keys import open_signer
from services.audit.archive_segment import Filed
from services.audit.archive_writer import SEGMENT_ROWS, ArchiveWriter
from services.audit.explain import explain
from services.audit.reader_segments import SegmentArchive
from services.audit.replay import Wanted, chosen, lines
from services.audit.verify import verify
from services.audit.verify_fold import partitions_of, refold
from services.audit_bridge import MatchingJudge
from services.matching.shard import MatchingShard
from tests.bench.audit_log import Writer

EVENTS = int(os.environ.get("AUDIT_BENCH_EVENTS", "1000000"))
BUS = Bus("nowhere:1", embedded=True)


class Quiet:
    """Shows no progress."""

    def step(self, title: str, total: int) -> None:
        pass

    def advance(self, records: int) -> None:
        pass


def measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="bench-audit-") as folder:
        return _measured(Path(folder))


def _measured(data: Path) -> dict[str, float]:
    address = str(data / "archive")
    figures = _archived(data)
    archive = SegmentArchive(address)
    size = sum(each.size for each in archive.segments)
    count = sum(each.count for each in archive.segments)
    figures["audit.archive.events"] = count
    figures["audit.archive.bytes_per_event"] = size / count

    began, used = time.perf_counter(), time.process_time()
    assert sum(1 for _ in lines(archive, Wanted())) == count
    figures["audit.replay.events_per_second"] = count / (time.perf_counter() - began)
    figures["audit.replay.events_per_cpu_second"] = count / (time.process_time() - used)

    lines_file = data / "lines.jsonl.zst"
    with pa.CompressedOutputStream(str(lines_file), "zstd") as out:
        for each in lines(archive, Wanted()):
            out.write(each + b"\n")
    figures["audit.peer.jsonl_zstd.bytes_per_event"] = lines_file.stat().st_size / count
    figures["audit.archive.size_of_jsonl_zstd"] = size / lines_file.stat().st_size

    began = time.perf_counter()
    with pa.CompressedInputStream(str(lines_file), "zstd") as compressed:
        read = sum(1 for _ in io.BufferedReader(compressed))
    figures["audit.peer.jsonl_zstd.read_per_second"] = read / (time.perf_counter() - began)

    began = time.perf_counter()
    proof = verify(address, None, Quiet())
    figures["audit.verify.events_per_second"] = proof.chain.records / (time.perf_counter() - began)

    folded = 0.0
    for partition in partitions_of(proof.chain):
        began = time.process_time()
        report = refold(archive.files, partition, MatchingShard)
        folded += time.process_time() - began
        assert report.finding is None
        assert report.unsaid == 0
    facts = sum(each.count for each in archive.segments if each.topic == "registry.facts")
    figures["audit.verify.fold_facts_per_second"] = facts / folded
    figures["audit.verify.fold_of_live"] = figures.pop("live.seconds") / folded

    began = time.perf_counter()
    archive.complete_index()
    figures["audit.index.events_per_second"] = count / (time.perf_counter() - began)
    some = next(kept for kept in chosen(archive, Wanted(types=["proposal.made"])))
    began = time.perf_counter()
    found = list(SegmentArchive(address).events(subjects=[UUID((some.row.record.key or b"").decode())]))
    figures["audit.find_one.seconds"] = time.perf_counter() - began
    assert found
    began = time.perf_counter()
    told = explain(SegmentArchive(address), UUID((some.row.record.key or b"").decode()), judge=MatchingJudge())
    figures["audit.explain.seconds"] = time.perf_counter() - began
    assert told.pairs
    began = time.perf_counter()
    told = explain(SegmentArchive(address), told.pairs[0].need_id, judge=MatchingJudge())
    figures["audit.explain_need.seconds"] = time.perf_counter() - began
    assert told.pairs
    return figures


def _archived(data: Path) -> dict[str, float]:
    """Archive the log, and measure what matching alone takes for the same facts: decode, fold, encode."""
    writer = ArchiveWriter(FolderFiles(data / "archive"), open_signer(data))
    writer.open(None)
    writer.begin_log({name: BUS.partitions(name) for name in TOPICS})
    waiting: dict[tuple[str, int], list[Filed]] = {}
    offsets: dict[tuple[str, int], int] = {}
    live = writing = 0.0
    for where, record, at, seconds in _log():
        live += seconds
        offset = offsets[where] = offsets.get(where, -1) + 1
        rows = waiting.setdefault(where, [])
        rows.append(Filed(offset, at, record))
        if len(rows) == SEGMENT_ROWS:
            writing += _written(writer, where, waiting.pop(where))
    for where, rows in waiting.items():
        writing += _written(writer, where, rows)
    writer.sign_head()
    return {"live.seconds": live, "audit.archive.written_per_second": sum(offsets.values()) / writing}


def _written(writer: ArchiveWriter, where: tuple[str, int], rows: list[Filed]) -> float:
    began = time.perf_counter()
    writer.write(where, [1] * len(rows), rows)
    return time.perf_counter() - began


def _log() -> Iterator[tuple[tuple[str, int], Record, int, float]]:
    shards: dict[int, MatchingShard] = {}
    offsets: dict[int, int] = {}
    author = Writer()
    count = 0
    for fact in chain(author.opening(), author.facts()):
        where, record, at = place(fact, BUS), encode(fact), int(fact.time.timestamp() * 1000)
        partition = where[1]
        shard = shards.setdefault(partition, MatchingShard(partition, BUS.partitions(where[0])))
        offset = offsets[partition] = offsets.get(partition, -1) + 1
        began = time.process_time()
        words = [encode(word) for word in shard.fold(decode(record), offset)]
        seconds = time.process_time() - began
        yield where, record, at, seconds
        for word in words:
            yield ("matching.proposals", partition), word, at, 0.0
        count += 1 + len(words)
        if count >= EVENTS:
            return
