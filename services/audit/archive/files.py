"""Where an archive lies: a folder, or a bucket through fsspec. A file is there whole, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol

import fsspec

from services.audit.archive.errors import ArchiveError

_TEMPORARY: Final = ".tmp-"


class ArchiveFiles(Protocol):
    """The files of an archive, named by their path inside it (`chain/0/1.json`)."""

    def read(self, name: str) -> bytes:
        """The content of a file. Raises `FileNotFoundError`."""
        ...

    def size(self, name: str) -> int:
        """The bytes of a file. Raises `FileNotFoundError`."""
        ...

    def open(self, name: str) -> Any:
        """A file to read from anywhere, to be closed. Raises `FileNotFoundError`."""
        ...

    def write(self, name: str, content: bytes, *, replace: bool = False) -> None:
        """Put a file there, durably. Raises `FileExistsError` unless `replace`, and `OSError` (disk full)."""
        ...

    def remove(self, name: str) -> None:
        """Take a file away; one that is not there is none."""
        ...

    def names(self, folder: str) -> list[str]:
        """The files below a folder, sorted; those that were not finished are left out."""
        ...


def open_files(address: str) -> ArchiveFiles:
    """The files at a folder's path, or at a URL that fsspec knows (`s3://bucket/folder`).

    Raises:
        ArchiveError: the URL's scheme is unknown, or its driver is not installed.
    """
    if "://" not in address:
        return FolderFiles(Path(address))
    if address.startswith("file://"):
        return FolderFiles(Path(address.removeprefix("file://")))
    try:
        files, root = fsspec.url_to_fs(address, use_listings_cache=False)
    except (ImportError, ValueError) as error:
        raise ArchiveError(
            f"L'adresse d'archive « {address} » ne peut pas être ouverte.",
            remedy="Donner un dossier, ou installer le pilote fsspec de ce stockage (s3fs pour s3://).",
        ) from error
    return BucketFiles(files, root)


class FolderFiles:
    """Files of a local folder: a temporary name, fsync, then the name, then fsync of the folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, name: str) -> bytes:
        """As `ArchiveFiles.read` says."""
        return (self.root / name).read_bytes()

    def size(self, name: str) -> int:
        """As `ArchiveFiles.size` says."""
        return (self.root / name).stat().st_size

    def open(self, name: str) -> Any:
        """As `ArchiveFiles.open` says."""
        return (self.root / name).open("rb")

    def write(self, name: str, content: bytes, *, replace: bool = False) -> None:
        """As `ArchiveFiles.write` says."""
        file = self.root / name
        self._make_folder(file.parent)
        temporary = file.with_name(f"{_TEMPORARY}{secrets.token_hex(6)}-{file.name}")
        try:
            with temporary.open("xb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            if replace:
                temporary.replace(file)
            else:
                os.link(temporary, file)  # unlike a rename, it fails when the name is taken
        finally:
            temporary.unlink(missing_ok=True)
        _sync(file.parent)

    def remove(self, name: str) -> None:
        """As `ArchiveFiles.remove` says."""
        (self.root / name).unlink(missing_ok=True)

    def names(self, folder: str) -> list[str]:
        """As `ArchiveFiles.names` says."""
        return sorted(
            file.relative_to(self.root).as_posix()
            for file in (self.root / folder).rglob("*")
            if not file.name.startswith(_TEMPORARY) and file.is_file()
        )

    def _make_folder(self, folder: Path) -> None:
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        for each in missing:
            _sync(each.parent)


class BucketFiles:
    """Files of a store that puts an object whole or not at all, as S3 does; its failures are `OSError`."""

    def __init__(self, files: Any, root: str) -> None:
        self._files = files
        self._root = root.rstrip("/")

    def read(self, name: str) -> bytes:
        """As `ArchiveFiles.read` says."""
        with _asking():
            content: bytes = self._files.cat_file(self._at(name))
        return content

    def size(self, name: str) -> int:
        """As `ArchiveFiles.size` says."""
        with _asking():
            return int(self._files.size(self._at(name)))

    def open(self, name: str) -> Any:
        """As `ArchiveFiles.open` says."""
        with _asking():
            return self._files.open(self._at(name), "rb")

    def write(self, name: str, content: bytes, *, replace: bool = False) -> None:
        """As `ArchiveFiles.write` says: the store itself refuses a name that is taken (S3's `If-None-Match`)."""
        with _asking():
            self._files.pipe_file(self._at(name), content, mode="overwrite" if replace else "create")

    def remove(self, name: str) -> None:
        """As `ArchiveFiles.remove` says."""
        with contextlib.suppress(FileNotFoundError), _asking():
            self._files.rm_file(self._at(name))

    def names(self, folder: str) -> list[str]:
        """As `ArchiveFiles.names` says."""
        return sorted(self._found(folder))

    def _found(self, folder: str) -> Iterator[str]:
        with contextlib.suppress(FileNotFoundError), _asking():
            for path in self._files.find(self._at(folder)):
                yield str(PurePosixPath(path).relative_to(PurePosixPath(self._root)))

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"


@contextlib.contextmanager
def _asking() -> Iterator[None]:
    """Every driver has errors of its own for a store that does not answer, or refuses."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(errno.EIO, f"the store of the archive failed: {type(error).__name__}") from error


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
