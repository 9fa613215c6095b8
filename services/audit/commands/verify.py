"""`passerelles audit verify`: the whole proof, with its progress."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

import typer
from rich import progress as rich_progress
from rich.console import Console

from services.audit.commands.options import (
    DIFFERS,
    ArchiveOption,
    DataOption,
    failures,
    where,
)
from services.audit.verify.fold import MakeShard
from services.audit.verify.proof import verify as prove
from services.audit.verify.report import told


class _Bar:
    """The progress of a proof, on standard error."""

    def __init__(self) -> None:
        self._bar = rich_progress.Progress(
            rich_progress.TextColumn("{task.description}"),
            rich_progress.BarColumn(),
            rich_progress.MofNCompleteColumn(),
            rich_progress.TimeElapsedColumn(),
            console=Console(stderr=True),
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def step(self, title: str, total: int) -> None:
        """As `Progress.step` says."""
        self._task = self._bar.add_task(title, total=total)

    def advance(self, records: int) -> None:
        """As `Progress.advance` says."""
        self._bar.advance(self._task, records)


def verify_command(make_shard: MakeShard) -> Callable[..., None]:
    """The `verify` command, with matching's fold, which audit does not import."""

    def verify(
        archive: ArchiveOption = None,
        data: DataOption = None,
        public_key: Annotated[
            Path | None, typer.Option(help="La clé publique à laquelle se fier (PEM).", exists=True, dir_okay=False)
        ] = None,
        head: Annotated[
            str | None, typer.Option(help="L'empreinte d'une tête notée auparavant : la chaîne doit la contenir.")
        ] = None,
        workers: Annotated[int, typer.Option(help="Processus pour rejouer les règles.", min=1)] = os.cpu_count() or 1,
        *,
        fold: Annotated[bool, typer.Option(help="Rejouer aussi la mise en relation.")] = True,
    ) -> None:
        """Prouver l'archive : chaîne, empreintes, signatures, puis chaque proposition. Code 0 si tout est exact."""
        with failures():
            place = where(archive, data)
            trusted = public_key.read_bytes() if public_key else place.public_key
            with _Bar() as bar:
                proof = prove(
                    place.address,
                    make_shard if fold else None,
                    bar,
                    public_key=trusted,
                    anchor=head,
                    workers=workers,
                )
        console = Console(highlight=False, soft_wrap=True)
        for each in told(proof, has_trusted_key=trusted is not None):
            console.print(each, markup=False)
        raise typer.Exit(0 if proof.holds else DIFFERS)

    return verify
