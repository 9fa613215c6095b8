"""Needs and availabilities in lines: all the figures of one version, or what the next one changed."""

from __future__ import annotations

from schemas.facts import AvailabilityRecorded, CompanyRecorded, NeedRecorded, Posting
from schemas.vocabulary import PostingStatus
from services.audit.story.step import Line
from services.audit.story.wording import (
    MODES,
    NB,
    commune,
    company,
    counted,
    euros,
    listed,
    number,
    occupation,
    period,
    siren,
    skill,
)


def who(posting: Posting, state: CompanyRecorded | None) -> str:
    """The company of a posting; by its SIREN alone when the archive has no more of it."""
    return company(state) if state else f"SIREN {siren(posting.siren)}"


def posting_lines(posting: Posting) -> tuple[Line, ...]:
    """Every figure of one version."""
    left = counted(posting.headcount_left, "restante", "restantes")
    lines = [
        Line("Métier", occupation(posting.occupation)),
        Line("Effectif", f"{counted(posting.headcount, 'personne', 'personnes')}, dont {left} à placer"),
        Line("Période", period(posting.start, posting.end)),
        Line("Commune", commune(posting.commune)),
    ]
    match posting:
        case NeedRecorded():
            lines[1] = Line("Effectif", f"{counted(posting.headcount, 'personne', 'personnes')}, {left} à trouver")
            lines.append(Line("Mode", MODES[posting.mode]))
            pay = posting.monthly_gross_max
            lines.append(Line("Rémunération au plus", _pay(pay)))
        case AvailabilityRecorded():
            lines.append(Line("Modes acceptés", listed([MODES[mode] for mode in posting.modes])))
            lines.append(Line("Mobilité", f"{number(posting.mobility_km)}{NB}km"))
            lines.append(Line("Rémunération actuelle", _pay(posting.monthly_gross)))
        case _:
            pass
    if posting.skills:
        lines.append(Line("Compétences", listed([skill(code) for code in posting.skills])))
    if posting.certificates:
        held = "demandée" if isinstance(posting, NeedRecorded) else "détenue"
        lines.append(Line("Habilitations", counted(len(posting.certificates), held, f"{held}s")))
    if posting.status is PostingStatus.WITHDRAWN:
        lines.append(Line("État", "retiré par l’entreprise"))
    lines.append(Line("Territoires", listed(posting.territories) or "aucun"))
    return tuple(lines)


def changed_lines(before: Posting, after: Posting) -> tuple[Line, ...]:
    """The figures that a version changed, each with what it was."""
    known = {line.label: line.text for line in posting_lines(before)}
    now = {line.label: line.text for line in posting_lines(after)}
    changed = [
        Line(label, f"{now.get(label, 'plus rien')} (avant{NB}: {known.get(label, 'rien')})")
        for label in dict.fromkeys((*known, *now))
        if known.get(label) != now.get(label)
    ]
    return tuple(changed)


def posting_brief(posting: Posting) -> str:
    """One version in one line: occupation, headcount, period, commune."""
    left = counted(posting.headcount_left, "personne", "personnes")
    text = f"{occupation(posting.occupation)}, {left}, {period(posting.start, posting.end)}, {commune(posting.commune)}"
    if isinstance(posting, AvailabilityRecorded):
        text += f", mobilité {number(posting.mobility_km)}{NB}km"
    return text


def _pay(value: int | None) -> str:
    return f"{euros(value)} bruts par mois" if value is not None else "non indiquée"
