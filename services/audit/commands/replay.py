"""`passerelles audit replay`: what travelled, shown, or published to a bus given by name."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from passerelles.bus.address import Bus
from passerelles.errors import InvalidInputError
from schemas.catalogue import CATALOGUE
from services.audit import replay as replaying
from services.audit.commands.options import (
    NOTHING,
    ArchiveOption,
    DataOption,
    FromOption,
    ToOption,
    failures,
    instant,
    where,
)
from services.audit.reading.segments import SegmentArchive


class Format(StrEnum):
    """How events are shown."""

    JSON = "json"
    TABLE = "table"


def replay(
    *,
    archive: ArchiveOption = None,
    data: DataOption = None,
    from_: FromOption = None,
    to: ToOption = None,
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Un type (proposal.made, par exemple) ; répétable.")
    ] = None,
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
