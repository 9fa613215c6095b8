"""How figures, dates and reasons are said in French: short phrases, with the typography of a finished text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from schemas.proposals import (
    CapacityReason,
    CertificatesReason,
    DistanceReason,
    Link,
    OccupationReason,
    PayReason,
    PeriodReason,
    Reason,
    SkillsReason,
    WithdrawalReason,
)
from schemas.vocabulary import DeclineReason, Mode
from services.notifications.contacts import ItemBriefing

NBSP: Final = "\N{NO-BREAK SPACE}"
THIN: Final = "\N{NARROW NO-BREAK SPACE}"

_APOSTROPHE: Final = re.compile(r"(?<=\w)'(?=\w)")

_FRENCH_NUMBER: Final = re.compile(r"\+33\d{9}")

METRES: Final = 1000
"""In a kilometre."""

MONTHS: Final = (
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

MODES: Final = {Mode.LOAN: "Prêt de main-d’œuvre", Mode.HIRE: "Embauche"}

DECLINES: Final = {
    DeclineReason.FILLED_OTHERWISE: "besoin pourvu autrement",
    DeclineReason.DISTANCE: "distance",
    DeclineReason.SKILLS: "compétences",
    DeclineReason.PAY: "rémunération",
    DeclineReason.PERIOD: "période",
    DeclineReason.OTHER: "autre motif",
}

WITHDRAWALS: Final = {
    WithdrawalReason.OUTRANKED: "des profils plus proches du besoin sont arrivés depuis",
    WithdrawalReason.NEED_WITHDRAWN: "le besoin a été retiré",
    WithdrawalReason.NEED_FILLED: "le besoin est pourvu",
    WithdrawalReason.NEED_EXPIRED: "la période du besoin est passée",
    WithdrawalReason.NEED_MOVED: "le lieu du besoin a changé",
    WithdrawalReason.AVAILABILITY_WITHDRAWN: "la disponibilité a été retirée",
    WithdrawalReason.AVAILABILITY_FILLED: "les personnes concernées sont engagées ailleurs",
    WithdrawalReason.AVAILABILITY_EXPIRED: "la période de disponibilité est passée",
    WithdrawalReason.OUT_OF_REACH: "le lieu de travail est hors de portée",
    WithdrawalReason.NO_LONGER_ELIGIBLE: "les conditions ne sont plus réunies",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One reason, as a label and a phrase with its figures."""

    label: str
    text: str


def plain(text: str, limit: int = 90) -> str:
    """A text fit for one line of a message: as `exact`, with our apostrophes, and cut at a word beyond `limit`."""
    line = _APOSTROPHE.sub("’", exact(text))
    return line if len(line) <= limit else _cut(line, limit)


