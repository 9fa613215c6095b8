"""What every audit command takes: which archive, which instants; and how each of them fails."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from passerelles.errors import InvalidInputError, NotFoundError, PasserellesError
from passerelles.reference.calendar import paris_midnight
from passerelles.settings import Settings, read_settings
from services.audit.archive.errors import ArchiveError
from services.audit.archive.keys import PUBLIC
from services.audit.reading.index import Index
from services.audit.reading.segments import SegmentArchive

DIFFERS: Final = 1
"""Exit code: something does not hold, or an error that has no code of its own."""
USAGE: Final = 2
"""Exit code: the command was not understood (also an instant, a type or an identifier that is none)."""
UNREADABLE: Final = 3
"""Exit code: there is no archive there, or it cannot be read."""
NOTHING: Final = 4
"""Exit code: the archive was read, and has nothing of what was asked."""

FromOption = Annotated[
    str | None, typer.Option("--from", help="À partir de ce jour (2026-03-02, à Paris), ou de cet instant (RFC 3339).")
]
ToOption = Annotated[str | None, typer.Option("--to", help="Jusqu'à ce jour compris, ou à cet instant exclu.")]
ArchiveOption = Annotated[
    str | None, typer.Option("--archive", help="Le dossier ou l'URL de l'archive (sinon PASSERELLES_ARCHIVE).")
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Le dossier de l'archive, de sa clé, de l'index (sinon PASSERELLES_DATA).", file_okay=False
    ),
]
AtOption = Annotated[str | None, typer.Option("--at", help="Tel qu'à la fin d'un jour, ou à un instant (RFC 3339).")]


@dataclass(frozen=True)
class Where:
    """An archive and the folder of its service.

    Attributes:
        data: holds the keys, and the index: who may write there is trusted.
    """

    address: str
    data: Path

    @property
    def public_key(self) -> bytes | None:
        """The key that this machine trusts, if it has one."""
        file = self.data / PUBLIC
        return file.read_bytes() if file.exists() else None

    def open(self, *, anew: bool = False) -> SegmentArchive:
        """The archive, to be read; `anew`: by an index made again. Raises `ArchiveError`."""
        index = self.data / f"audit-index-{self._name}.sqlite"
        if anew:
            Index(index).remove()
        return SegmentArchive(self.address, index=index)

    @property
    def _name(self) -> str:
        """Tells the archives apart that are read with one data folder."""
        place = self.address if "://" in self.address else str(Path(self.address).resolve())
        return hashlib.sha256(place.encode()).hexdigest()[:12]


def where(archive: str | None, data: Path | None) -> Where:
    """From the options of a command, or else the settings. Raises `SettingsError`."""
    settings: Settings = read_settings()
    if data is not None:
        settings = settings.model_copy(update={"data": data, "archive": ""})
    return Where(archive or settings.archive_address, settings.data)


def instant(text: str | None, name: str, *, end: bool = False) -> datetime | None:
    """The instant of an option: RFC 3339, or a day in Paris, its start or (`end`) the start of the next.

    Raises:
        InvalidInputError: it is neither.
    """
    if text is None:
        return None
    try:
        return paris_midnight(date.fromisoformat(text) + timedelta(days=int(end)))
    except ValueError:
        pass
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise InvalidInputError(
            f"{name} : « {text} » n'est ni un jour ni un instant.",
            remedy="Écrire 2026-03-02, ou 2026-03-02T08:00:00+01:00.",
            field=name,
        )
    return time.astimezone(UTC)


@contextmanager
def failures() -> Iterator[None]:
    """Turn an error that a person can meet into a message and an exit code."""
    try:
        yield
    except PasserellesError as error:
        typer.echo(f"{error.title} : {error.detail} {error.remedy}".strip(), err=True)
        raise typer.Exit(_code(error)) from error
    except BrokenPipeError:
        raise
    except sqlite3.Error as error:
        typer.echo(f"Index inutilisable ({error}) : le refaire par « passerelles audit index --rebuild ».", err=True)
        raise typer.Exit(UNREADABLE) from error
    except OSError as error:
        told = "Archive inutilisable : le disque ou le stockage de l'archive ne répond pas, ou refuse"
        typer.echo(f"{told} ({error.strerror or type(error).__name__}).", err=True)
        raise typer.Exit(UNREADABLE) from error


def _code(error: PasserellesError) -> int:
    if isinstance(error, ArchiveError):
        return UNREADABLE
    if isinstance(error, NotFoundError):
        return NOTHING
    return USAGE if isinstance(error, InvalidInputError) else DIFFERS
