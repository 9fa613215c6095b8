"""Dates, figures and lists as they are written in French, with the spaces that keep them on one line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

NB: Final = "\u00a0"
"""Between a number and its unit, and before two-part punctuation."""
NNB: Final = "\u202f"
"""Between groups of three digits."""

_MONTHS: Final = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
_METRES: Final = 1000


def number(value: int) -> str:
    """12 345 with thin spaces."""
    return f"{value:,}".replace(",", NNB)


def count(value: int, one: str, several: str) -> str:
    """1 personne, 2 personnes; zero is singular in French."""
    return f"{number(value)}{NB}{one if value <= 1 else several}"


def day(value: date) -> str:
    """1er mars 2027."""
    figure = "1er" if value.day == 1 else str(value.day)
    return f"{figure}{NB}{_MONTHS[value.month - 1]}{NB}{value.year}"


def period(start: date, end: date | None) -> str:
    """From one day to another, or without an end."""
    if end is None:
        return f"à partir du {day(start)}"
    return f"le {day(start)}" if start == end else f"du {day(start)} au {day(end)}"


def euros(value: int) -> str:
    """2 400 €."""
    return f"{number(value)}{NB}€"


def kilometres(metres: int) -> str:
    """23 km; below one, less than 1 km."""
    rounded = (metres + _METRES // 2) // _METRES
    return f"{number(rounded)}{NB}km" if rounded else f"moins de 1{NB}km"


def listed(items: Sequence[str]) -> str:
    """A, B et C."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} et {items[-1]}" if items else ""


def phone(e164: str) -> str:
    """06 12 34 56 78 for a French number, as it is for another."""
    if e164.startswith("+33") and len(e164) == len("+33612345678"):
        national = "0" + e164[3:]
        return NB.join(national[place : place + 2] for place in range(0, 10, 2))
    return e164
