"""Takes out what is older than the stated period: whole segments, behind a signed checkpoint that verifies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from services.audit.archive_errors import ArchiveError
from services.audit.archive_files import ArchiveFiles, open_files
from services.audit.archive_keys import PRIVATE, open_signer
from services.audit.archive_writer import ArchiveWriter, older_than
from services.audit.chain import read_chain
from services.audit.manifest import Root, Segment


def _now() -> datetime:
    return datetime.now(UTC)


def older(address: str, before: datetime) -> list[Segment]:
    """The segments that `drop` would take out. Raises `ArchiveError`."""
    return older_than(read_chain(open_files(address)), before)


def drop(address: str, data: Path, before: datetime, *, clock: Callable[[], datetime] = _now) -> list[Segment]:
    """Take out the segments whose records were all appended before an instant, and say which.

    Args:
        address: the archive's folder or URL.
        data: where the key is that signs it.
        before: what is older goes.
        clock: dates the checkpoint.

    Raises:
        ArchiveError: there is no archive, its chain is broken, or its key is not there.
    """
    files = open_files(address)
    cluster = _root(files).cluster
    if not (data / PRIVATE).exists():
        raise ArchiveError(
            "La clé qui signe cette archive n'est pas ici.",
            remedy="Lancer la commande avec le dossier DATA du service.",
        )
    writer = ArchiveWriter(files, open_signer(data), clock=clock)
    writer.open(cluster)
    return writer.drop(before)


def _root(files: ArchiveFiles) -> Root:
    root = read_chain(files)[0]
    if not isinstance(root, Root):
        raise ArchiveError("La chaîne ne commence pas par son origine.", remedy="Lancer « passerelles audit verify ».")
    return root
