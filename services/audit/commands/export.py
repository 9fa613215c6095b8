"""`passerelles audit export`: the figures of a period, as one workbook and one CSV a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.audit.commands.options import ArchiveOption, DataOption, failures, instant, where
from services.audit.export.figures import Period
from services.audit.export.workbook import export_to


def export(
    out: Annotated[Path, typer.Option(help="Le dossier où écrire.", file_okay=False)],
    from_: Annotated[str | None, typer.Option("--from", help="Un jour, ou un instant : à partir de là.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Un jour compris, ou un instant exclu.")] = None,
    archive: ArchiveOption = None,
    data: DataOption = None,
) -> None:
    """Exporter les chiffres d'une période, par département et branche : XLSX et CSV, petits nombres masqués."""
    with failures():
        period = Period(instant(from_, "--from"), instant(to, "--to", end=True))
        written = export_to(where(archive, data).open(), period, out)
    for file in written:
        typer.echo(str(file))
