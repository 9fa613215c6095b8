"""What one message says to one contact: sections by kind, each with its proposals, before any markup."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from schemas.deliveries import MessageKind
from schemas.vocabulary import Party
from services.notifications.contacts import Briefing, Contact, Counterpart, ItemBriefing
from services.notifications.pairs import KnownPair
from services.notifications.phrases import PHRASES, Phrases, subject_of
from services.notifications.wording import (
    DECLINES,
    MODES,
    NBSP,
    WITHDRAWALS,
    Fact,
    counted,
    facts,
    period,
    plain,
    quoted,
)

ORDER: Final = (
    MessageKind.AGREED,
    MessageKind.ACCEPTED,
    MessageKind.PROPOSED,
    MessageKind.CANCELLED,
    MessageKind.DECLINED,
    MessageKind.WITHDRAWN,
)
"""What calls for an action first, what only informs last."""

SHOWN: Final = 20
"""How many proposals of one kind are shown in full; a cohort of 220 people can bring hundreds at once."""


_Reader = tuple[Contact, Party]


@dataclass(frozen=True, slots=True)
class Line:
    """One proposal in a message.

    Attributes:
        heading: the occupation on the other side; `terms` are its headcount, mode and period.
        context: what it is proposed for, on the reader's own side.
        note: why, for what ended.
        link: the signed address of its page for this contact, where the registry gave one.
    """

    heading: str
    terms: str
    context: str
    score: int | None
    facts: tuple[Fact, ...]
    note: str
    link: str | None
    counterpart: Counterpart | None


@dataclass(frozen=True, slots=True)
class Section:
    """The proposals of one kind; `more` are those that are only counted."""

    kind: MessageKind
    phrases: Phrases
    lines: tuple[Line, ...]
    more: int

    @property
    def count(self) -> int:
        """All of them."""
        return len(self.lines) + self.more

    @property
    def title(self) -> str:
        """What stands above them."""
        return self.phrases.title if self.count == 1 else self.phrases.titles


@dataclass(frozen=True, slots=True)
class Letter:
    """A whole message to one contact."""

    company: str
    contact: str
    party: Party
    subject: str
    sections: tuple[Section, ...]

    @property
    def link(self) -> str | None:
        """The page of the proposal that comes first."""
        return next((line.link for section in self.sections for line in section.lines if line.link), None)


def choose(items: Sequence[tuple[KnownPair, MessageKind]]) -> list[tuple[KnownPair, MessageKind]]:
    """Those to be shown in full: the best of each kind, what calls for an action first."""
    return [chosen for kind in ORDER for chosen in _ranked(items, kind)[:SHOWN]]


def compose(
    items: Sequence[tuple[KnownPair, MessageKind]], briefing: Briefing, contact: Contact, party: Party
) -> Letter:
    """The message that tells this contact these items, each of which is true; at least one."""
    counts: dict[MessageKind, int] = defaultdict(int)
    for _, kind in items:
        counts[kind] += 1
    briefed = {item.proposal_id: item for item in briefing.items}
    sections = []
    for kind in ORDER:
        if not counts[kind]:
            continue
        shown = [(pair, briefed[pair.id]) for pair, _ in _ranked(items, kind)[:SHOWN] if pair.id in briefed]
        lines = tuple(_line(pair, kind, item, briefing, (contact, party)) for pair, item in shown)
        sections.append(Section(kind, PHRASES[kind, party], lines, counts[kind] - len(lines)))
    return Letter(
        company=plain(briefing.company.name),
        contact=plain(contact.name),
        party=party,
        subject=_subject(sections, party, briefed, items),
        sections=tuple(sections),
    )


def _ranked(items: Sequence[tuple[KnownPair, MessageKind]], kind: MessageKind) -> list[tuple[KnownPair, MessageKind]]:
    same = [item for item in items if item[1] is kind]
    return sorted(same, key=lambda item: (-(item[0].score or 0), item[0].distance_metres or 0, item[0].id))


def _subject(
    sections: Sequence[Section],
    party: Party,
    briefed: Mapping[UUID, ItemBriefing],
    items: Sequence[tuple[KnownPair, MessageKind]],
) -> str:
    first = sections[0]
    best = next((briefed[pair.id] for pair, _ in _ranked(items, first.kind) if pair.id in briefed), None)
    subject = subject_of(first.kind, party, first.count, best)
    others = sum(section.count for section in sections[1:])
    return f"{subject} (et {counted(others, 'autre nouvelle', 'autres nouvelles')})" if others else subject


def _line(pair: KnownPair, kind: MessageKind, item: ItemBriefing, briefing: Briefing, reader: _Reader) -> Line:
    contact, party = reader
    # Reasons help to decide; once decided, or over, they only hide what there is to know.
    to_decide = kind in {MessageKind.PROPOSED, MessageKind.ACCEPTED}
    other_side = item.availability if party is Party.BORROWER else item.need
    return Line(
        heading=plain(other_side.occupation_label),
        terms=_staff(item) if party is Party.BORROWER else _post(item),
        context=_need(item) if party is Party.BORROWER else _offered(item),
        score=pair.score if to_decide else None,
        facts=facts(pair.reasons, item, briefing.certificates) if to_decide else (),
        note=_note(pair, kind),
        link=item.links.get(contact.id),
        counterpart=item.counterpart if kind is MessageKind.AGREED else None,
    )


def _staff(item: ItemBriefing) -> str:
    staff = item.availability
    return f"{counted(staff.headcount, 'personne', 'personnes')}, {period(staff.start, staff.end)}"


def _post(item: ItemBriefing) -> str:
    need = item.need
    count = counted(need.headcount, "poste", "postes")
    return f"{MODES[need.mode]}, {count}, {period(need.start, need.end)}"


def _need(item: ItemBriefing) -> str:
    name = quoted(plain(item.need.title or item.need.occupation_label))
    return f"Pour votre besoin {name}, {period(item.need.start, item.need.end)}"


def _offered(item: ItemBriefing) -> str:
    staff = item.availability
    count = counted(staff.headcount, "personne", "personnes")
    return f"Pour votre disponibilité {quoted(plain(staff.occupation_label))}, {count}"


def _note(pair: KnownPair, kind: MessageKind) -> str:
    if kind is MessageKind.WITHDRAWN and pair.withdrawal:
        return f"Motif{NBSP}: {WITHDRAWALS[pair.withdrawal]}."
    if kind in {MessageKind.DECLINED, MessageKind.CANCELLED} and pair.decline_reason:
        return f"Motif{NBSP}: {DECLINES[pair.decline_reason]}."
    if kind is MessageKind.AGREED and pair.headcount:
        return f"Effectif convenu{NBSP}: {counted(pair.headcount, 'personne', 'personnes')}."
    return ""
