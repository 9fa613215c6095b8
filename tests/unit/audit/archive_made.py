"""Archives made for tests, on disk, from events: no bus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from passerelles.bus.address import Bus
from passerelles.bus.codec import Record, encode, place
from schemas.envelope import Event
from schemas.topics import TOPICS
from schemas.vocabulary import Payload, PostingStatus
from services.audit.archive.files import FolderFiles
from services.audit.archive.keys import open_signer
from services.audit.archive.segment import Filed
from services.audit.reading.segments import SegmentArchive
from services.audit.writing.writer import ArchiveWriter
from services.matching.shard import MatchingShard
from tests.unit.matching.scenery import MONDAY, adopted, day, event, need, opened, staff

EMBEDDED = Bus("nowhere:1", embedded=True)
PARTITIONS = {name: EMBEDDED.partitions(name) for name in TOPICS}
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
Log = Sequence[Event[Payload]]


class Quiet:
    def step(self, title: str, total: int) -> None:
        pass

    def advance(self, records: int) -> None:
        pass


@dataclass(frozen=True)
class Made:
    """An archive in a folder, with the key beside it."""

    data: Path

    @property
    def address(self) -> str:
        return str(self.data / "archive")

    @property
    def files(self) -> FolderFiles:
        return FolderFiles(self.data / "archive")

    @property
    def index(self) -> Path:
        return self.data / "index.sqlite"

    def reader(self) -> SegmentArchive:
        return SegmentArchive(self.address, index=self.index)

    def writer(self) -> ArchiveWriter:
        writer = ArchiveWriter(self.files, open_signer(self.data), clock=lambda: NOON)
        writer.open(None)
        return writer


class Scribe:
    """Writes events to an archive as an embedded log would have had them, one segment at each `end_segment`."""

    def __init__(self, data: Path) -> None:
        self.made = Made(data)
        self.writer = self.made.writer()
        self.writer.begin_log(PARTITIONS)
        self._offsets: dict[tuple[str, int], int] = {}
        self._waiting: dict[tuple[str, int], list[tuple[int, Filed]]] = {}

    def new_log(self) -> None:
        self.writer.begin_log(PARTITIONS)
        self._offsets = {}

    def write(self, events: Sequence[Event[Payload]]) -> None:
        for each in events:
            self.write_record(*place(each, EMBEDDED), encode(each), each.epoch, int(each.time.timestamp() * 1000))

    def write_record(self, topic: str, partition: int, record: Record, epoch: int, at: int) -> int:
        where = (topic, partition)
        offset = self._offsets.get(where, 0)
        self._offsets[where] = offset + 1
        self._waiting.setdefault(where, []).append((epoch, Filed(offset, at, record)))
        return offset

    def end_segment(self) -> None:
        for where, waiting in sorted(self._waiting.items()):
            self.writer.write(where, [epoch for epoch, _ in waiting], [row for _, row in waiting])
        self._waiting = {}
        self.writer.sign_head()


def matched(log: Sequence[Event[Payload]], bus: Bus = EMBEDDED) -> list[list[Event[Payload]]]:
    """For each fact of a log what matching says of it, folding live partition by partition."""
    shards: dict[int, MatchingShard] = {}
    offsets: dict[int, int] = {}
    said = []
    for fact in log:
        topic, partition = place(fact, bus)
        shard = shards.setdefault(partition, MatchingShard(partition, bus.partitions(topic)))
        offset = offsets[partition] = offsets.get(partition, -1) + 1
        said.append(list(shard.fold(fact, offset)))
    return said


def history(epoch: int = 1) -> Log:
    facts = [
        *((adopted(territory, epoch=epoch), territory) for territory in ("46", "12", "19")),
        *((day(MONDAY, territory), territory) for territory in ("46", "12")),
        *((staff(1000 + number), territory) for number in range(4) for territory in ("46", "12")),
        *((opened(territory, epoch=epoch), territory) for territory in ("46", "12", "19")),
        *((need(number, territories=("46",)), "46") for number in range(1, 4)),
        (need(9, territories=("12",)), "12"),
        (need(1, 2, status=PostingStatus.WITHDRAWN), "46"),
    ]
    return [event(data, territory=where, epoch=epoch, place=number) for number, (data, where) in enumerate(facts)]


def written(scribe: Scribe, log: Log, said: Sequence[Log]) -> None:
    for number, (fact, words) in enumerate(zip(log, said, strict=True)):
        scribe.write([fact, *words])
        if number % 5 == 4:
            scribe.end_segment()
    scribe.end_segment()
