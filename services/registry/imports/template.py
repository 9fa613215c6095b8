"""The model that people fill in: an XLSX with its header, one example row, and what is expected in each column."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from services.registry.imports.columns import COLUMNS, Kind
from services.registry.imports.sheets import Cell

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILE_NAMES: Final = {Kind.AVAILABILITIES: "modele-disponibilites.xlsx", Kind.NEEDS: "modele-besoins.xlsx"}
_INK: Final = "FF17324D"


def _examples(today: date) -> dict[str, Cell]:
    start = today + timedelta(days=14)
    return {
        "occupation": "H2903",
        "title": "Conducteur de machine d'usinage",
        "headcount": 3,
        "modes": "prêt, embauche",
        "mode": "prêt",
        "start": start,
        "end": start + timedelta(days=90),
        "commune": "Figeac",
        "mobility_km": 40,
        "skills": None,
        "certificates": "CACES R489-3",
        "monthly_gross": 2200,
        "monthly_gross_max": 2400,
        "volunteers": "oui",
    }


def template(kind: Kind, today: date) -> bytes:
    """The model for one kind of import; its example row is valid from `today` on, and is to be replaced."""
    book = Workbook()
    sheet = book.active
    if not isinstance(sheet, Worksheet):
        raise TypeError("a new workbook has one worksheet")
    sheet.title = "Saisie"
    examples = _examples(today)
    for place, column in enumerate(COLUMNS[kind], start=1):
        head = sheet.cell(row=1, column=place, value=column.title)
        head.font = Font(bold=True, color="FFFFFFFF")
        head.fill = PatternFill("solid", start_color=_INK)
        head.alignment = Alignment(vertical="center")
        cell = sheet.cell(row=2, column=place, value=examples[column.field])
        if isinstance(cell.value, date):
            cell.number_format = "DD/MM/YYYY"
        sheet.column_dimensions[head.column_letter].width = max(14, len(column.title) + 4)
    sheet.freeze_panes = "A2"
    sheet.row_dimensions[1].height = 22
    help_sheet = book.create_sheet("Aide")
    help_sheet.append(["Colonne", "Obligatoire", "Ce qui est attendu"])
    for column in COLUMNS[kind]:
        help_sheet.append([column.title, "oui" if column.required else "non", column.help])
    help_sheet.append([])
    help_sheet.append(["La ligne d'exemple de la feuille « Saisie » est à remplacer. 2 000 lignes au plus."])
    for letter, width in (("A", 30), ("B", 14), ("C", 80)):
        help_sheet.column_dimensions[letter].width = width
    for cell in help_sheet[1]:
        cell.font = Font(bold=True)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()
