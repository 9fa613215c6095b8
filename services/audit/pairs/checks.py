"""The rules told one by one, with the figures that let a pair pass or kept it out."""

from __future__ import annotations

from typing import Final, cast

from schemas.proposals import Link
from schemas.vocabulary import Mode
from services.audit.pairs.judging import Check, Rule
from services.audit.story.wording import COLON, MODES, NB, counted, listed, metres, number, occupation, siren

LABELS: Final = {
    Rule.COMPANIES: "Entreprises",
    Rule.MODE: "Mode",
    Rule.OCCUPATION: "Métier",
    Rule.DISTANCE: "Distance",
    Rule.PERIOD: "Période",
    Rule.CERTIFICATES: "Habilitations",
    Rule.NEED_STATE: "État du besoin",
    Rule.AVAILABILITY_STATE: "État de la disponibilité",
    Rule.STANDING: "Décisions",
}

_LINKS: Final = {
    Link.SAME: "même métier",
    Link.CLOSE: "métiers proches selon le ROME",
    Link.EVOLUTION: "évolution possible selon le ROME, avec une formation",
}
_STATES: Final = {
    "withdrawn": "retiré(e) par l’entreprise",
    "filled": "il ne reste personne à placer ou à trouver",
    "expired": "la période est passée",
    "elsewhere": "n’atteint pas ce territoire",
}


def check_text(check: Check) -> str:
    """One rule with its figures."""
    figures = check.figures
    match check.rule:
        case Rule.COMPANIES:
            need, staff = str(figures["need"]), str(figures["availability"])
            same = f"le même SIREN des deux côtés ({siren(need)})"
            text = f"SIREN {siren(need)} et {siren(staff)}, différents" if check.holds else same
        case Rule.MODE:
            offered = listed([MODES[Mode(mode)] for mode in cast("tuple[str, ...]", figures["availability"])])
            text = f"demandé{COLON}{MODES[Mode(str(figures['need']))]} ; accepté{COLON}{offered}".replace(
                " ;", f"{NB};"
            )
        case Rule.OCCUPATION:
            text = _occupation(check)
        case Rule.DISTANCE:
            text = _distance(check)
        case Rule.PERIOD:
            shared, asked, least = (_int(check, name) for name in ("shared_days", "need_days", "least_days"))
            common = counted(shared, "jour commun", "jours communs")
            text = f"{common} sur {number(asked)}, il en faut {number(least)} au moins"
        case Rule.CERTIFICATES:
            text = _certificates(check)
        case Rule.NEED_STATE | Rule.AVAILABILITY_STATE:
            why, left = figures["why"], counted(_int(check, "left"), "personne restante", "personnes restantes")
            text = f"version {figures['version']}, {left}" if why is None else _STATES[str(why)]
        case Rule.STANDING:
            closed = "les entreprises avaient déjà clos cette paire (accord, refus ou annulation)"
            text = "les entreprises n’avaient pas clos cette paire" if check.holds else closed
    return text


def _int(check: Check, name: str) -> int:
    return int(cast("int", check.figures[name]))


def _occupation(check: Check) -> str:
    person, need = occupation(str(check.figures["person"])), occupation(str(check.figures["need"]))
    link = check.figures["link"]
    if link is None:
        return f"le ROME ne mène pas de {person} à {need}"
    return f"{_LINKS[Link(str(link))]}{COLON}{person}" + ("" if link == Link.SAME else f" → {need}")


def _distance(check: Check) -> str:
    road, limit = _int(check, "metres"), _int(check, "limit_metres")
    text = f"{metres(road)} par la route (estimation), pour {metres(limit)} au plus"
    return text if check.holds else f"{text}{COLON}{metres(road - limit)} de trop"


def _certificates(check: Check) -> str:
    required, missing = _int(check, "required"), _int(check, "missing")
    if not required:
        return "aucune demandée"
    if not missing:
        return f"{counted(required, 'demandée, détenue', 'demandées, toutes détenues')}"
    return f"{counted(missing, 'manque', 'manquent')} sur {counted(required, 'demandée', 'demandées')}"
