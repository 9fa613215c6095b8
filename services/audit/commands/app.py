"""`passerelles audit verify | replay | explain | state | export | retention | index`: what is done with the archive."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self
from uuid import UUID

import typer
from rich import progress as rich_progress
from rich.console import Console

from passerelles.bus.address import Bus
from passerelles.errors import InvalidInputError
from schemas.catalogue import CATALOGUE
from services.audit import replay as replaying
from services.audit.commands.explain import add_story_commands
from services.audit.commands.options import (
    DIFFERS,
    NOTHING,
    ArchiveOption,
    DataOption,
    failures,
    instant,
    where,
)
from services.audit.export.workbook import export
from services.audit.pairs.judging import Judge
from services.audit.reading.segments import SegmentArchive
from services.audit.verify.fold import MakeShard
from services.audit.verify.proof import verify as prove
from services.audit.verify.report import told
from services.audit.writing import retention as retaining


class Format(StrEnum):
    """How events are shown."""

    JSON = "json"
    TABLE = "table"


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


def audit_commands(make_shard: MakeShard, judge: Judge) -> typer.Typer:
    """The commands, with matching's fold and rules, which audit does not import."""
    app = typer.Typer(help="L'archive : la prouver, la rejouer, l'expliquer.", no_args_is_help=True)

    @app.command()
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

    app.command()(replay)
    app.command()(retention)
    app.command()(index)
    app.command()(export)
    add_story_commands(app, judge)
    return app


def replay(
    *,
    archive: ArchiveOption = None,
    data: DataOption = None,
    from_: Annotated[str | None, typer.Option("--from", help="Un jour, ou un instant : à partir de là.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Un jour compris, ou un instant exclu.")] = None,
    types: Annotated[list[str] | None, typer.Option("--type", help="Un type d'événement ; répétable.")] = None,
    company: Annotated[UUID | None, typer.Option(help="L'entreprise que l'événement nomme.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="Lignes JSON ou tableau.")] = Format.TABLE,
    to_bus: Annotated[
        str | None, typer.Option(help="Publier sur ce bus (kafka://hôte:port) au lieu de montrer.")
    ] = None,
) -> None:
    """Montrer ce qui a circulé, ou le publier sur un bus donné. Ne peut atteindre ni e-mail ni SMS."""
    with failures():
        since, until = instant(from_, "--from"), instant(to, "--to", end=True)
        unknown = sorted(set(types or ()) - set(CATALOGUE))
        if unknown:
            raise InvalidInputError(
                f"--type : « {', '.join(unknown)} » n'est pas un type d'événement.",
                remedy=f"Il y a : {', '.join(CATALOGUE)}.",
                field="--type",
            )
        bus = None if to_bus is None else Bus.parse(to_bus)
        opened = where(archive, data).open()
        wanted = replaying.Wanted(since, until, types, company)
        if bus is not None:
            count = asyncio.run(_published(replaying.publish(opened, replaying.chosen(opened, wanted), bus)))
            typer.echo(f"{count} événements publiés.", err=True)
        else:
            shown = replaying.lines(opened, wanted) if format_ is Format.JSON else _table(opened, wanted)
            count = _written(shown)
    if not count:
        typer.echo("Aucun événement de l'archive ne correspond à la demande.", err=True)
        raise typer.Exit(NOTHING)


def retention(
    days: Annotated[int, typer.Option("--older-than", help="La durée de conservation, en jours.", min=1)],
    data: DataOption = None,
    archive: ArchiveOption = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Retirer ; sans elle, dire seulement ce qui le serait.")] = False,
) -> None:
    """Retirer les segments plus anciens que la durée de conservation ; la chaîne signée se prouve toujours."""
    with failures():
        place = where(archive, data)
        before = datetime.now(UTC) - timedelta(days=days)
        gone = retaining.drop(place.address, place.data, before) if yes else retaining.older(place.address, before)
        if gone and yes:
            place.open().complete_index()
    for each in gone:
        typer.echo(f"{each.last_at:%Y-%m-%d}  {each.place}  {each.size} octets")
    typer.echo(f"{len(gone)} segments {'retirés' if yes else 'seraient retirés (ajouter --yes)'}.")


def index(
    archive: ArchiveOption = None,
    data: DataOption = None,
    *,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Le refaire en entier.")] = False,
) -> None:
    """Compléter l'index des identifiants, ou le refaire à partir des segments."""
    with failures():
        opened = where(archive, data).open()
        count = opened.complete_index(anew=rebuild)
    typer.echo(f"L'index couvre {count} segments.")


async def _published(counts: replaying.Counts) -> int:
    count = 0
    async for count in counts:  # noqa: B007 (the last one counts)
        pass
    return count


def _written(lines: Iterable[bytes]) -> int:
    count, out = 0, sys.stdout.buffer
    try:
        for count, line in enumerate(lines, 1):  # noqa: B007 (counts them)
            out.write(line + b"\n")
        out.flush()
    except BrokenPipeError:
        # Whoever read it (`head`) has enough; what Python still holds for it must not be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return count


def _table(archive: SegmentArchive, wanted: replaying.Wanted) -> Iterator[bytes]:
    for kept in replaying.chosen(archive, wanted):
        at, epoch, place, type_, subject, id_ = replaying.row(kept)
        yield f"{at}  {epoch:>3}  {place:<36}  {type_:<21}  {subject:<36}  {id_}".encode()
