"""`passerelles audit state`: how things were at an instant."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.audit.commands.options import NOTHING, ArchiveOption, AtOption, DataOption, failures, instant, where
from services.audit.story.wording import COLON, counted
from services.audit.story.wording import instant as spelt
from services.audit.time_travel import (
    ProposalThen,
    StateThen,
    open_proposals_at,
    proposals_as_json,
    state_as_json,
    state_at,
)


def state(
    id_: Annotated[
        UUID | None, typer.Argument(metavar="ID", help="Une entité ; sans elle, toutes les propositions ouvertes.")
    ] = None,
    at: AtOption = None,
    territory: Annotated[str | None, typer.Option(help="Ce territoire seulement (46, 31-0).")] = None,
    archive: ArchiveOption = None,
    data: DataOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="En JSON.")] = False,
) -> None:
    """Remonter le temps : l'état d'une entité, ou les propositions ouvertes, telles qu'elles étaient."""
    console = Console(highlight=False)
    with failures():
        opened = where(archive, data).open()
        moment = instant(at, "--at", end=True) or datetime.now(UTC)
        if id_ is not None:
            then = state_at(opened, id_, moment)
            _print_json(state_as_json(then)) if as_json else _show_state(then, console)
            return
        proposals = open_proposals_at(opened, moment, territory=territory)
    if as_json:
        _print_json(proposals_as_json(proposals))
    else:
        many = counted(len(proposals), "proposition ouverte", "propositions ouvertes")
        console.print(f"Le {spelt(moment)}{COLON}{many}.")
        console.print(_table(proposals))
    if not proposals:
        raise typer.Exit(NOTHING)


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _show_state(then: StateThen, console: Console) -> None:
    console.print(Text(f"{then.title} {then.id}", style="bold"))
    console.print(Text(f"tel que le journal le contenait le {spelt(then.at)}", style="yellow"))
    lines = Table.grid(padding=(0, 2, 0, 0))
    for line in then.lines:
        lines.add_row(Text(line.label, style="bright_black"), Text(line.text))
    console.print(lines)
    if then.open_proposals:
        console.print(Text("\nPropositions ouvertes", style="bold"))
        console.print(_table(then.open_proposals))


def _table(proposals: tuple[ProposalThen, ...]) -> Table:
    table = Table("Proposition", "Terr.", "Score", "Distance", "État", box=None, padding=(0, 2, 0, 0))
    for each in proposals:
        table.add_row(str(each.proposal_id), each.territory, str(each.score), each.distance, each.status)
    return table
