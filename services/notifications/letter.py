"""What one message says to one contact: sections by kind, each with its proposals, before any markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from schemas.deliveries import MessageKind
from schemas.vocabulary import Party
from services.notifications.contacts import Briefing, Contact, Counterpart, ItemBriefing
from services.notifications.pairs import KnownPair
from services.notifications.phrases import PHRASES, Phrases, subject_of, title_of, topic
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

ORDER: Final = (
    MessageKind.AGREED,
    MessageKind.ACCEPTED,
    MessageKind.REMINDED,
    MessageKind.REMINDED_AGAIN,
    MessageKind.PROPOSED,
    MessageKind.ESCALATED,
    MessageKind.CANCELLED,
    MessageKind.DECLINED,
    MessageKind.WITHDRAWN,
)
"""What calls for an action first, what only informs last."""

TO_DECIDE: Final = frozenset(
    {MessageKind.PROPOSED, MessageKind.ACCEPTED, MessageKind.REMINDED, MessageKind.REMINDED_AGAIN}
)
"""What asks the reader for an answer."""

SHOWN: Final = 8
"""How many proposals a message shows in full, the others by a line each."""

LISTED: Final = 100
"""How many a message tells at most; a cohort of 220 people can bring hundreds at once."""

Item = tuple[KnownPair, MessageKind]
_Reader = tuple[Contact, Party]


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


@dataclass(frozen=True, slots=True)
class Section:
    """The proposals of one kind.

    Attributes:
        lines: those that are shown in full, of the first section one at least; `rest` by a line each.
        count: what the reader would count: its needs met, or its profiles found, when these are proposed.
    """

    kind: MessageKind
    party: Party
    phrases: Phrases
    lines: tuple[Line, ...]
    rest: tuple[Line, ...]
    count: int

    @property
    def title(self) -> str:
        """What stands above them."""
        return title_of(self.kind, self.party, self.count)

    @property
    def lead(self) -> str:
        """What happened, what is expected, and how many answers that makes."""
        told = len(self.lines) + len(self.rest)
        if told == self.count:
            return self.phrases.lead
        return f"{self.phrases.lead} {counted(told, 'proposition', 'propositions')} en tout, une par équipe et besoin."


@dataclass(frozen=True, slots=True)
class Letter:
    """A whole message to one contact.

    Attributes:
        left_out: the proposals beyond the most that one message tells.
        lead_in: what stands before everything else, that it is a digest for instance.
        preferences_url: where the contact chooses what to be told; `unsubscribe_url`: where it ends alerts by email.
        as_coordinator: it goes to the coordinator of the company's département, not to one of its contacts.
    """

    company: str
    contact: str
    party: Party
    subject: str
    sections: tuple[Section, ...]
    left_out: int
    lead_in: str = ""
    preferences_url: str = ""
    unsubscribe_url: str = ""
    as_coordinator: bool = False

    @property
    def link(self) -> str | None:
        """The page of the proposal that comes first."""
        return next((line.link for section in self.sections for line in section.lines if line.link), None)

    def shortened(self) -> Letter | None:
        """It, with half of the lines at its end left out; none when only what is shown in full is left."""
        last = next((at for at in reversed(range(len(self.sections))) if self.sections[at].rest), None)
        if last is None:
            return None
        section = self.sections[last]
        rest = section.rest[: len(section.rest) // 2]
        sections = (*self.sections[:last], replace(section, rest=rest), *self.sections[last + 1 :])
        return replace(self, sections=sections, left_out=self.left_out + len(section.rest) - len(rest))


def choose(items: Sequence[Item]) -> list[Item]:
    """Those that a message tells: what calls for an action first, the best of each kind first."""
    return sorted(items, key=_rank)[:LISTED]


def compose(items: Sequence[Item], briefing: Briefing, contact: Contact, party: Party) -> Letter:
    """The message that tells this contact these items, each of which is true.

    Raises:
        ValueError: the registry knows none of them.
    """
    chosen = choose(items)
    briefed = {item.proposal_id: item for item in briefing.items}
    sections, topics, room = [], [], SHOWN
    for kind in ORDER:
        told = [(pair, briefed[pair.id]) for pair, each in chosen if each is kind and pair.id in briefed]
        if not told:
            continue
        lines = tuple(_line(pair, kind, item, briefing, (contact, party)) for pair, item in told)
        count = _count(kind, party, [pair for pair, _ in told])
        sections.append(Section(kind, party, PHRASES[kind, party], lines[:room], lines[room:], count))
        room = max(0, room - len(lines))
        topics.append({topic(item, party) for _, item in told})
    if not sections:
        msg = "the registry knows none of these proposals"
        raise ValueError(msg)
    return Letter(
        company=plain(briefing.company.name),
        contact=plain(contact.name),
        party=party,
        subject=_subject(sections, party, topics[0]),
        sections=tuple(sections),
        left_out=len(items) - len(chosen),
        preferences_url=contact.preferences_url,
        unsubscribe_url=contact.unsubscribe_url,
    )


def _rank(item: Item) -> tuple[int, int, int, str]:
    pair, kind = item
    return ORDER.index(kind), -(pair.score or 0), pair.distance_metres or 0, str(pair.id)


def _count(kind: MessageKind, party: Party, pairs: Sequence[KnownPair]) -> int:
    if kind is not MessageKind.PROPOSED:
        return len(pairs)
    return len({pair.availability_id if party is Party.BORROWER else pair.need_id for pair in pairs})


def _subject(sections: Sequence[Section], party: Party, topics: set[str]) -> str:
    first = sections[0]
    subject = subject_of(first.kind, party, first.count, topics.pop() if len(topics) == 1 else None)
    others = sum(section.count for section in sections[1:])
    return f"{subject} (et {counted(others, 'autre nouvelle', 'autres nouvelles')})" if others else subject


def _line(pair: KnownPair, kind: MessageKind, item: ItemBriefing, briefing: Briefing, reader: _Reader) -> Line:
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
        context=_need(item) if party is Party.BORROWER else _offered(item),
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
