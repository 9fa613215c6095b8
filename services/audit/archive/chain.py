"""The chain of entries as it lies in the archive: read in order, each tied to the one before, and added to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from services.audit.archive.errors import ArchiveError, NoArchiveError
from services.audit.archive.files import ArchiveFiles
from services.audit.archive.keys import PUBLIC, Signer, Verifier
from services.audit.archive.manifest import (
    AnyEntry,
    Entry,
    ForgedError,
    Head,
    Root,
    UnreadableError,
    digest_of,
    entry_file,
    read_entry,
    read_head,
    seal,
)

HEAD: Final = "head.json"
E = TypeVar("E", bound=Entry)


def _now() -> datetime:
    return datetime.now(UTC)


def read_chain(files: ArchiveFiles, verifier: Verifier | None = None) -> list[AnyEntry]:
    """Every entry, in order; readers trust what `verify` proves, and look no further than the entries themselves.

    Raises:
        NoArchiveError: there is no chain.
        ArchiveError: an entry is missing, cannot be read, or (with a verifier) is not tied to the one before.
    """
    entries: list[AnyEntry] = []
    previous: str | None = None
    for sequence, content in _contents(files):
        try:
            entry = read_entry(content, verifier)
        except (UnreadableError, ForgedError) as error:
            raise broken(sequence) from error
        if entry.sequence != sequence or (verifier is not None and entry.previous != previous):
            raise broken(sequence)
        previous = digest_of(content)
        entries.append(entry)
    if not entries:
        raise no_archive()
    return entries


def _contents(files: ArchiveFiles) -> Iterator[tuple[int, bytes]]:
    for sequence, name in enumerate(files.names("chain")):
        if name != entry_file(sequence):
            raise broken(sequence)
        yield sequence, files.read(name)


def no_archive() -> NoArchiveError:
    """There is no chain at the address."""
    return NoArchiveError(
        "Il n'y a pas d'archive à cette adresse.", remedy="Vérifier --archive ou PASSERELLES_ARCHIVE."
    )


def broken(sequence: int) -> ArchiveError:
    """An entry is not there, or not what the chain needs there."""
    return ArchiveError(
        f"L'entrée {sequence} de la chaîne manque ou n'est pas lisible.",
        remedy="Lancer « passerelles audit verify », qui nomme ce qui ne va pas.",
    )


class ChainWriter:
    """Adds entries, each a file that is there whole or not at all, then signs the new head.

    An entry that a crash left beyond the head is signed and tied: it is the chain's.

    Args:
        clock: dates the entries.

    Attributes:
        entries: those of the chain.
    """

    def __init__(self, files: ArchiveFiles, signer: Signer, *, clock: Callable[[], datetime] = _now) -> None:
        self._files = files
        self._signer = signer
        self._clock = clock
        self.entries: list[AnyEntry] = []
        self._digest: str | None = None

    def open(self, cluster: str | None) -> None:
        """Take up the chain, or begin one for the log of this cluster.

        Raises:
            ArchiveError: it is broken, shorter than its head, or signed with another key.
            OSError: it cannot be written.
        """
        if not self._files.names("chain"):
            self._files.write(PUBLIC, self._signer.verifier.pem, replace=True)
            self._digest, self.entries = None, []
            self.add(Root, cluster=cluster)
        else:
            head = self._head()  # first: another process may add to both
            self.entries = read_chain(self._files, self._signer.verifier)
            self._digest = digest_of(self._files.read(entry_file(len(self.entries) - 1)))
            # Without a head: a crash between the first entry and its head.
            if (head is None and len(self.entries) > 1) or (head is not None and head.sequence >= len(self.entries)):
                raise broken(len(self.entries))
        self.sign_head()

    def _head(self) -> Head | None:
        try:
            return read_head(self._files.read(HEAD), self._signer.verifier)
        except FileNotFoundError:
            return None
        except (UnreadableError, ForgedError) as error:
            raise ArchiveError(
                "La tête de la chaîne n'est pas lisible, ou pas signée par la clé de ce service.",
                remedy="Lancer « passerelles audit verify », qui nomme ce qui ne va pas.",
            ) from error

    @property
    def root(self) -> Root:
        """The first entry."""
        root = self.entries[0]
        if not isinstance(root, Root):
            raise broken(0)
        return root

    def add(self, kind: type[E], **fields: Any) -> E:
        """Tie an entry to the last one; then, and whenever it raises, the chain is whole.

        Raises:
            FileExistsError: another process has written an entry since `open`.
            OSError: it cannot be written.
        """
        sequence = len(self.entries)
        entry = kind(sequence=sequence, previous=self._digest, written=self._clock(), **fields)
        content = seal(entry, self._signer)
        self._files.write(entry_file(sequence), content)
        self._digest = digest_of(content)
        self.entries.append(entry)  # type: ignore[arg-type]
        return entry

    def sign_head(self) -> None:
        """Say where the chain ends. Raises `OSError`."""
        head = Head(sequence=len(self.entries) - 1, digest=self._digest or "", written=self._clock())
        self._files.write(HEAD, seal(head, self._signer), replace=True)
