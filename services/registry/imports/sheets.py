"""From the bytes of a CSV or XLSX file to lines of cells, bounded whatever the file claims to be."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from openpyxl import load_workbook

from services.registry.imports.errors import UnreadableFileError

Cell = str | int | float | bool | date | datetime | None

ROW_LIMIT: Final = 2000
"""Rows below the header: a redundancy plan of the region names a few hundred people."""
COLUMN_LIMIT: Final = 64
BLANK_LIMIT: Final = 20_000
"""Lines looked at, empty ones included: a sheet may claim a million."""
UNPACKED_LIMIT: Final = 60_000_000
"""Bytes that the parts of an XLSX may take once unpacked: 2,000 rows take one or two million."""
PARTS_LIMIT: Final = 500

_ZIP: Final = b"PK\x03\x04"
_SEPARATORS: Final = (";", ",", "\t")


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not empty, with its number as a spreadsheet shows it, from 1."""

    number: int
    cells: tuple[Cell, ...]


def read(data: bytes) -> list[Line]:
    """The lines of a file, the header first.

    Raises:
        UnreadableFileError: empty, neither CSV nor XLSX, or beyond the limits.
    """
    lines: list[Line] = []
    for line in _xlsx(data) if data.startswith(_ZIP) else _csv(data):
        if all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in line.cells):
            continue
        if len(lines) > ROW_LIMIT:
            raise UnreadableFileError(
                f"Le fichier a plus de {ROW_LIMIT} lignes ; rien n'a été importé.", remedy="Le découper."
            )
        lines.append(line)
    if not lines:
        raise UnreadableFileError("Le fichier est vide ; une ligne d'en-tête puis une ligne par saisie sont attendues.")
    return lines


def _text(data: bytes) -> str:
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    encodings = ("utf-16",) if marked else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise UnreadableFileError("Le fichier n'est ni un XLSX, ni un CSV en UTF-8 ou en Windows-1252.")


def _separator(text: str) -> str:
    """The separator that the first line uses most, outside quotes."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    bare = "".join(first.split('"')[::2])
    return max(_SEPARATORS, key=bare.count)


def _csv(data: bytes) -> Iterator[Line]:
    text = _text(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    before = 0
    try:
        for cells in reader:
            yield Line(before + 1, _bounded(cells, before + 1))
            before = reader.line_num
    except csv.Error as error:
        raise UnreadableFileError(f"Le CSV ne peut plus être lu après la ligne {before} ({error}).") from error


def _bounded(cells: Sequence[Cell], number: int) -> tuple[Cell, ...]:
    if len(cells) > COLUMN_LIMIT and any(cell not in (None, "") for cell in cells[COLUMN_LIMIT:]):
        raise UnreadableFileError(f"La ligne {number} a plus de {COLUMN_LIMIT} colonnes.")
    return tuple(cells[:COLUMN_LIMIT])


def _check_parts(data: bytes) -> None:
    """Refuse an archive that would unpack beyond reason: `zipfile` never gives more than a part declares."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if len(parts) > PARTS_LIMIT or sum(part.file_size for part in parts) > UNPACKED_LIMIT:
            raise UnreadableFileError("Ce classeur est trop grand une fois décompressé.")
        if any(part.flag_bits & 0x1 for part in parts):
            raise UnreadableFileError("Ce classeur est protégé par un mot de passe.")
        for part in parts:
            if part.filename.endswith((".xml", ".rels")) and b"<!" in archive.read(part).replace(b"<!--", b""):
                raise UnreadableFileError("Ce classeur contient une déclaration XML qu'aucun tableur n'écrit.")


def _xlsx(data: bytes) -> Iterator[Line]:
    try:
        _check_parts(data)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            sheet = book.worksheets[0]
            rows = sheet.iter_rows(max_col=COLUMN_LIMIT, max_row=BLANK_LIMIT, values_only=True)
            for number, cells in enumerate(rows, start=1):
                yield Line(number, tuple(_cell(cell) for cell in cells))
        finally:
            book.close()
    except UnreadableFileError:
        raise
    except Exception as error:  # a broken archive raises anything, KeyError and ParseError among others
        raise UnreadableFileError("Ce fichier XLSX ne peut pas être lu.") from error


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, str | int | float | date):
        return value
    return str(value)
