"""The archive: its size beside its peers', and how fast it is read, proved, folded again, searched and explained.

The log is what matching says of made-up facts, and what companies decide. `AUDIT_BENCH_EVENTS` sets how many events it
has (1,000,000). What is held against a figure "on one core" is counted in processor time, of all threads together.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain
from pathlib import Path
from uuid import UUID

from passerelles.bus.address import Bus
from passerelles.bus.codec import Record, decode, encode, place
from passerelles.bus.topics import ensure_topics
from schemas.topics import TOPICS
from services.audit.archive.files import FolderFiles
from services.audit.archive.keys import open_signer
from services.audit.archive.segment import Filed
from services.audit.explain.entity import explain
from services.audit.reading.segments import SegmentArchive
from services.audit.replay import Wanted, chosen, lines
from services.audit.verify.fold import partitions_of, refold
from services.audit.verify.proof import verify
from services.audit.writing.writer import SEGMENT_ROWS, ArchiveWriter
from services.audit_bridge import MatchingJudge
from services.matching.shard import MatchingShard
from services.matching.warming import warm_up
from tests.bench.audit_log import Writer
from tests.bench.audit_peers import dump, publish, zstd_lines
from tests.real import kafka
from tests.real.service import MissingServiceError

EVENTS = int(os.environ.get("AUDIT_BENCH_EVENTS", "1000000"))
BUS = Bus("nowhere:1", embedded=True)


class Quiet:
    """Shows no progress."""

    def step(self, title: str, total: int) -> None:
        pass

    def advance(self, records: int) -> None:
        pass


@dataclass
class Spent:
    """Seconds of processor time, and by the clock."""

    cpu: float = 0.0
    wall: float = 0.0


@contextmanager
def spending(spent: Spent) -> Iterator[None]:
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    spent.cpu += time.process_time() - cpu
    spent.wall += time.perf_counter() - wall


def measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="bench-audit-") as folder:
        return _measured(Path(folder))


def _measured(data: Path) -> dict[str, float]:
    warm_up()
    live, writing = _archived(data)
    address = str(data / "archive")
    archive = _opened(address)
    size = sum(each.size for each in archive.segments)
    count = sum(each.count for each in archive.segments)
    figures = {
        "audit.archive.events": float(count),
        "audit.archive.written_per_second": count / writing,
        "audit.archive.bytes_per_event": size / count,
    }
    replayed, proved = Spent(), Spent()
    with spending(replayed):
        assert sum(1 for _ in lines(archive, Wanted())) == count
    figures["audit.replay.events_per_second"] = count / replayed.cpu
    with spending(proved):
        proof = verify(address, None, Quiet())
    assert proof.holds
    figures["audit.verify.events_per_second"] = proof.chain.records / proved.cpu
    figures |= _folded(address, live)
    figures |= _searched(address)
    peer = zstd_lines(lines(archive, Wanted()), count, data / "lines.jsonl.zst")
    figures |= {f"audit.peer.jsonl_zstd.{name}": figure for name, figure in peer.items()}
    figures["audit.archive.size_of_jsonl_zstd"] = size / count / peer["bytes_per_event"]
    return figures | _dumped(archive, data)


def _opened(address: str) -> SegmentArchive:
    return SegmentArchive(address, index=Path(address).with_name("index.sqlite"))


def _folded(address: str, live: float) -> dict[str, float]:
    """The fold of each partition's first segments beside the live engine on the same facts: decode, fold, encode."""
    folded, facts, files = Spent(), 0, FolderFiles(Path(address))
    for each in partitions_of(verify(address, None, Quiet()).chain):
        first = replace(each, facts=each.facts[:1], words=each.words[:1])
        with spending(folded):
            report = refold(files, first, MatchingShard)
        assert report.finding is None
        assert report.words
        facts += report.facts
    return {"audit.verify.fold_facts_per_second": facts / folded.cpu, "audit.verify.fold_of_live": live / folded.cpu}


def _searched(address: str) -> dict[str, float]:
    """What a person waits for, once the index is there; the last proposal has the whole log before it."""
    indexed = Spent()
    archive = _opened(address)
    with spending(indexed):
        archive.complete_index()
    count = sum(each.count for each in archive.segments)
    figures = {"audit.index.events_per_second": count / indexed.wall}
    proposal = _lately(archive, "proposal.made")[-1]
    judge, told = MatchingJudge(), Spent()
    with spending(told):
        story = explain(_opened(address), proposal, judge=judge)
    figures["audit.explain.seconds"] = told.wall
    (pair,) = story.pairs
    others = [id_ for id_ in _lately(archive, "availability.recorded") if id_ != pair.availability_id]
    compared = Spent()
    with spending(compared):
        story = explain(_opened(address), proposal, judge=judge, against=others[0])
    assert story.comparison
    figures["audit.explain_against.seconds"] = compared.wall
    figures["audit.explain_against.candidates"] = float(story.comparison.candidates)
    needed = Spent()
    with spending(needed):
        explain(_opened(address), pair.need_id, judge=judge)
    figures["audit.explain_need.seconds"] = needed.wall
    return figures


def _lately(archive: SegmentArchive, type_: str) -> list[UUID]:
    """The subjects of a type in the last two days of the log."""
    end = max(each.last_at for each in archive.segments)
    keys = [
        kept.row.record.key or b"" for kept in chosen(archive, Wanted(since=end - timedelta(days=2), types=[type_]))
    ]
    return [UUID(key.decode().rpartition(":")[2]) for key in keys]


def _dumped(archive: SegmentArchive, data: Path) -> dict[str, float]:
    """The same records on Apache Kafka, dumped as kcat would."""
    folder = data / "kafka"
    folder.mkdir()
    try:
        broker = kafka.find(folder)
    except MissingServiceError as missing:
        print(f"   no dump of Apache Kafka: {missing}")
        return {}
    try:
        bus = Bus(broker.address, embedded=False)
        asyncio.run(ensure_topics(bus))
        count = publish(archive.kept(), bus)
        peer = dump(bus, count, data / "dump.jsonl")
        return {f"audit.peer.kcat.{name}": figure for name, figure in peer.items()}
    finally:
        broker.stop()


def _archived(data: Path) -> tuple[float, float]:
    """Archive the log; the seconds that matching took for the facts that are folded again, and those of writing."""
    writer = ArchiveWriter(FolderFiles(data / "archive"), open_signer(data))
    writer.open(None)
    writer.begin_log({name: BUS.partitions(name) for name in TOPICS})
    waiting: dict[tuple[str, int], list[Filed]] = {}
    offsets: dict[tuple[str, int], int] = {}
    live = writing = 0.0
    for where, record, at, seconds in _log():
        offset = offsets[where] = offsets.get(where, -1) + 1
        if offset < SEGMENT_ROWS:
            live += seconds
        rows = waiting.setdefault(where, [])
        rows.append(Filed(offset, at, record))
        if len(rows) == SEGMENT_ROWS:
            writing += _written(writer, where, waiting.pop(where))
    for where, rows in waiting.items():
        writing += _written(writer, where, rows)
    writer.sign_head()
    return live, writing


def _written(writer: ArchiveWriter, where: tuple[str, int], rows: list[Filed]) -> float:
    began = time.perf_counter()
    writer.write(where, [1] * len(rows), rows)
    return time.perf_counter() - began


def _log() -> Iterator[tuple[tuple[str, int], Record, int, float]]:
    """Each record with its place, when it was appended, and the processor time that matching took for it."""
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
