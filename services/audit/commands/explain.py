"""`passerelles audit explain`: the story of an entity, in the form asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from services.audit.commands.options import ArchiveOption, AtOption, DataOption, failures, instant, where
from services.audit.explain.forms import Format, explain_to
from services.audit.pairs.judging import Judge


def explain_command(judge: Judge) -> Callable[..., None]:
    """The `explain` command, with matching's rules, which audit does not import."""

    def explain(
        id_: Annotated[
            UUID, typer.Argument(metavar="ID", help="Proposition, besoin, disponibilité, envoi ou message.")
        ],
        *,
        against: Annotated[
            UUID | None, typer.Option(help="Une disponibilité : pourquoi elle n'a pas été proposée, ou à quel rang.")
        ] = None,
        at: AtOption = None,
        form: Annotated[Format, typer.Option("--format", help="La forme du récit.")] = Format.TERMINAL,
        out: Annotated[Path | None, typer.Option(help="Écrire dans ce fichier.", dir_okay=False)] = None,
        archive: ArchiveOption = None,
        data: DataOption = None,
    ) -> None:
        """Raconter : qui a publié, ce que le moteur voyait, pourquoi cette paire, qui a été prévenu, qui a décidé."""
        with failures():
            opened = where(archive, data).open()
            explain_to(
                opened,
                id_,
                judge=judge,
                now=datetime.now(UTC),
                against=against,
                at=instant(at, "--at", end=True),
                form=form,
                out=out,
            )
        if out is not None:
            typer.echo(f"Rapport écrit dans {out}.", err=True)

    return explain
