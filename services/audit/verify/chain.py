"""Whether the archive is what was written: every entry tied to the one before and signed, none missing."""

from __future__ import annotations

from collections.abc import Callable

from services.audit.archive.chain import HEAD, no_archive
from services.audit.archive.files import ArchiveFiles
from services.audit.archive.keys import Verifier
from services.audit.archive.manifest import (
    AnyEntry,
    ForgedError,
    LogBegun,
    Root,
    Segment,
    UnreadableError,
    digest_of,
    entry_file,
    read_entry,
    read_head,
)
from services.audit.verify.findings import ChainReport, Fault
from services.audit.verify.segments import see_files, see_segment


def verify_chain(
    files: ArchiveFiles,
    verifier: Verifier,
    *,
    anchor: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> ChainReport:
    """Walk the chain, its head, and every segment's file; goes on after a finding.

    Args:
        files: those of the archive.
        verifier: of the key that has to have signed them.
        anchor: the digest of a head that was noted outside of the archive: the chain has to hold it.
        progress: called with the records of each segment that was looked at.

    Raises:
        NoArchiveError: there is nothing to verify.
    """
    report = ChainReport()
    _walk(files, verifier, report)
    _see_head(files, verifier, report)
    if anchor is not None and anchor not in report.digests.values():
        report.find(Fault.ANCHOR_MISSING, anchor, "la chaîne ne contient pas cette empreinte, notée auparavant")
    _see_offsets(report)
    see_files(files, report)
    for segment in report.segments:
        see_segment(files, segment, report)
        progress(segment.count)
    return report


def _walk(files: ArchiveFiles, verifier: Verifier, report: ChainReport) -> None:
    names = files.names("chain")
    if not names:
        raise no_archive()
    known = set(names)
    last = max((int(name.rpartition("/")[2].removesuffix(".json")) for name in names if _is_number(name)), default=-1)
    previous: str | None = None
    for sequence in range(last + 1):
        name = entry_file(sequence)
        if name not in known:
            report.find(Fault.ENTRY_MISSING, name, "l'entrée de la chaîne manque")
            previous = None
            continue
        known.discard(name)
        content = files.read(name)
        is_after_a_hole = previous is None and sequence > 0
        report.digests[sequence] = digest = digest_of(content)
        entry = _read(content, verifier, name, report)
        if entry is not None:
            _see_entry(entry, sequence, None if is_after_a_hole else (previous,), name, report)
        previous = digest
    for name in sorted(known):
        report.find(Fault.FILE_UNKNOWN, name, "ce fichier n'est pas une entrée de la chaîne")


def _is_number(name: str) -> bool:
    stem = name.rpartition("/")[2].removesuffix(".json")
    return stem.isdigit() and entry_file(int(stem)) == name


def _read(content: bytes, verifier: Verifier, name: str, report: ChainReport) -> AnyEntry | None:
    try:
        return read_entry(content, verifier)
    except UnreadableError:
        report.find(Fault.ENTRY_UNREADABLE, name, "l'entrée de la chaîne ne se lit pas")
    except ForgedError:
        report.find(Fault.ENTRY_FORGED, name, "la signature de l'entrée n'est pas celle de l'archive")
    return None


def _see_entry(
    entry: AnyEntry, sequence: int, expected: tuple[str | None] | None, name: str, report: ChainReport
) -> None:
    if entry.sequence != sequence:
        report.find(Fault.ENTRY_MISPLACED, name, f"c'est l'entrée {entry.sequence} qui est à la place de la {sequence}")
        return
    if isinstance(entry, Root) != (sequence == 0):
        report.find(Fault.NO_ROOT, name, "la chaîne ne commence pas par son origine")
    if expected is not None and (entry.previous,) != expected:
        found, wanted = entry.previous or "aucune", expected[0] or "aucune"
        report.find(Fault.CHAIN_BROKEN, name, f"elle suit l'entrée d'empreinte {found}, et l'on trouve {wanted}")
    report.entries.append(entry)


def _see_head(files: ArchiveFiles, verifier: Verifier, report: ChainReport) -> None:
    try:
        head = read_head(files.read(HEAD), verifier)
    except FileNotFoundError:
        report.find(Fault.HEAD_MISSING, HEAD, "la tête signée de la chaîne manque")
        return
    except (UnreadableError, ForgedError):
        report.find(Fault.HEAD_FORGED, HEAD, "la tête n'est pas signée par la clé de l'archive")
        return
    report.head = head
    last = max(report.digests, default=-1)
    if head.sequence > last:
        report.find(
            Fault.CHAIN_CUT,
            entry_file(head.sequence),
            f"la tête nomme l'entrée {head.sequence}, la chaîne s'arrête à {last}",
        )
    elif report.digests.get(head.sequence, head.digest) != head.digest:
        report.find(Fault.HEAD_ELSEWHERE, HEAD, f"l'entrée {head.sequence} n'est pas celle que la tête a signée")


def _see_offsets(report: ChainReport) -> None:
    """Each partition of each log goes on where its segment before ended, whether retention took that or not."""
    log, positions = 0, dict[tuple[str, int], int]()
    for entry in report.entries:
        if isinstance(entry, LogBegun):
            log, positions = entry.log, {}
        elif isinstance(entry, Segment):
            place = (entry.topic, entry.partition)
            expected = positions.get(place, entry.first)
            if entry.log != log:
                report.find(Fault.SEGMENT_CONTRADICTED, entry.place, f"journal {entry.log}, dans le journal {log}")
            if entry.first > expected:
                report.find(
                    Fault.RECORDS_MISSING, entry.place, f"les positions {expected} à {entry.first - 1} manquent"
                )
            elif entry.first < expected:
                report.find(
                    Fault.RECORDS_TWICE, entry.place, f"les positions {entry.first} à {expected - 1} y sont déjà"
                )
            positions[place] = entry.last + 1
