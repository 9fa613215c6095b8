"""The figures of a period, written as one workbook and one CSV a table, with their dictionary."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from passerelles.errors import InvalidInputError
from services.audit.export.figures import Period, figures
from services.audit.export.masking import HIDDEN, MASKED
from services.audit.export.tables import Table, dictionary, tables
from services.audit.reading.port import Archive
from services.audit.story.wording import instant as spelt

WORKBOOK: Final = "passerelles-audit.xlsx"
DICTIONARY: Final = "dictionnaire"
_HEADS: Final = ("table", "colonne", "unité", "définition")
_WIDEST: Final = 90

_ABOUT: Final = (
    ("Secret des petits nombres", f"Un nombre de 1 à 4 s'affiche « {MASKED} » ; 0 s'affiche 0."),
    (
        "Totaux",
        f"Masqués (« {HIDDEN} ») s'ils permettaient de retrouver un nombre masqué : chacun doit pouvoir valoir 1 à 4.",
    ),
    ("Marges", "Il n'y a de sous-total ni par département ni par branche : ils recouperaient les nombres masqués."),
    ("Personnes et délais", f"« {HIDDEN} » quand moins de 5 besoins, disponibilités ou accords les composent."),
    (
        "Ne pas soustraire",
        "Ne diffuser que des périodes disjointes : la différence de deux autres révèle de petits nombres.",
    ),
    ("Source", "L'archive des événements. Une relecture de la même archive donne les mêmes chiffres."),
)


def export_to(archive: Archive, period: Period, out: Path) -> list[Path]:
    """Write the export into a folder, which is made if need be; the files that were written.

    Raises:
        EmptyPeriodError: nothing happened in the period.
        InvalidInputError: the period ends before it begins, or the folder cannot be written.
        ArchiveError: the archive cannot be read.
    """
    if period.since is not None and period.until is not None and period.since >= period.until:
        raise InvalidInputError("La période finit avant de commencer.", remedy="Inverser --from et --to.", field="--to")
    made = tables(figures(archive, period))
    try:
        out.mkdir(parents=True, exist_ok=True)
        written = [_write_csv(out / f"{table.name}.csv", table.heads, table.rows) for table in made]
        written.append(_write_csv(out / f"{DICTIONARY}.csv", _HEADS, dictionary()))
        book = _workbook(made, period)
        book.save(out / WORKBOOK)
    except OSError as error:
        raise InvalidInputError(
            f"Le dossier {out} ne peut pas être écrit : {error.strerror}.", field="--out"
        ) from error
    return [*written, out / WORKBOOK]


def _write_csv(file: Path, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """With a byte order mark and semicolons, as French spreadsheets open it."""
    with file.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.writer(opened, delimiter=";")
        writer.writerow(heads)
        writer.writerows(tuple(_french(value) for value in row) for row in rows)
    return file


def _french(value: object) -> object:
    return str(value).replace(".", ",") if isinstance(value, float) else value


def _workbook(made: Sequence[Table], period: Period) -> Workbook:
    book = Workbook()
    first = book.active
    if first is not None:
        book.remove(first)
    about = [
        ("Période", f"du {_limit(period.since, 'début de l’archive')} au {_limit(period.until, 'dernier événement')}")
    ]
    _sheet(book, "lisez-moi", ("sujet", "règle"), [*about, *_ABOUT])
    for table in made:
        sheet = _sheet(book, table.name, table.heads, table.rows)
        for cell in sheet[sheet.max_row]:
            cell.font = Font(bold=True)
    _sheet(book, DICTIONARY, _HEADS, dictionary())
    return book


def _limit(value: datetime | None, otherwise: str) -> str:
    return otherwise if value is None else spelt(value)


def _sheet(book: Workbook, name: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Worksheet:
    sheet: Worksheet = book.create_sheet(name)
    sheet.append(list(heads))
    for row in rows:
        sheet.append(list(row))
    for cell in sheet[1]:
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="12324A")
    sheet.freeze_panes = "A2"
    for place, column in enumerate(sheet.columns, 1):
        widest = max(len(str(cell.value or "")) for cell in column)
        sheet.column_dimensions[get_column_letter(place)].width = min(_WIDEST, widest + 3)
        for cell in column[1:]:
            numeric = isinstance(cell.value, int | float) or cell.value in {MASKED, HIDDEN}
            cell.alignment = Alignment(wrap_text=True, vertical="top", horizontal="right" if numeric else "left")
    return sheet
