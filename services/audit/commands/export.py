"""`passerelles audit export`: the figures of a period, as one workbook and one CSV a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.audit.commands.options import ArchiveOption, DataOption, FromOption, ToOption, failures, instant, where
from services.audit.export.figures import Period
from services.audit.export.workbook import export_to


def export(
    out: Annotated[Path, typer.Option(help="Le dossier où écrire.", file_okay=False)],
    from_: FromOption = None,
    to: ToOption = None,
    archive: ArchiveOption = None,
    data: DataOption = None,
) -> None:
    """Exporter les chiffres d'une période, par département et branche : XLSX et CSV, petits nombres masqués."""
    with failures():
        period = Period(instant(from_, "--from"), instant(to, "--to", end=True))
        written = export_to(where(archive, data).open(), period, out)
    for file in written:
        typer.echo(str(file))
