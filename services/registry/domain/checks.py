"""What an input has to be, by reference data and syntax: each check names the field and says what was expected."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Final

from passerelles.errors import InvalidInputError
from passerelles.reference import communes, occupations
from passerelles.reference.addresses import email_address
from passerelles.reference.branches import BRANCHES
from passerelles.reference.telephones import telephone
from schemas.vocabulary import PAY_STEP

_LA_POSTE: Final = "356000000"
_SUGGESTED: Final = 5


def siret(text: str, field: str = "siret") -> str:
    """A SIRET as 14 digits; spaces are dropped.

    Its key is Luhn's. Source: INSEE, "SIRET"; La Poste's establishments, too many for it, follow another rule: the
    sum of their digits is a multiple of 5.

    Raises:
        InvalidInputError: not 14 digits, or a wrong key.
    """
    digits = re.sub(r"\s", "", text)
    if not re.fullmatch(r"[0-9]{14}", digits) or digits.startswith("000000000"):
        raise InvalidInputError("Un numéro SIRET compte 14 chiffres.", field=field)
    by_luhn = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(digits)) % 10 == 0
    if by_luhn or (digits.startswith(_LA_POSTE) and sum(map(int, digits)) % 5 == 0):
        return digits
    raise InvalidInputError(
        "La clé de ce numéro SIRET est fausse : un de ses 14 chiffres au moins est mal recopié.", field=field
    )


def words(value: str, field: str, *, blank: bool = False) -> str:
    """A line of free text, trimmed, as one Unicode form.

    Raises:
        InvalidInputError: blank where it must not be, or with control characters (which could forge a mail header).
    """
    line = unicodedata.normalize("NFC", value).strip()
    if any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in line):
        raise InvalidInputError("Un texte d'une ligne, sans caractère de contrôle, est attendu.", field=field)
    if not line and not blank:
        raise InvalidInputError("Ce texte ne peut pas être vide.", field=field)
    return line


def email(text: str, field: str) -> str:
    """An email address, by its syntax; the case of its local part is kept.

    Raises:
        InvalidInputError: not an address.
    """
    address = email_address(text.strip())
    if address is None:
        raise InvalidInputError("Une adresse électronique telle que nom@exemple.fr est attendue.", field=field)
    return address.written


def phone(text: str, field: str, *, mobile: bool) -> str:
    """A phone number as E.164; a national one is French.

    Raises:
        InvalidInputError: no such number, or not a mobile's where SMS are asked for.
    """
    number = telephone(text)
    if number is None:
        raise InvalidInputError("Un numéro de téléphone tel que 05 65 00 00 00 ou +33… est attendu.", field=field)
    if mobile and not number.mobile:
        raise InvalidInputError("Pour recevoir des SMS, un numéro de mobile est attendu.", field=field)
    return number.written


def is_mobile(e164: str) -> bool:
    """Whether a number, already checked, is one to which text messages go."""
    number = telephone(e164)
    return number is not None and number.mobile


def branch(code: str, field: str = "branch") -> str:
    """A branch of industry.

    Raises:
        InvalidInputError: unknown; the figure `suggestions` lists all of them.
    """
    if code not in BRANCHES:
        raise InvalidInputError(
            "Cette branche n'est pas l'une des branches du programme.",
            field=field,
            suggestions=[{"code": each.code, "label": each.label} for each in BRANCHES.values()],
        )
    return code


def commune(code: str, field: str = "commune") -> str:
    """The INSEE code of a commune that is served.

    Raises:
        InvalidInputError: unknown or outside the territories; `suggestions` holds communes whose name is near.
    """
    try:
        return communes.commune(code).code
    except communes.UnknownCommuneError:
        near = communes.find(code, _SUGGESTED)
        raise InvalidInputError(
            "Le code INSEE d'une commune d'Occitanie ou d'un département voisin est attendu (pas le code postal).",
            field=field,
            suggestions=[{"code": each.code, "label": f"{each.name} ({each.departement})"} for each in near],
        ) from None


def occupation(text: str, field: str = "occupation") -> str:
    """The ROME v3 code of an occupation given by its code, its v4 code, or an exact job title.

    Raises:
        InvalidInputError: none of these; `suggestions` holds the nearest.
    """
    try:
        return occupations.resolve(text)
    except occupations.UnknownOccupationError as error:
        raise InvalidInputError(
            "Un code ROME, tel que H2903, ou une appellation exacte est attendu.",
            field=field,
            suggestions=[{"code": code, "label": label} for code, label in error.suggestions],
        ) from None


def skills(codes: Iterable[str], wanted_for: str, field: str = "skills") -> tuple[str, ...]:
    """OGR codes of ROME skills, each once, in their order.

    Raises:
        InvalidInputError: one is unknown; `suggestions` holds the nearest, or some of the occupation's own.
    """
    kept: dict[str, None] = {}
    for place, code in enumerate(codes):
        if not occupations.is_skill(code):
            near = occupations.suggest_skills(code, occupation=wanted_for, limit=_SUGGESTED)
            raise InvalidInputError(
                "Le code OGR d'une compétence du ROME est attendu.",
                field=f"{field}.{place}",
                suggestions=[{"code": near_code, "label": label} for near_code, label in near],
            )
        kept[code] = None
    return tuple(kept)


def pay(euros: float | None, field: str) -> int | None:
    """Monthly gross pay rounded half up to the nearest 50 €.

    Raises:
        InvalidInputError: it rounds to nothing.
    """
    if euros is None:
        return None
    rounded = PAY_STEP * math.floor(euros / PAY_STEP + 0.5)
    if rounded <= 0:
        raise InvalidInputError("Un salaire brut mensuel en euros, d'au moins 25 €, est attendu.", field=field)
    return rounded


def period(start: date, end: date | None, today: date) -> tuple[date, date | None]:
    """A period of days, both inclusive.

    Raises:
        InvalidInputError: it ends before it starts, or before today.
    """
    if end is not None and end < start:
        raise InvalidInputError("La fin doit être le jour du début, ou après.", field="end")
    if end is not None and end < today:
        raise InvalidInputError("La fin est passée : une date à partir d'aujourd'hui est attendue.", field="end")
    return start, end
