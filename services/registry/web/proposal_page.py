"""What the page of a proposal shows to one party: where it stands, both sides, the reasons, what can be answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from passerelles.reference.calendar import paris_day
from schemas.proposals import WithdrawalReason
from schemas.vocabulary import DeclineReason, Mode, Party
from services.registry.domain.verdicts import ProposalStatus, answer_of
from services.registry.links import Visitor
from services.registry.sides import AvailabilityView, NeedView
from services.registry.views import ProposalView
from services.registry.web.french import NB, count, day, kilometres, listed, period, phone
from services.registry.web.reasons import ReasonShown, reasons_shown

_METRES: Final = 1000

DECLINE_REASONS: Final[tuple[tuple[DeclineReason, str], ...]] = (
    (DeclineReason.FILLED_OTHERWISE, "Pourvu autrement"),
    (DeclineReason.DISTANCE, "Trop loin"),
    (DeclineReason.SKILLS, "Compétences"),
    (DeclineReason.PAY, "Rémunération"),
    (DeclineReason.PERIOD, "Période"),
    (DeclineReason.OTHER, "Autre raison"),
)
_LABELS: Final = dict(DECLINE_REASONS)
_MODES: Final = {Mode.LOAN: "prêt de main-d'œuvre", Mode.HIRE: "embauche"}
_WITHDRAWN: Final = {
    WithdrawalReason.OUTRANKED: "D'autres propositions conviennent mieux à ce besoin.",
    WithdrawalReason.NEED_WITHDRAWN: "Le besoin a été retiré.",
    WithdrawalReason.NEED_FILLED: "Le besoin est pourvu.",
    WithdrawalReason.NEED_EXPIRED: "La période du besoin est passée.",
    WithdrawalReason.NEED_MOVED: "Le lieu du besoin a changé.",
    WithdrawalReason.AVAILABILITY_WITHDRAWN: "Les personnes ne sont plus disponibles.",
    WithdrawalReason.AVAILABILITY_FILLED: "Les personnes ont toutes trouvé une place.",
    WithdrawalReason.AVAILABILITY_EXPIRED: "La période de disponibilité est passée.",
    WithdrawalReason.OUT_OF_REACH: "Le lieu est désormais hors de la mobilité indiquée.",
    WithdrawalReason.NO_LONGER_ELIGIBLE: "Depuis une modification, les deux ne conviennent plus.",
}


@dataclass(frozen=True, slots=True)
class Side:
    """One side, as label and value pairs."""

    title: str
    facts: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to call on the other side."""

    name: str
    role: str
    email: str
    phone: str | None
    phone_shown: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalPage:
    """The page, ready for its template.

    Attributes:
        seen: what a form sends back, so that it does not undo what its page did not show.
    """

    kicker: str
    heading: str
    tone: str
    state: str
    explanation: str
    sides: Sequence[Side]
    counterpart: str | None
    contacts: Sequence[Person]
    score: int
    reasons: Sequence[ReasonShown]
    may_decide: bool
    may_accept: bool
    accept_means: str
    decline_reasons: Sequence[tuple[DeclineReason, str]]
    seen: str


def page_of(view: ProposalView, visitor: Visitor) -> ProposalPage:
    """The page of a proposal for the visitor that a link stands for."""
    mine, other = view.decisions.get(visitor.party), view.decisions.get(_other(visitor.party))
    accepted = mine is not None and mine.verdict == "accept"
    other_accepted = other is not None and other.verdict == "accept"
    tone, state, explanation = _state(view, visitor.party, accepted=accepted, other_accepted=other_accepted)
    is_open = view.status is ProposalStatus.OPEN
    known = view.counterparts[0] if view.counterparts else None
    people = known.contacts if known else ()
    return ProposalPage(
        kicker=f"Proposition pour {visitor.contact_name}",
        heading=_heading(view, visitor.party),
        tone=tone,
        state=state,
        explanation=explanation,
        sides=_sides(view, visitor.party),
        counterpart=f"{known.company_name}, à {known.commune_name}" if known else None,
        contacts=[
            Person(each.name, each.role, each.email, each.phone, phone(each.phone) if each.phone else None)
            for each in people
        ],
        score=view.score,
        reasons=reasons_shown(view.reasons),
        may_decide=is_open,
        may_accept=is_open and not accepted,
        accept_means=_accept_means(other_accepted=other_accepted),
        decline_reasons=DECLINE_REASONS,
        seen=answer_of(view.decisions, visitor.party),
    )


