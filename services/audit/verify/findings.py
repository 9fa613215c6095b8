"""What a verification finds: each fault by its name, where it is, what was expected and what is there."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from services.audit.archive.manifest import AnyEntry, Head, Segment, dropped_of


class Fault(StrEnum):
    """What can be wrong with an archive."""

    NO_ROOT = "no_root"
    ENTRY_MISSING = "entry_missing"
    ENTRY_UNREADABLE = "entry_unreadable"
    ENTRY_FORGED = "entry_forged"
    ENTRY_MISPLACED = "entry_misplaced"
    CHAIN_BROKEN = "chain_broken"
    HEAD_MISSING = "head_missing"
    HEAD_FORGED = "head_forged"
    HEAD_ELSEWHERE = "head_elsewhere"
    CHAIN_CUT = "chain_cut"
    ANCHOR_MISSING = "anchor_missing"
    SEGMENT_MISSING = "segment_missing"
    SEGMENT_TRUNCATED = "segment_truncated"
    SEGMENT_ALTERED = "segment_altered"
    SEGMENT_CONTRADICTED = "segment_contradicted"
    FILE_UNKNOWN = "file_unknown"
    RECORDS_MISSING = "records_missing"
    RECORDS_TWICE = "records_twice"
    FOLD_DIFFERS = "fold_differs"
    FOLD_IMPOSSIBLE = "fold_impossible"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold: `where` names it, `detail` says in French what was expected and what was found."""

    fault: Fault
    where: str
    detail: str


@dataclass
class ChainReport:
    """What was found of the chain and its files.

    Attributes:
        entries: those that could be read, in order.
        digests: that of each entry's file, by its sequence.
        records: in the segments that are as they were written.
    """

    findings: list[Finding] = field(default_factory=list)
    entries: list[AnyEntry] = field(default_factory=list)
    digests: dict[int, str] = field(default_factory=dict)
    head: Head | None = None
    records: int = 0

    @property
    def dropped(self) -> set[int]:
        """The segments that retention removed."""
        return dropped_of(self.entries)

    @property
    def segments(self) -> list[Segment]:
        """Those whose files have to be there."""
        dropped = self.dropped
        return [each for each in self.entries if isinstance(each, Segment) and each.sequence not in dropped]

    def find(self, fault: Fault, where: str, detail: str) -> None:
        """Note what does not hold."""
        self.findings.append(Finding(fault, where, detail))
