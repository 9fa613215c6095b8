"""`passerelles audit retention | index`: what keeps an archive within its period, and its index up to date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from services.audit.commands.options import (
    ArchiveOption,
    DataOption,
    failures,
    where,
)
from services.audit.writing import retention as retaining


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
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Le refaire en entier, à partir de l'archive.")] = False,
) -> None:
    """Compléter l'index par lequel les autres commandes cherchent, ou le refaire. « verify » ne s'y fie pas."""
    with failures():
        count = where(archive, data).open(anew=rebuild).complete_index()
    typer.echo(f"L'index couvre {count} segments.")
