"""What one message says to one contact: sections by kind, each with its proposals, before any markup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from schemas.deliveries import MessageKind
from schemas.preferences import SENT_ANYWAY
from schemas.vocabulary import Party
from services.notifications.contacts import Briefing, Contact
from services.notifications.lines import Line, line_of
from services.notifications.pairs import KnownPair
from services.notifications.phrases import PHRASES, UNREACHED, Phrases, subject_of, title_of, topic
from services.notifications.wording import NBSP, counted, lowered, plain

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

SHOWN: Final = 8
"""How many proposals a message shows in full, the others by a line each."""

IN_DIGEST: Final = "Voici, en un seul message, ce qui a été gardé pour votre récapitulatif."

UNANSWERED: Final = "{} n’a pas encore répondu à ce qui lui est proposé."
UNTOLD: Final = (
    "Nos messages n’arrivent à personne chez {}, qui n’a peut-être pas été prévenue de ce qui lui est proposé."
)

LISTED: Final = 100
"""How many a message tells at most; a cohort of 220 people can bring hundreds at once."""

Item = tuple[KnownPair, MessageKind]


@dataclass(frozen=True, slots=True)
class Part:
    """What a message tells of the pairs in which the company stands on one side."""

    party: Party
    briefing: Briefing
    items: list[Item]


@dataclass(frozen=True, slots=True)
class Section:
    """The proposals of one kind.

    Attributes:
        lines: those that are shown in full, of the first section one at least; `rest` by a line each.
        count: what the reader would count: its needs met, or its profiles found, when these are proposed.
        needs: how many needs they are for.
    """

    kind: MessageKind
    party: Party
    phrases: Phrases
    lines: tuple[Line, ...]
    rest: tuple[Line, ...]
    count: int
    needs: int = 1

    @property
    def title(self) -> str:
        """What stands above them."""
        return title_of(self.kind, self.party, self.count, self.needs)

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
        preferences_url: where the contact chooses what to be told; `unsubscribe_url`: where it ends alerts by email,
            none where that would end nothing of what is told.
        as_coordinator: it goes to the coordinator of the company's département, not to one of its contacts.
        departement: the code of that one; empty where the registry does not say.
        to_call: whom such a coordinator reaches there.
        thread: the need, when it is about one alone: its messages are one conversation.
    """

    company: str
    contact: str
    subject: str
    sections: tuple[Section, ...]
    left_out: int
    lead_in: str = ""
    preferences_url: str = ""
    unsubscribe_url: str = ""
    as_coordinator: bool = False
    departement: str = ""
    to_call: tuple[Contact, ...] = ()
    thread: str = ""

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
    return compose_parts([Part(party, briefing, list(items))], contact)


def compose_parts(parts: Sequence[Part], contact: Contact, *, digest: bool = False) -> Letter:
    """The same for a company that stands on both sides; a `digest` says that it is one.

    Raises:
        ValueError: the registry knows none of the items.
    """
    told = [each for part in parts for each in _told(part, contact)]
    if not told:
        msg = "the registry knows none of these proposals"
        raise ValueError(msg)
    told.sort(key=lambda each: ORDER.index(each.kind))
    escalated, briefing = told[0].kind is MessageKind.ESCALATED, parts[0].briefing
    company, unreached = plain(briefing.company.name), escalated and not any(each.reached for each in briefing.contacts)
    sections = _sections(told, UNREACHED if unreached else {})
    subject = _subject(sections, {company} if escalated else told[0].topics)
    lead_in = IN_DIGEST if digest else ""
    if escalated:
        lead_in = (UNTOLD if unreached else UNANSWERED).format(company)
    return Letter(
        company=company,
        contact=plain(contact.name),
        subject=f"Récapitulatif{NBSP}– {lowered(subject)}" if digest else subject,
        sections=sections,
        left_out=sum(max(0, len(part.items) - LISTED) for part in parts),
        lead_in=lead_in,
        preferences_url=contact.preferences_url,
        unsubscribe_url="" if all(each.kind in SENT_ANYWAY for each in told) else contact.unsubscribe_url,
        as_coordinator=escalated,
        departement=briefing.coordinator.departement if escalated and briefing.coordinator else "",
        to_call=briefing.contacts if escalated else (),
        thread="" if digest or escalated else _thread(told),
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """The proposals of one kind on one side, the best first."""

    kind: MessageKind
    party: Party
    pairs: list[KnownPair]
    lines: tuple[Line, ...]
    topics: set[str]


def _told(part: Part, contact: Contact) -> Iterator[_Told]:
    chosen, party = choose(part.items), part.party
    briefed = {item.proposal_id: item for item in part.briefing.items}
    for kind in ORDER:
        told = [(pair, briefed[pair.id]) for pair, each in chosen if each is kind and pair.id in briefed]
        if told:
            lines = tuple(line_of(pair, kind, item, part.briefing, (contact, party)) for pair, item in told)
            yield _Told(kind, party, [pair for pair, _ in told], lines, {topic(item, party) for _, item in told})


def _sections(told: Sequence[_Told], instead: Mapping[Party, Phrases]) -> tuple[Section, ...]:
    sections, room = [], SHOWN
    for each in told:
        sections.append(
            Section(
                each.kind,
                each.party,
                instead.get(each.party, PHRASES[each.kind, each.party]),
                each.lines[:room],
                each.lines[room:],
                _count(each.kind, each.party, each.pairs),
                len({pair.need_id for pair in each.pairs}),
            )
        )
        room = max(0, room - len(each.lines))
    return tuple(sections)


def _thread(told: Sequence[_Told]) -> str:
    needs = {pair.need_id for each in told for pair in each.pairs}
    return str(needs.pop()) if len(needs) == 1 else ""


def _rank(item: Item) -> tuple[int, int, int, str]:
    pair, kind = item
    return ORDER.index(kind), -(pair.score or 0), pair.distance_metres or 0, str(pair.id)


def _count(kind: MessageKind, party: Party, pairs: Sequence[KnownPair]) -> int:
    if kind is not MessageKind.PROPOSED:
        return len(pairs)
    return len({pair.availability_id if party is Party.BORROWER else pair.need_id for pair in pairs})


def _subject(sections: Sequence[Section], topics: set[str]) -> str:
    first = sections[0]
    about = next(iter(topics)) if len(topics) == 1 else None
    subject = subject_of(first.kind, first.party, first.count, first.needs, about)
    others = sum(section.count for section in sections[1:])
    return f"{subject} (et {counted(others, 'autre nouvelle', 'autres nouvelles')})" if others else subject
