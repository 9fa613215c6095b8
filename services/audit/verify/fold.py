"""Whether matching said what it had to: its fold run again over the archived facts, word for word, byte for byte.

The fold comes from outside: audit knows only that a shard takes facts and says proposals.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from passerelles.bus.codec import Record, decode, encode
from passerelles.bus.poison import UndecodableError
from passerelles.errors import PasserellesError
from schemas.envelope import EPOCH_STRIDE, Event
from schemas.epochs import RulesAdopted
from schemas.proposals import Pair
from schemas.topics import TopicName
from schemas.vocabulary import Payload
from services.audit.archive.files import ArchiveFiles
from services.audit.archive.manifest import LogBegun, Segment
from services.audit.archive.rows import batches
from services.audit.archive.segment import Filed, records_of
from services.audit.verify.difference import difference
from services.audit.verify.findings import ChainReport, Fault, Finding


class Shard(Protocol):
    """Matching's fold of one partition."""

    def fold(self, event: Event[Payload], offset: int) -> Sequence[Event[Payload]]:
        """What a fact causes."""
        ...


MakeShard = Callable[[int, int], Shard]
"""From a partition and how many there are to its empty shard; a function of a module, as processes hand it over."""


@dataclass(frozen=True)
class Partition:
    """What one partition of one log says: facts, and the proposals that they caused.

    Attributes:
        has_all_facts, has_all_words: retention took no segment.
    """

    log: int
    number: int
    count: int
    facts: tuple[Segment, ...]
    words: tuple[Segment, ...]
    has_all_facts: bool
    has_all_words: bool

    @property
    def rows(self) -> int:
        """How many records it has."""
        return sum(each.count for each in (*self.facts, *self.words))


@dataclass
class FoldReport:
    """What the fold of a partition gave.

    Attributes:
        facts: folded; `words`: compared, and the same; `again`: said again after a crash, to the byte.
        unsaid: caused by the last facts and not in the archive: matching had not said them when it ended.
        ahead: said of facts that are not archived yet.
        beyond: of epochs whose beginning retention took, so that nothing can be folded.
        odd: records of proposals that are none.
    """

    facts: int = 0
    words: int = 0
    again: int = 0
    unsaid: int = 0
    ahead: int = 0
    beyond: int = 0
    odd: int = 0
    finding: Finding | None = None

    def add(self, other: FoldReport) -> None:
        """Sum up."""
        for name in ("facts", "words", "again", "unsaid", "ahead", "beyond", "odd"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.finding = self.finding or other.finding


def partitions_of(report: ChainReport) -> list[Partition]:
    """The partitions to fold, of every log, in order."""
    counts = {each.log: each.partitions for each in report.entries if isinstance(each, LogBegun)}
    all_ = [each for each in report.entries if isinstance(each, Segment)]
    places = sorted({(each.log, each.partition) for each in all_ if each.topic in (_FACTS, _WORDS)})
    dropped = report.dropped

    def of(topic: str, log: int, number: int) -> tuple[tuple[Segment, ...], bool]:
        there = [each for each in all_ if (each.topic, each.log, each.partition) == (topic, log, number)]
        kept = tuple(each for each in there if each.sequence not in dropped)
        return kept, len(kept) == len(there)

    found = []
    for log, number in places:
        (facts, all_facts), (words, all_words) = of(_FACTS, log, number), of(_WORDS, log, number)
        found.append(Partition(log, number, counts[log][_FACTS], facts, words, all_facts, all_words))
    return found


def refold(files: ArchiveFiles, partition: Partition, make_shard: MakeShard) -> FoldReport:
    """Fold the facts of a partition, and compare; stops at the first difference."""
    return _Comparison(files, partition, make_shard).run()


_FACTS: Final = TopicName.FACTS.value
_WORDS: Final = TopicName.PROPOSALS.value
_Adopted = set[tuple[str, int]]


@dataclass
class _Comparison:
    files: ArchiveFiles
    partition: Partition
    make_shard: MakeShard
    report: FoldReport = field(default_factory=FoldReport)
    adopted: _Adopted = field(default_factory=set)
    said: set[bytes] = field(default_factory=set)
    suspect: Finding | None = None
    """A record that is no proposal, since the last word that was as expected: it may stand where one was."""

    def run(self) -> FoldReport:
        expected = self._expected()
        try:
            self._compare(expected)
            self.report.unsaid += sum(1 for _ in expected)
        except PasserellesError as error:
            where = f"{_FACTS}/{self.partition.number}, journal {self.partition.log}"
            self.report.finding = Finding(Fault.FOLD_IMPOSSIBLE, where, error.detail)
        return self.report

    def _expected(self) -> Iterator[Record]:
        shard = self.make_shard(self.partition.number, self.partition.count)
        for segment in self.partition.facts:
            for row in _rows(self.files, segment):
                self.report.facts += 1
                try:
                    event = decode(row.record)
                except UndecodableError:
                    continue  # parked by matching, and skipped
                if isinstance(event.data, RulesAdopted):
                    self.adopted.add((event.data.territory, event.epoch))
                for word in shard.fold(event, row.offset):
                    yield encode(word)

    def _compare(self, expected: Iterator[Record]) -> None:
        waiting = next(expected, None)
        is_first = not self.partition.has_all_words
        for segment in self.partition.words:
            for row in _rows(self.files, segment):
                if is_first and waiting != row.record:
                    # Retention took the words before this one: they cannot be compared.
                    waiting = self._skipped_to(row.record, waiting, expected)
                is_first = False
                if row.record == waiting:
                    self.said.add(_digest(row.record))
                    self.report.words += 1
                    self.suspect = None
                    waiting = next(expected, None)
                elif _digest(row.record) in self.said:
                    self.report.again += 1
                elif self._is_wrong(segment, row, waiting):
                    return
        if waiting is not None:
            self.report.unsaid += 1
            self.report.finding = self.suspect

    def _skipped_to(self, record: Record, waiting: Record | None, expected: Iterator[Record]) -> Record | None:
        revision = _revision(record)
        while waiting is not None and waiting != record and _revision(waiting) <= revision:
            self.said.add(_digest(waiting))
            waiting = next(expected, None)
        return waiting

    def _is_wrong(self, segment: Segment, row: Filed, waiting: Record | None) -> bool:
        """Whether a word that is not the one expected is a difference; otherwise it is counted."""
        try:
            word = decode(row.record)
        except UndecodableError:
            word = None
        if word is None or not isinstance(word.data, Pair):
            self.report.odd += 1
            self.suspect = self.suspect or difference(segment, row, waiting)
            return False
        if not self.partition.has_all_facts and (word.data.territory, word.epoch) not in self.adopted:
            self.report.beyond += 1
            return False
        if waiting is None and self._is_ahead(word.data.revision):
            self.report.ahead += 1
            return False
        self.report.finding = self.suspect or difference(segment, row, waiting)
        return True

    def _is_ahead(self, revision: int) -> bool:
        last = max((each.last for each in self.partition.facts), default=-1)
        return revision % EPOCH_STRIDE > last


def _rows(files: ArchiveFiles, segment: Segment) -> Iterator[Filed]:
    for batch in batches(files, segment):
        yield from records_of(batch)


def _digest(record: Record) -> bytes:
    return hashlib.blake2b(repr((record.key, record.value, record.headers)).encode(), digest_size=16).digest()


def _revision(record: Record) -> int:
    try:
        data = decode(record).data
    except UndecodableError:
        return -1
    return data.revision if isinstance(data, Pair) else -1