def exact(text: str) -> str:
    """What a person typed, without its control and direction characters, on one line."""
    if not text.replace(NBSP, "").replace(THIN, "").isprintable():
        spaced = "".join(" " if char.isspace() and char not in (NBSP, THIN) else char for char in text)
        text = "".join(char for char in spaced if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    line = text.strip()
    while "  " in line:
        line = line.replace("  ", " ")
    return line


def _cut(line: str, limit: int) -> str:
    kept = line[: limit - 1]
    words = kept if line[limit - 1] == " " else kept.rsplit(" ", 1)[0]
    # A name without spaces is still told, as far as there is room for it.
    return (words if 2 * len(words) > len(kept) else kept).rstrip(" ,;:") + "…"


def quoted(text: str) -> str:
    """Between French quotation marks."""
    return f"«{NBSP}{text}{NBSP}»"


def capital(text: str) -> str:
    """As it begins a sentence."""
    return text[:1].upper() + text[1:]


def lowered(text: str) -> str:
    """As it goes on within one."""
    return text[:1].lower() + text[1:]


def number(value: int) -> str:
    """Thousands apart, by a narrow space."""
    return f"{value:,}".replace(",", THIN)


def telephone(e164: str) -> str:
    """`05 65 00 00 00` for a French number; another as it is."""
    number = exact(e164)
    if not _FRENCH_NUMBER.fullmatch(number):
        return number
    national = "0" + number[3:]
    return NBSP.join(national[place : place + 2] for place in range(0, len(national), 2))


def counted(count: int, one: str, several: str) -> str:
    """`1 personne`, `2 personnes`; nothing counts as one in French."""
    return f"{number(count)}{NBSP}{one if count < 2 else several}"  # noqa: PLR2004 - the grammar's plural


def distance(metres: int) -> str:
    """Rounded to the kilometre, half up: before an agreement, a finer figure would name the commune."""
    rounded = (metres + METRES // 2) // METRES
    return f"environ {number(rounded)}{NBSP}km" if rounded else "sur place"


def day(value: date) -> str:
    """`1er mars 2026`."""
    ordinal = "1er" if value.day == 1 else str(value.day)
    return f"{ordinal}{NBSP}{MONTHS[value.month - 1]}{NBSP}{value.year}"


def period(start: date, end: date | None) -> str:
    """`du 3 mars 2026 au 28 mai 2026`, or open-ended."""
    if end is None:
        return f"à partir du {day(start)}"
    return f"le {day(start)}" if end == start else f"du {day(start)} au {day(end)}"


def facts(reasons: Sequence[Reason], briefing: ItemBriefing, certificates: Mapping[str, str]) -> tuple[Fact, ...]:
    """The reasons of a proposal, in their order, each with its figures; those that say nothing are left out."""
    said = (_fact(reason, briefing, certificates) for reason in reasons)
    return tuple(fact for fact in said if fact is not None)


def _fact(reason: Reason, briefing: ItemBriefing, certificates: Mapping[str, str]) -> Fact | None:
    match reason:
        case OccupationReason():
            fact = Fact("Métier", _occupation(reason, briefing))
        case SkillsReason():
            fact = Fact("Compétences", _skills(reason))
        case DistanceReason():
            fact = Fact("Distance", _distance(reason))
        case PeriodReason():
            shared = counted(reason.shared_days, "jour commun", "jours communs")
            fact = Fact("Période", f"{shared} sur {number(reason.need_days)}, à partir du {day(reason.first_day)}")
        case PayReason():
            return _pay(reason)
        case CertificatesReason() if reason.required:
            fact = Fact("Habilitations", _certificates(reason, certificates))
        case CapacityReason():
            left = counted(reason.availability_left, "personne disponible", "personnes disponibles")
            fact = Fact("Effectif", f"{left} pour {counted(reason.need_left, 'poste ouvert', 'postes ouverts')}")
        case _:
            return None
    return fact


def _distance(reason: DistanceReason) -> str:
    if reason.metres < METRES // 2:
        return distance(reason.metres)
    limit = f"{number(reason.limit_metres // METRES)}{NBSP}km"
    return f"{distance(reason.metres)} par la route (estimation), pour {limit} au plus"


def _certificates(reason: CertificatesReason, certificates: Mapping[str, str]) -> str:
    names = [plain(certificates.get(code, ""), 40) for code in reason.required]
    listed = ", ".join(name for name in names if name)
    held = counted(len(reason.required), "demandée, détenue", "demandées, toutes détenues")
    return f"{held}{NBSP}: {listed}" if listed else held


def _occupation(reason: OccupationReason, briefing: ItemBriefing) -> str:
    person, need = plain(briefing.availability.occupation_label), plain(briefing.need.occupation_label)
    if reason.link is Link.SAME:
        return f"le même, {need}"
    kind = "proches selon le ROME" if reason.link is Link.CLOSE else "évolution possible, avec une formation"
    return f"{person}{NBSP}→ {need} ({kind})"


def _skills(reason: SkillsReason) -> str:
    asked = len(reason.held) + len(reason.missing)
    if asked == 0:
        return "aucune exigence particulière"
    held = f"{len(reason.held)} sur {counted(asked, 'demandée', 'demandées')}"
    if not reason.missing:
        return held
    return f"{held}, {counted(len(reason.missing), 'manquante', 'manquantes')}"


def _pay(reason: PayReason) -> Fact | None:
    if reason.current is None or reason.maximum is None:
        return None
    excess = reason.current - reason.maximum
    if excess <= 0:
        return Fact("Rémunération", "dans les limites du besoin")
    return Fact("Rémunération", f"{number(excess)}{NBSP}€ bruts par mois au-dessus du maximum prévu")
