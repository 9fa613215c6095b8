"""From the cells of one row to the fields of a draft: what people type in a spreadsheet, read as they mean it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Final

from passerelles.reference.communes import COMMUNES, find
from passerelles.reference.occupations import UnknownOccupationError, resolve
from services.registry.imports.columns import COLUMNS, Header, Kind, folded, understand
from services.registry.imports.sheets import ROW_LIMIT, Cell, Line

EXCEL_EPOCH: Final = date(1899, 12, 30)
"""Day 0 of a spreadsheet's dates (the 1900 system, its false 29 February 1900 allowed for)."""

_OFFERED: Final = 3
_MOST_OFFERED: Final = 20
"""Communes of one name: seven are called Montaut."""

_MODES: Final[Mapping[str, str]] = {
    "pret": "loan",
    "pret de main d oeuvre": "loan",
    "mise a disposition": "loan",
    "loan": "loan",
    "embauche": "hire",
    "reclassement": "hire",
    "recrutement": "hire",
    "hire": "hire",
}
_YES: Final = frozenset({"oui", "o", "vrai", "true", "yes", "y", "1", "x"})
_NO: Final = frozenset({"non", "n", "faux", "false", "no", "0"})
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One cell that is wrong: its column, as the file calls it, and what was expected."""

    field: str
    detail: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row below the header.

    Attributes:
        line: its number in the file, from 1.
        fields: the draft's fields that could be read.
        mistakes: those that could not.
    """

    line: int
    fields: Mapping[str, Any]
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as it was understood."""

    header: Header
    rows: tuple[Row, ...]


def _text(cell: Cell) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = str(cell).strip()
    if _CONTROL.search(text):
        raise ValueError("les caractères de contrôle ne sont pas acceptés")
    return text


def _occupation(cell: Cell) -> str:
    return _resolved(_text(cell))


@lru_cache(maxsize=ROW_LIMIT)
def _resolved(text: str) -> str:
    """The ROME code of a text; here rather than in the command, as searching what was meant takes a while."""
    try:
        return resolve(text)
    except UnknownOccupationError as error:
        near = ", ".join(f"{code} ({label})" for code, label in error.suggestions[:_OFFERED])
        expected = (
            "plusieurs métiers portent ce nom" if error.ambiguous else "un code ROME ou une appellation est attendu"
        )
        raise ValueError(f"{expected}{f' ; proches : {near}' if near else ''}") from None


def _whole(cell: Cell) -> int:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        number = float(cell)
    else:
        bare = re.sub(r"[\s\u00a0\u202f€]|km|eur(?:os)?", "", _text(cell), flags=re.IGNORECASE).replace(",", ".")
        if not re.fullmatch(r"[+-]?\d{1,12}(?:\.\d{1,6})?", bare):
            raise ValueError("un nombre entier est attendu")
        number = float(bare)
    if not number.is_integer():
        raise ValueError("un nombre entier, sans décimale, est attendu")
    return int(number)


def _pay(cell: Cell) -> int:
    try:
        return _whole(cell)
    except ValueError:
        bare = re.sub(r"[\s\u00a0\u202f€]", "", _text(cell)).replace(",", ".")
        if not re.fullmatch(r"\d{1,9}\.\d{1,6}", bare):
            raise ValueError("un montant en euros est attendu") from None
        return round(float(bare))


def _day(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    text = _text(cell)
    french = re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", text)
    serial = re.fullmatch(r"[1-9]\d{4}", text)
    try:
        if french:
            return date(int(french[3]), int(french[2]), int(french[1])).isoformat()
        if serial:
            return (EXCEL_EPOCH + timedelta(days=int(text))).isoformat()
        return date.fromisoformat(text[:10] if re.fullmatch(r"\d{4}-\d\d-\d\d[T ][\d:.]+", text) else text).isoformat()
    except ValueError:
        raise ValueError("une date qui existe est attendue, JJ/MM/AAAA ou AAAA-MM-JJ") from None


def _yes(cell: Cell) -> bool:
    text = folded(_text(cell))
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise ValueError("oui ou non est attendu")


def _several(cell: Cell) -> list[str]:
    return [part.strip() for part in re.split(r"[,;|/\n]", _text(cell)) if part.strip()]


def _listed(cell: Cell) -> list[str]:
    """Certificates: a slash may belong to a name."""
    return [part.strip() for part in re.split(r"[,;|\n]", _text(cell)) if part.strip()]


def _mode(text: str) -> str:
    mode = _MODES.get(folded(text))
    if mode is None:
        raise ValueError("prêt ou embauche est attendu")
    return mode


def _modes(cell: Cell) -> list[str]:
    text = _text(cell)
    if folded(text) in ("les deux", "tous", "both"):
        return ["loan", "hire"]
    return list(dict.fromkeys(_mode(part) for part in re.split(r"[,;|/+\n]| et | ou ", text) if part.strip()))


def _commune(cell: Cell) -> str:
    text = _text(cell)
    if re.fullmatch(r"\d{4}", text):
        text = f"0{text}"  # a spreadsheet takes 09122 for a number
    if text.upper() in COMMUNES:
        return text.upper()
    same = _codes_of_name().get(_bare_name(text), ())
    if len(same) == 1:
        return same[0]
    expected = "plusieurs communes portent ce nom" if same else "une commune d'Occitanie ou voisine est attendue"
    offered = _offered(same) if same else _nearest(text)
    raise ValueError(f"{expected}, par son code INSEE{f' : {offered}' if offered else ''}")


@cache
def _codes_of_name() -> Mapping[str, Sequence[str]]:
    codes: dict[str, list[str]] = {}
    for code, each in COMMUNES.items():
        codes.setdefault(_bare_name(each.name), []).append(code)
    return codes


def _bare_name(text: str) -> str:
    """A name folded, with `Saint` in full: it is the word that is abbreviated most."""
    return " ".join({"st": "saint", "ste": "sainte"}.get(word, word) for word in folded(text).split())


@lru_cache(maxsize=ROW_LIMIT)
def _nearest(text: str) -> str:
    """What a misspelt name may mean; a column repeats its mistake, and the search takes milliseconds."""
    return _offered([each.code for each in find(text, _OFFERED)])


def _offered(codes: Sequence[str]) -> str:
    return ", ".join(f"{COMMUNES[code].name} ({code})" for code in codes[:_MOST_OFFERED])


_READERS: Final[Mapping[str, Callable[[Cell], Any]]] = {
    "occupation": _occupation,
    "title": _text,
    "headcount": _whole,
    "modes": _modes,
    "mode": lambda cell: _mode(_text(cell)),
    "start": _day,
    "end": _day,
    "commune": _commune,
    "mobility_km": _whole,
    "skills": _several,
    "certificates": _listed,
    "monthly_gross": _pay,
    "monthly_gross_max": _pay,
    "volunteers": _yes,
}


def _row(line: Line, header: Header, required: frozenset[str]) -> Row:
    fields: dict[str, Any] = {}
    mistakes: list[Mistake] = []
    for field, place in header.places.items():
        cell = line.cells[place] if place < len(line.cells) else None
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            if field in required:
                mistakes.append(Mistake(header.titles[field], "Cette case est vide ; une valeur y est attendue."))
            continue
        try:
            fields[field] = _READERS[field](cell)
        except (ValueError, OverflowError) as error:
            shown = _CONTROL.sub("�", str(cell))[:60]
            mistakes.append(Mistake(header.titles[field], f"« {shown} » : {error}."))
    return Row(line.number, fields, tuple(mistakes))


def understand_rows(kind: Kind, lines: list[Line]) -> Sheet:
    """The rows of a file, whose first line is the header.

    Raises:
        UnreadableFileError: the header is not understood, or there is nothing below it.
    """
    header = understand(kind, lines[0].cells)
    required = frozenset(column.field for column in COLUMNS[kind] if column.required)
    return Sheet(header, tuple(_row(line, header, required) for line in lines[1:]))
