"""The columns of a spreadsheet: what each is called in French and in English, and which a kind of import needs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.registry.imports.errors import UnreadableFileError
from services.registry.imports.sheets import Cell


class Kind(StrEnum):
    """What a spreadsheet lists."""

    AVAILABILITIES = "availabilities"
    NEEDS = "needs"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        field: the draft's field.
        title: what the template calls it.
        names: what else it may be called.
        help: what is expected in it, for the template.
    """

    field: str
    title: str
    names: tuple[str, ...]
    help: str
    required: bool = True


_OCCUPATION = Column(
    "occupation",
    "métier",
    ("métier ROME", "code ROME", "ROME", "emploi", "poste", "occupation", "job"),
    "Code ROME (H2903, ou un code ROME 4.0) ou intitulé exact d'une appellation.",
)
_HEADCOUNT = Column(
    "headcount",
    "effectif",
    ("nombre", "nombre de personnes", "nb", "personnes", "headcount", "people"),
    "Nombre de personnes, de 1 à 1000.",
)
_START = Column(
    "start", "début", ("date de début", "à partir du", "du", "start", "from", "start date"), "JJ/MM/AAAA ou AAAA-MM-JJ."
)
_END = Column(
    "end",
    "fin",
    ("date de fin", "jusqu'au", "au", "end", "until", "end date"),
    "JJ/MM/AAAA ou AAAA-MM-JJ ; vide : sans date de fin.",
    required=False,
)
_COMMUNE = Column(
    "commune",
    "commune",
    ("code INSEE", "INSEE", "code commune", "ville", "lieu", "town", "city"),
    "Code INSEE (46102) ou nom exact ; vide : la commune de l'entreprise.",
    required=False,
)
_SKILLS = Column(
    "skills",
    "compétences",
    ("compétences OGR", "codes OGR", "OGR", "skills", "skill"),
    "Codes OGR séparés par des virgules.",
    required=False,
)
_CERTIFICATES = Column(
    "certificates",
    "certificats",
    ("habilitations", "certifications", "certificates", "certificate"),
    "Séparés par des virgules : CACES R489-3, habilitation B1V.",
    required=False,
)

COLUMNS: Final[Mapping[Kind, tuple[Column, ...]]] = MappingProxyType(
    {
        Kind.AVAILABILITIES: (
            _OCCUPATION,
            _HEADCOUNT,
            Column("modes", "modes", ("mode", "type"), "prêt, embauche, ou les deux séparés par une virgule."),
            _START,
            _END,
            _COMMUNE,
            Column(
                "mobility_km",
                "mobilité (km)",
                ("mobilité", "mobility_km", "mobility", "rayon", "distance max", "distance maximale", "km"),
                "Distance acceptée depuis la commune, de 1 à 200 km.",
            ),
            _SKILLS,
            _CERTIFICATES,
            Column(
                "monthly_gross",
                "salaire brut mensuel",
                ("salaire", "salaire brut", "brut mensuel", "monthly_gross", "salary", "gross"),
                "En euros, arrondi aux 50 € les plus proches.",
                required=False,
            ),
            Column(
                "volunteers",
                "volontaires",
                ("volontaire", "volontariat", "accord", "volunteers", "volunteer"),
                "oui : les personnes sont volontaires (obligatoire).",
            ),
        ),
        Kind.NEEDS: (
            _OCCUPATION,
            Column(
                "title",
                "intitulé",
                ("titre", "intitulé du poste", "libellé", "title", "job title"),
                "Le poste tel que vous l'appelez.",
            ),
            Column("mode", "mode", ("modes", "type"), "prêt ou embauche."),
            _HEADCOUNT,
            _START,
            _END,
            _COMMUNE,
            _SKILLS,
            _CERTIFICATES,
            Column(
                "monthly_gross_max",
                "salaire brut mensuel maximal",
                (
                    "salaire maximal",
                    "salaire max",
                    "salaire brut mensuel",
                    "salaire",
                    "salaire brut mensuel max",
                    "monthly_gross_max",
                    "salary max",
                ),
                "En euros, arrondi aux 50 € les plus proches.",
                required=False,
            ),
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Header:
    """How the columns of one file are laid out.

    Attributes:
        places: field → index of its column.
        titles: field → its column's title in this file.
        ignored: titles of columns that are not understood.
    """

    places: Mapping[str, int]
    titles: Mapping[str, str]
    ignored: tuple[str, ...]


def folded(title: str) -> str:
    """A title without case, accents or punctuation, to be compared."""
    decomposed = unicodedata.normalize("NFKD", title).casefold()
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(re.findall(r"[a-z0-9]+", bare))


def understand(kind: Kind, cells: Sequence[Cell]) -> Header:
    """The layout that a header line gives.

    Raises:
        UnreadableFileError: a column is missing, or given twice.
    """
    known = {folded(name): column for column in COLUMNS[kind] for name in (column.title, column.field, *column.names)}
    places: dict[str, int] = {}
    titles: dict[str, str] = {}
    ignored: list[str] = []
    for place, cell in enumerate(cells):
        title = "" if cell is None else str(cell).strip()
        if not title:
            continue
        column = known.get(folded(title)) or known.get(folded(re.sub(r"[(\[].*", "", title)))
        if column is None:
            ignored.append(title[:100])
        elif column.field in places:
            raise UnreadableFileError(
                f"Les colonnes « {titles[column.field]} » et « {title[:100]} » disent la même chose ; une seule suffit."
            )
        else:
            places[column.field], titles[column.field] = place, title[:100]
    missing = [column.title for column in COLUMNS[kind] if column.required and column.field not in places]
    if missing:
        names = ", ".join(f"« {name} »" for name in missing)
        raise UnreadableFileError(
            f"Colonnes absentes de la première ligne : {names}.",
            remedy="Partir du modèle : GET /v1/imports/template.",
            missing_columns=missing,
        )
    return Header(places, titles, tuple(ignored))
