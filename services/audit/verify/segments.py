"""Whether each segment's file is the one that its entry is about, to the byte."""

from __future__ import annotations

import hashlib
from typing import Final

import pyarrow as pa
from pyarrow import compute, parquet

from services.audit.archive.files import ArchiveFiles
from services.audit.archive.manifest import Segment
from services.audit.verify.findings import ChainReport, Fault

_READ_BYTES: Final = 1 << 20


def see_files(files: ArchiveFiles, report: ChainReport) -> None:
    """Find the files that no entry names.

    A segment is written before its entry: what lies beyond the last of its partition is one under way, or what a crash
    left, which the next start removes.
    """
    expected = {each.file for each in report.entries if isinstance(each, Segment)}
    last: dict[str, str] = {}
    for name in expected:
        folder = name.rpartition("/")[0]
        last[folder] = max(last.get(folder, ""), name)
    for name in files.names("segments"):
        if name not in expected and name < last.get(name.rpartition("/")[0], ""):
            report.find(Fault.FILE_UNKNOWN, name, "aucune entrée de la chaîne ne nomme ce fichier")


def see_segment(files: ArchiveFiles, segment: Segment, report: ChainReport) -> None:
    """Compare a segment's file with its entry: size, digest, then what its rows say."""
    try:
        size = files.size(segment.file)
        if size != segment.size:
            fault = Fault.SEGMENT_TRUNCATED if size < segment.size else Fault.SEGMENT_ALTERED
            report.find(fault, segment.file, f"{size} octets au lieu de {segment.size} ({segment.place})")
            return
        found = _digest(files, segment.file)
    except FileNotFoundError:
        report.find(Fault.SEGMENT_MISSING, segment.file, f"le fichier manque ({segment.place})")
        return
    if found != segment.sha256:
        report.find(
            Fault.SEGMENT_ALTERED, segment.file, f"empreinte {found} au lieu de {segment.sha256} ({segment.place})"
        )
        return
    wrong = _contradiction(files, segment)
    if wrong:
        report.find(Fault.SEGMENT_CONTRADICTED, segment.file, f"{wrong} ({segment.place})")
        return
    report.records += segment.count


def _digest(files: ArchiveFiles, name: str) -> str:
    digest = hashlib.sha256()
    with files.open(name) as file:
        while part := file.read(_READ_BYTES):
            digest.update(part)
    return digest.hexdigest()


def _contradiction(files: ArchiveFiles, segment: Segment) -> str | None:
    """What the rows say that the entry does not; none when they agree."""
    with files.open(segment.file) as file:
        try:
            table = parquet.ParquetFile(file).read(columns=["offset", "at"])
        except (pa.ArrowException, OSError):
            return "ce n'est pas un fichier Parquet lisible"
    if table.num_rows != segment.count:
        return f"{table.num_rows} enregistrements au lieu de {segment.count}"
    offsets = table.column("offset").combine_chunks()
    steps = compute.equal(compute.subtract(offsets[1:], offsets[:-1]), 1)
    if offsets[0].as_py() != segment.first or not compute.all(steps, min_count=0).as_py():
        places = enumerate(offsets.to_pylist(), segment.first)
        expected, found = next(each for each in places if each[0] != each[1])
        return f"la position {found} est à la place de la {expected}"
    times = compute.min_max(table.column("at")).as_py()
    if (times["min"], times["max"]) != (segment.first_at, segment.last_at):
        return "les heures ne sont pas celles de l'entrée"
    return None