def _other(party: Party) -> Party:
    return Party.LENDER if party is Party.BORROWER else Party.BORROWER


def _heading(view: ProposalView, party: Party) -> str:
    if party is Party.BORROWER:
        title = (view.need.title or view.need.occupation_label) if view.need else "ce poste"
        return f"Une piste pour votre besoin{NB}: {title}"
    label = view.availability.occupation_label if view.availability else "ce métier"
    return f"Une piste pour vos personnes disponibles{NB}: {label}"


def _state(view: ProposalView, party: Party, *, accepted: bool, other_accepted: bool) -> tuple[str, str, str]:
    """Tone, state and explanation."""
    other = view.decisions.get(_other(party))
    match view.status:
        case ProposalStatus.AGREED:
            people = count(view.headcount or 0, "personne", "personnes")
            return "good", f"Accord conclu pour {people}.", "Prenez contact pour convenir de la suite."
        case ProposalStatus.DECLINED | ProposalStatus.CANCELLED:
            by_other = other is not None and other.verdict in ("decline", "cancel")
            reason = other.reason if other is not None and by_other else None
            verb = "décliné" if view.status is ProposalStatus.DECLINED else "annulé l'accord"
            said = f"Raison indiquée{NB}: {_LABELS[reason].lower()}." if reason else ""
            return "off", f"L'autre entreprise a {verb}." if by_other else f"Vous avez {verb}.", said
        case ProposalStatus.WITHDRAWN:
            why = _WITHDRAWN.get(view.withdrawal_reason, "") if view.withdrawal_reason else ""
            return "off", "Cette proposition est retirée.", f"{why} {_refused(view, party)}".strip()
    if accepted:
        waiting = "L'autre entreprise n'a pas encore répondu ; vous serez averti."
        return "good", "Vous avez accepté.", _refused(view, party) or waiting
    if other_accepted:
        return "wait", "L'autre entreprise a accepté.", _refused(view, party) or "Il ne manque que votre réponse."
    return "wait", "À vous de répondre.", "L'autre entreprise reçoit la même proposition."


def _refused(view: ProposalView, party: Party) -> str:
    """That an accept came to nothing, and why; nothing when none did."""
    if view.refused is None:
        return ""
    whose = "Votre accord" if view.refused.by is party else "L'autre entreprise a accepté, mais l'accord"
    return f"{whose} n'a pas pu être conclu le {day(paris_day(view.refused.at))}{NB}: {view.refused.why}."


def _accept_means(*, other_accepted: bool) -> str:
    if other_accepted:
        return "L'accord sera conclu aussitôt, et chacun recevra les coordonnées de l'autre."
    return "Si l'autre entreprise accepte aussi, l'accord est conclu et chacun reçoit les coordonnées de l'autre."


def _sides(view: ProposalView, party: Party) -> list[Side]:
    need = Side("Votre besoin" if party is Party.BORROWER else "Le besoin", _need(view.need)) if view.need else None
    staff = (
        Side(
            "Vos personnes disponibles" if party is Party.LENDER else "Les personnes proposées",
            _staff(view.availability, view.distance_km),
        )
        if view.availability
        else None
    )
    ordered = (need, staff) if party is Party.BORROWER else (staff, need)
    return [side for side in ordered if side is not None]


def _need(need: NeedView) -> list[tuple[str, str]]:
    facts = [("Métier", f"{need.occupation_label} ({need.occupation})")]
    if need.title:
        facts.insert(0, ("Poste", need.title))
    facts += [
        ("Mode", _MODES[need.mode]),
        ("Effectif", count(need.headcount, "personne", "personnes")),
        ("Période", period(need.start, need.end)),
    ]
    return facts + ([("Lieu", need.commune_name)] if need.commune_name else [])


def _staff(staff: AvailabilityView, distance_km: float) -> list[tuple[str, str]]:
    facts = [
        ("Métier", f"{staff.occupation_label} ({staff.occupation})"),
        ("Mode", listed([_MODES[mode] for mode in staff.modes])),
        ("Effectif", count(staff.headcount, "personne", "personnes")),
        ("Période", period(staff.start, staff.end)),
        ("Distance", f"environ {kilometres(round(distance_km * _METRES))}"),
        ("Mobilité", f"{staff.mobility_km}{NB}km"),
    ]
    return facts + ([("Départ", staff.commune_name)] if staff.commune_name else [])
