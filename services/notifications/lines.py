"""One proposal as a message shows it to one reader: headings, figures and reasons, before any markup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas.deliveries import MessageKind
from schemas.vocabulary import Party
from services.notifications.contacts import Briefing, Contact, Counterpart, ItemBriefing
from services.notifications.pairs import KnownPair
from services.notifications.wording import (
    DECLINES,
    MODES,
    NBSP,
    WITHDRAWALS,
    Fact,
    counted,
    distance,
    facts,
    period,
    plain,
    quoted,
)

TO_DECIDE: Final = frozenset(
    {MessageKind.PROPOSED, MessageKind.ACCEPTED, MessageKind.REMINDED, MessageKind.REMINDED_AGAIN}
)
"""What asks the reader for an answer."""


@dataclass(frozen=True, slots=True)
class Line:
    """One proposal in a message.

    Attributes:
        heading: the occupation on the other side; `terms` are its mode, headcount and period.
        brief: what a line by itself says after the heading.
        context: what it is proposed for, on the reader's own side.
        note: why, for what ended.
        link: the signed address of its page for this contact, where the registry gave one.
    """

    heading: str
    terms: tuple[str, ...]
    brief: tuple[str, ...]
    context: str
    score: int | None
    facts: tuple[Fact, ...]
    note: str
    link: str | None
    counterpart: Counterpart | None


def line_of(
    pair: KnownPair, kind: MessageKind, item: ItemBriefing, briefing: Briefing, reader: tuple[Contact, Party]
) -> Line:
    """The proposal as this contact, of the company on that side, is told of it."""
    contact, party = reader
    # Reasons help to decide; once decided, or over, they only hide what there is to know.
    to_decide = kind in TO_DECIDE
    other_side = item.availability if party is Party.BORROWER else item.need
    terms = _staff(item) if party is Party.BORROWER else _post(item)
    figures = [f"{pair.score} sur 100"] if to_decide and pair.score is not None else []
    if pair.distance_metres is not None:
        figures.append(distance(pair.distance_metres))
    return Line(
        heading=plain(other_side.occupation_label, 100),
        terms=terms,
        brief=(*figures, terms[-1]),
        context=_context(kind, item, party),
        score=pair.score if to_decide else None,
        facts=facts(pair.reasons, item, briefing.certificates) if to_decide else (),
        note=_note(pair, kind),
        link=item.links.get(contact.id),
        counterpart=item.counterpart if kind is MessageKind.AGREED else None,
    )


def _staff(item: ItemBriefing) -> tuple[str, ...]:
    staff = item.availability
    return counted(staff.headcount, "personne", "personnes"), period(staff.start, staff.end)


def _post(item: ItemBriefing) -> tuple[str, ...]:
    need = item.need
    return MODES[need.mode], counted(need.headcount, "poste", "postes"), period(need.start, need.end)


def _context(kind: MessageKind, item: ItemBriefing, party: Party) -> str:
    """What it is proposed for, which a coordinator does not call its own."""
    own = kind is not MessageKind.ESCALATED
    if party is Party.BORROWER:
        name = quoted(plain(item.need.title or item.need.occupation_label))
        return f"{'Pour votre besoin' if own else 'Besoin'} {name}, {period(item.need.start, item.need.end)}"
    staff = item.availability
    name, count = quoted(plain(staff.occupation_label)), counted(staff.headcount, "personne", "personnes")
    return f"{'Pour votre disponibilité' if own else 'Disponibilité'} {name}, {count}"


def _note(pair: KnownPair, kind: MessageKind) -> str:
    if kind is MessageKind.WITHDRAWN and pair.withdrawal:
        return f"Motif{NBSP}: {WITHDRAWALS[pair.withdrawal]}."
    if kind in {MessageKind.DECLINED, MessageKind.CANCELLED} and pair.decline_reason:
        return f"Motif{NBSP}: {DECLINES[pair.decline_reason]}."
    if kind is MessageKind.AGREED and pair.headcount:
        return f"Effectif convenu{NBSP}: {counted(pair.headcount, 'personne', 'personnes')}."
    return ""
