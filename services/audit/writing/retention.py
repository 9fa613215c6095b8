"""Takes out what is older than the stated period: whole segments, behind a signed checkpoint that verifies.

It needs no lease. Each number of the chain is written by one process only, whoever comes first; the other finds it
taken, reads the chain again and goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from services.audit.archive.chain import ChainWriter, read_chain
from services.audit.archive.errors import ArchiveError
from services.audit.archive.files import ArchiveFiles, open_files
from services.audit.archive.keys import PRIVATE, open_signer
from services.audit.archive.manifest import AnyEntry, Dropped, Root, Segment, dropped_of

_ATTEMPTS: Final = 100
"""Each is lost to an entry that another process has written."""


def _now() -> datetime:
    return datetime.now(UTC)


def older(address: str, before: datetime) -> list[Segment]:
    """The segments that `drop` would take out. Raises `ArchiveError`."""
    return _older_than(read_chain(open_files(address)), before)


def drop(address: str, data: Path, before: datetime, *, clock: Callable[[], datetime] = _now) -> list[Segment]:
    """Take out the segments whose records were all appended before an instant, and say which.

    Of each partition the oldest go first, and none goes behind one that stays. A signed entry says so before any file
    is removed; a crash in between leaves files that the archiver removes when it next opens the archive.

    Args:
        address: the archive's folder or URL.
        data: where the key is that signs it.
        before: what is older goes.
        clock: dates the checkpoint.

    Raises:
        ArchiveError: there is no archive, its chain is broken, or its key is not there.
        OSError: it cannot be written.
    """
    files = open_files(address)
    cluster = _root(files).cluster
    if not (data / PRIVATE).exists():
        raise ArchiveError(
            "La clé qui signe cette archive n'est pas ici.",
            remedy="Lancer la commande avec le dossier DATA du service.",
        )
    chain = ChainWriter(files, open_signer(data), clock=clock)
    for _ in range(_ATTEMPTS):
        chain.open(cluster)
        gone = _older_than(chain.entries, before)
        if not gone:
            return []
        try:
            chain.add(Dropped, before=before, sequences=tuple(each.sequence for each in gone))
        except FileExistsError:
            continue
        chain.sign_head()
        for each in gone:
            files.remove(each.file)
        return gone
    raise ArchiveError("D'autres processus ne cessent d'écrire dans cette archive.", remedy="Recommencer plus tard.")


def _older_than(entries: Iterable[AnyEntry], before: datetime) -> list[Segment]:
    entries = list(entries)
    gone = dropped_of(entries)
    staying: set[tuple[int, str, int]] = set()
    found = []
    for each in entries:
        if not isinstance(each, Segment) or each.sequence in gone:
            continue
        place = (each.log, each.topic, each.partition)
        if place in staying or each.last_at >= before:
            staying.add(place)
        else:
            found.append(each)
    return found


def _root(files: ArchiveFiles) -> Root:
    root = read_chain(files)[0]
    if not isinstance(root, Root):
        raise ArchiveError("La chaîne ne commence pas par son origine.", remedy="Lancer « passerelles audit verify ».")
    return root
