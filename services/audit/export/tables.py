"""The tables of an export, masked, and the dictionary that says what each column is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from statistics import median
from typing import Final

from passerelles.reference.branches import BRANCHES
from services.audit.export.figures import UNKNOWN, Cell, Figures, Group
from services.audit.export.masking import (
    HIDDEN,
    LEAST,
    Shown,
    count_shown,
    sum_shown,
    total_of_counts,
    total_of_sums,
)

TOTAL: Final = "Total"


class Measure(StrEnum):
    """How a column is counted, and so how it is masked."""

    COUNT = "nombre"
    PEOPLE = "personnes"
    SECONDS = "secondes (médiane)"
    HOURS = "heures (médiane)"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: the figure that it shows, and what it means."""

    name: str
    figure: str
    measure: Measure
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is published: its rows are ready, the last one is the total."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Shown | float, ...], ...]

    @property
    def heads(self) -> tuple[str, ...]:
        """The names of all its columns."""
        return ("département", "branche", *(column.name for column in self.columns))


_COUNT, _PEOPLE = Measure.COUNT, Measure.PEOPLE
_RESULTS: Final = (
    ("sent", "remis", "remis au serveur du canal"),
    ("failed", "échoués", "refusés par le canal, ou encore sans réponse au bout de 24 h"),
    ("unknown", "sort inconnu", "confiés au canal sans réponse de lui"),
    ("dropped", "abandonnés", "qui n'étaient plus vrais, ou sans personne à prévenir"),
)

TABLES: Final[dict[str, tuple[Column, ...]]] = {
    "besoins": (
        Column("besoins publiés", "needs", _COUNT, "Besoins dont la première version est de la période."),
        Column("personnes recherchées", "needs.people", _PEOPLE, "Effectif demandé par leur première version."),
    ),
    "disponibilités": (
        Column("disponibilités publiées", "availabilities", _COUNT, "Dont la première version est de la période."),
        Column("personnes proposées", "availabilities.people", _PEOPLE, "Effectif offert par leur première version."),
    ),
    "propositions": (
        Column("propositions", "proposals", _COUNT, "Paires besoin × disponibilité proposées pour la première fois."),
        Column("retraits", "proposals.withdrawn", _COUNT, "Retraits dits par le moteur, quelle qu'en soit la raison."),
    ),
    "décisions": (
        Column("acceptées par une partie", "decisions.accepted", _COUNT, "Premières acceptations, par l'une des deux."),
        Column("accords", "decisions.agreed", _COUNT, "Propositions que les deux entreprises ont acceptées."),
        Column("personnes convenues", "decisions.people", _PEOPLE, "Effectif de ces accords."),
        Column("refus", "decisions.declined", _COUNT, "Propositions déclinées par l'une des deux."),
        Column("annulations", "decisions.cancelled", _COUNT, "Accords annulés ensuite."),
    ),
    "envois": tuple(
        Column(f"{label} {name}", f"deliveries.{channel}.{state}", _COUNT, f"{kind} {meaning}.")
        for channel, label, kind in (("email", "e-mails", "E-mails"), ("sms", "SMS", "SMS"))
        for state, name, meaning in _RESULTS
    ),
    "délais": (
        Column(
            "besoins proposés",
            "needs.first_proposal",
            _COUNT,
            "Besoins publiés dans la période, déjà proposés à sa fin.",
        ),
        Column(
            "délai de première proposition",
            "needs.first_proposal",
            Measure.SECONDS,
            "De l'écriture du besoin dans le journal à celle de sa première proposition.",
        ),
        Column(
            "besoins avec accord",
            "needs.agreement",
            _COUNT,
            "Besoins publiés dans la période, avec un accord à sa fin.",
        ),
        Column(
            "délai d'accord",
            "needs.agreement",
            Measure.HOURS,
            "De l'écriture du besoin dans le journal à celle de son premier accord.",
        ),
    ),
}


def tables(figures: Figures) -> tuple[Table, ...]:
    """Every table, masked; a group appears in a table when it has any figure of it."""
    return tuple(_table(name, columns, figures) for name, columns in TABLES.items())


def dictionary() -> list[tuple[str, str, str, str]]:
    """(table, column, unit, meaning) for every column."""
    common = [
        (
            "toutes",
            "département",
            "code",
            "Celui de la commune du besoin ou de la disponibilité ; de l'entreprise prévenue.",
        ),
        (
            "toutes",
            "branche",
            "libellé",
            "Celle de l'entreprise qui publie, à son dernier état ; de l'entreprise prévenue.",
        ),
    ]
    return common + [
        (name, column.name, column.measure.value, column.meaning)
        for name, columns in TABLES.items()
        for column in columns
    ]


def _table(name: str, columns: tuple[Column, ...], figures: Figures) -> Table:
    held = [figures.counts.get(column.figure, {}) for column in columns]
    groups = sorted({group for cells in held for group in cells})
    rows = [
        (
            group[0],
            _branch(group),
            *(_shown(column, cells.get(group)) for column, cells in zip(columns, held, strict=True)),
        )
        for group in groups
    ]
    totals = (_total(column, list(cells.values())) for column, cells in zip(columns, held, strict=True))
    return Table(name, columns, (*rows, (TOTAL, "", *totals)))


def _branch(group: Group) -> str:
    found = BRANCHES.get(group[1])
    return found.label if found else UNKNOWN


def _shown(column: Column, cell: Cell | None) -> Shown | float:
    match column.measure:
        case Measure.COUNT:
            return count_shown(cell)
        case Measure.PEOPLE:
            return sum_shown(cell)
        case _:
            return _middle(column.measure, cell.values if cell else [])


def _total(column: Column, cells: Sequence[Cell]) -> Shown | float:
    match column.measure:
        case Measure.COUNT:
            return total_of_counts(cells)
        case Measure.PEOPLE:
            return total_of_sums(cells)
        case _:
            return _middle(column.measure, [value for cell in cells for value in cell.values])


def _middle(measure: Measure, values: Sequence[timedelta]) -> Shown | float:
    """The median, from five durations on."""
    if not values:
        return ""
    if len(values) < LEAST:
        return HIDDEN
    seconds = median(value.total_seconds() for value in values)
    return round(seconds, 3) if measure is Measure.SECONDS else round(seconds / 3600, 1)
