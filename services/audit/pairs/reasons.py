"""Why a pair was proposed, rule by rule: its figures, its points, and the most that the rule could give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from passerelles.reference.rulebook import UnknownRulebookError, rulebook
from schemas.proposals import (
    CapacityReason,
    CertificatesReason,
    DistanceReason,
    Link,
    ModeReason,
    OccupationReason,
    PayReason,
    PeriodReason,
    Reason,
    SkillsReason,
)
from services.audit.pairs.shown import ReasonShown
from services.audit.story.wording import (
    COLON,
    MODES,
    counted,
    day,
    euros,
    listed,
    metres,
    number,
    occupation,
    skill,
)

_LABELS: Final = {
    "occupation": "Métier",
    "skills": "Compétences",
    "distance": "Distance",
    "period": "Période",
    "pay": "Rémunération",
    "mode": "Mode",
    "certificates": "Habilitations",
    "capacity": "Effectif",
}


def reasons_shown(reasons: Sequence[Reason], rules_version: int) -> tuple[ReasonShown, ...]:
    """The reasons in their order; the most points are those of the rules under which the pair was proposed."""
    most = most_points(rules_version)
    return tuple(
        ReasonShown(each.rule, _LABELS[each.rule], reason_text(each), each.points, most.get(each.rule))
        for each in reasons
    )


def most_points(rules_version: int) -> dict[str, int]:
    """By rule that scores; empty when this build has not those rules."""
    try:
        book = rulebook(rules_version)
    except UnknownRulebookError:
        return {}
    return {
        "occupation": max(book.occupation_points.values()),
        "skills": book.skills_points,
        "distance": book.distance_points,
        "period": book.period_points,
        "pay": book.pay_points,
    }


def kept_by(rules_version: int, headcount_left: int) -> int | None:
    """How many pairs that nobody has accepted a need keeps; none when this build has not those rules."""
    try:
        return rulebook(rules_version).kept(headcount_left)
    except UnknownRulebookError:
        return None


def reason_text(reason: Reason) -> str:  # noqa: PLR0911 - one sentence a rule
    """One reason in a sentence."""
    match reason:
        case OccupationReason():
            return _occupation(reason)
        case SkillsReason():
            return _skills(reason)
        case DistanceReason():
            return f"{metres(reason.metres)} par la route (estimation), pour {metres(reason.limit_metres)} au plus"
        case PeriodReason():
            shared = counted(reason.shared_days, "jour commun", "jours communs")
            return f"{shared} sur les {number(reason.need_days)} du besoin, à partir du {day(reason.first_day)}"
        case PayReason():
            return _pay(reason)
        case ModeReason():
            return f"{MODES[reason.mode]}, accepté des deux côtés"
        case CertificatesReason():
            if not reason.required:
                return "aucune demandée"
            return counted(len(reason.required), "demandée, détenue", "demandées, toutes détenues")
        case CapacityReason():
            wanted = counted(reason.need_left, "personne recherchée", "personnes recherchées")
            return f"{wanted}, {counted(reason.availability_left, 'disponible', 'disponibles')}"


def _occupation(reason: OccupationReason) -> str:
    if reason.link is Link.SAME:
        return f"même métier{COLON}{occupation(reason.need)}"
    way = f"{occupation(reason.person)} → {occupation(reason.need)}"
    if reason.link is Link.CLOSE:
        return f"métiers proches selon le ROME{COLON}{way}"
    return f"évolution possible selon le ROME, avec une formation{COLON}{way}"


def _skills(reason: SkillsReason) -> str:
    asked = len(reason.held) + len(reason.missing)
    if not asked:
        return "le besoin n’en demande aucune en particulier"
    text = f"{len(reason.held)} sur {counted(asked, 'demandée', 'demandées')}"
    if reason.held:
        text += f"{COLON}{listed([skill(code) for code in reason.held])}"
    if reason.missing:
        text += f". Il manque{COLON}{listed([skill(code) for code in reason.missing])}"
    return text


def _pay(reason: PayReason) -> str:
    if reason.current is None or reason.maximum is None:
        return "un des deux montants n’est pas indiqué"
    text = f"{euros(reason.current)} bruts par mois aujourd’hui, {euros(reason.maximum)} au plus pour ce poste"
    excess = reason.current - reason.maximum
    return f"{text}{COLON}{euros(excess)} au-dessus" if excess > 0 else text
