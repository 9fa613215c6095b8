"""The reasons of a proposal in plain French, each with its figures and the points that it gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from passerelles.reference import rulebook
from passerelles.reference.occupations import OCCUPATIONS, is_skill, skill_label
from schemas.proposals import Link
from services.registry.web.french import NB, count, day, euros, kilometres, listed


@dataclass(frozen=True, slots=True)
class ReasonShown:
    """One reason as a page shows it.

    Attributes:
        out_of: the most points that the rule gives; none for a rule that is only a condition.
    """

    name: str
    text: str
    points: int
    out_of: int | None


def _label(code: str) -> str:
    found = OCCUPATIONS.get(code)
    return f"{found.label} ({code})" if found else code


def _skill(code: str) -> str:
    return skill_label(code) if is_skill(code) else code


def _occupation(reason: Mapping[str, Any]) -> str:
    person, need = _label(reason["person"]), _label(reason["need"])
    match reason["link"]:
        case Link.SAME:
            return f"Même métier{NB}: {need}."
        case Link.CLOSE:
            return f"De {person} vers {need}{NB}: métiers proches selon le ROME, sans formation longue."
        case _:
            return f"De {person} vers {need}{NB}: évolution possible selon le ROME, avec une formation."


def _skills(reason: Mapping[str, Any]) -> str:
    held, missing = reason["held"], reason["missing"]
    if not held and not missing:
        return "Le besoin ne demande pas de compétence particulière."
    if not missing:
        return f"Toutes les compétences demandées{NB}: {listed([_skill(code) for code in held])}."
    asked = count(len(held) + len(missing), "compétence demandée", "compétences demandées")
    return f"{len(held)} sur {asked}. Il manque{NB}: {listed([_skill(code) for code in missing])}."


def _distance(reason: Mapping[str, Any]) -> str:
    road, limit = kilometres(reason["metres"]), kilometres(reason["limit_metres"])
    return f"Environ {road} par la route (estimation), pour {limit} acceptés."


def _period(reason: Mapping[str, Any]) -> str:
    shared = count(reason["shared_days"], "jour commun", "jours communs")
    asked = count(reason["need_days"], "jour", "jours")
    return f"{shared} sur {asked} du besoin, à partir du {day(date.fromisoformat(str(reason['first_day'])))}."


def _pay(reason: Mapping[str, Any]) -> str:
    current, maximum = reason["current"], reason["maximum"]
    if current is None or maximum is None:
        return "Un des deux montants n'est pas indiqué."
    return f"{euros(current)} bruts par mois aujourd'hui, {euros(maximum)} au plus pour ce poste."


def _mode(reason: Mapping[str, Any]) -> str:
    if reason["mode"] == "loan":
        return "Prêt de main-d'œuvre, accepté des deux côtés."
    return "Embauche (reclassement), acceptée des deux côtés."


def _certificates(reason: Mapping[str, Any]) -> str:
    required = len(reason["required"])
    if not required:
        return "Le besoin ne demande pas d'habilitation."
    return f"{count(required, 'habilitation demandée, détenue', 'habilitations demandées, toutes détenues')}."


def _capacity(reason: Mapping[str, Any]) -> str:
    need = count(reason["need_left"], "personne recherchée", "personnes recherchées")
    return f"{need}, {count(reason['availability_left'], 'disponible', 'disponibles')}."


_WORDING: Final[Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]]] = {
    "occupation": ("Métier", _occupation),
    "skills": ("Compétences", _skills),
    "distance": ("Distance", _distance),
    "period": ("Période", _period),
    "pay": ("Rémunération", _pay),
    "mode": ("Mode", _mode),
    "certificates": ("Habilitations", _certificates),
    "capacity": ("Effectif", _capacity),
}


def reasons_shown(reasons: Sequence[Mapping[str, Any]]) -> list[ReasonShown]:
    """The reasons as a page shows them, in their order; a rule that this version does not know is left out."""
    rules = rulebook.RULEBOOK
    most = {
        "occupation": max(rules.occupation_points.values()),
        "skills": rules.skills_points,
        "distance": rules.distance_points,
        "period": rules.period_points,
        "pay": rules.pay_points,
    }
    shown = []
    for reason in reasons:
        if reason["rule"] in _WORDING:
            name, wording = _WORDING[reason["rule"]]
            shown.append(ReasonShown(name, wording(reason), int(reason["points"]), most.get(reason["rule"])))
    return shown
