"""What the archive holds about one entity and those it met: gathered by a few look-ups, each event once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Final
from uuid import UUID

from passerelles.errors import NotFoundError
from schemas.catalogue import CATALOGUE
from schemas.decisions import DecisionRecorded, Outcome
from schemas.deliveries import AlertDecided, DeliveryRecorded
from schemas.envelope import Event
from schemas.facts import AvailabilityRecorded, CompanyRecorded, NeedRecorded, Posting
from schemas.proposals import Pair
from schemas.readings import ProposalSeen
from schemas.topics import TopicName
from schemas.vocabulary import Payload
from services.audit.reading.port import Archive, ArchivedEvent
from services.audit.story.step import EntityKind, Place

_WORDS: Final = ("proposal.made", "proposal.withdrawn")
_OF_PAIRS: Final = (
    "decision.recorded",
    *(name for name, type_ in CATALOGUE.items() if type_.topic in {TopicName.PROPOSALS, TopicName.OUTCOMES}),
)
_ORDER: Final = {TopicName.FACTS: 0, TopicName.PROPOSALS: 1, TopicName.OUTCOMES: 2, TopicName.DELIVERIES: 3}


class UnknownEntityError(NotFoundError):
    """Nothing in the archive is named so, or not as something that can be explained."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One event, wherever and however often the log holds it; `first` is the record that came first."""

    event: Event[Payload]
    first: ArchivedEvent
    places: tuple[Place, ...]


@dataclass(slots=True)
class Evidence:
    """What a story is told from, each list in the order of the story.

    Attributes:
        until: what was appended later is left out; none takes everything.
        heard: the events that are steps of the story.
        words: everything that matching said about a need, for the needs concerned.
    """

    kind: EntityKind
    id: UUID
    until: datetime | None
    heard: list[Heard]
    needs: dict[UUID, list[Heard]] = field(default_factory=dict)
    staff: dict[UUID, list[Heard]] = field(default_factory=dict)
    companies: dict[UUID, list[Heard]] = field(default_factory=dict)
    words: dict[UUID, list[Heard]] = field(default_factory=dict)

    def about_pairs(self) -> dict[UUID, list[Heard]]:
        """The words and decisions about each pair of the story, by proposal, in order."""
        found: dict[UUID, list[Heard]] = {}
        for each in self.heard:
            if isinstance(each.event.data, Pair | Outcome | DecisionRecorded):
                found.setdefault(each.event.data.id, []).append(each)
        return found

    def need(self, id_: UUID, version: int | None = None) -> NeedRecorded | None:
        """A need at a version, or at its last."""
        data = _version(self.needs.get(id_, ()), version)
        return data if isinstance(data, NeedRecorded) else None

    def availability(self, id_: UUID, version: int | None = None) -> AvailabilityRecorded | None:
        """An availability at a version, or at its last."""
        data = _version(self.staff.get(id_, ()), version)
        return data if isinstance(data, AvailabilityRecorded) else None

    def company(self, id_: UUID, time: datetime) -> CompanyRecorded | None:
        """A company as it was last stated at an instant, or else as it was first stated."""
        states = [each for each in self.companies.get(id_, ()) if isinstance(each.event.data, CompanyRecorded)]
        known = [each for each in states if each.event.time <= time] or states[:1]
        data = known[-1].event.data if known else None
        return data if isinstance(data, CompanyRecorded) else None


def gather(archive: Archive, id_: UUID, *, at: datetime | None = None) -> Evidence:
    """Everything that concerns an entity.

    Args:
        archive: what is read.
        id_: of a proposal, a need, an availability, a delivery or a message.
        at: only what the broker had appended by then.

    Raises:
        UnknownEntityError: the archive names no such entity, or one that has no story of its own.
    """
    until = None if at is None else at + timedelta(microseconds=1)
    named = _distinct(archive.events(subjects={id_}, until=until))
    kind = kind_of(id_, [each.event for each in named], at)
    pairs = _pairs_of(kind, id_, named)
    about = _about(archive, kind, named, pairs, until)
    ids = [each.event.data for each in about if isinstance(each.event.data, Pair | Outcome | DecisionRecorded)]
    need_ids = {data.need_id for data in ids} | ({id_} if kind is EntityKind.NEED else set())
    staff_ids = {data.availability_id for data in ids} | ({id_} if kind is EntityKind.AVAILABILITY else set())
    postings = _distinct(
        archive.events(
            topics={TopicName.FACTS},
            subjects=need_ids | staff_ids,
            types=("need.recorded", "availability.recorded"),
            until=until,
        )
    )
    evidence = Evidence(kind, id_, until, [])
    for each in postings:
        place = evidence.needs if isinstance(each.event.data, NeedRecorded) else evidence.staff
        if isinstance(each.event.data, Posting):
            place.setdefault(each.event.data.id, []).append(each)
    words = named
    if kind is not EntityKind.NEED:
        words = _distinct(archive.events(topics={TopicName.PROPOSALS}, subjects=need_ids, types=_WORDS, until=until))
    for each in words:
        if isinstance(each.event.data, Pair):
            evidence.words.setdefault(each.event.data.need_id, []).append(each)
    firms = {each.event.data.company_id for each in postings if isinstance(each.event.data, Posting)}
    messages = (each.event.data for each in chain(named, about))
    told = {data.company_id for data in messages if isinstance(data, DeliveryRecorded | AlertDecided)}
    companies = archive.events(
        topics={TopicName.FACTS}, subjects=firms | told, types=("company.recorded",), until=until
    )
    for each in _distinct(companies):
        if isinstance(each.event.data, CompanyRecorded):
            evidence.companies.setdefault(each.event.data.id, []).append(each)
    shown = [each for each in postings if _is_own(kind, id_, each)]
    own = (
        [each for each in named if isinstance(each.event.data, DeliveryRecorded)] if kind is EntityKind.DELIVERY else []
    )
    evidence.heard = sorted(chain(shown, about, own), key=_story_order)
    return evidence


def _about(
    archive: Archive, kind: EntityKind, named: list[Heard], pairs: set[UUID], until: datetime | None
) -> list[Heard]:
    """Words, decisions and deliveries about pairs: all but deliveries name the need and the availability too."""
    told = [each for each in named if not isinstance(each.event.data, Posting | CompanyRecorded)]
    if kind is EntityKind.PROPOSAL:
        return told
    if kind is EntityKind.DELIVERY:
        return _distinct(archive.events(subjects=pairs, types=_OF_PAIRS, until=until))
    deliveries = _distinct(archive.events(topics={TopicName.DELIVERIES}, subjects=pairs, until=until))
    return [*told, *deliveries]


def kind_of(id_: UUID, events: Sequence[Event[Payload]], at: datetime | None) -> EntityKind:
    """What an identifier names, from the events that mention it. Raises `UnknownEntityError`."""
    kinds: tuple[tuple[type[Payload], EntityKind], ...] = (
        (NeedRecorded, EntityKind.NEED),
        (AvailabilityRecorded, EntityKind.AVAILABILITY),
        (DeliveryRecorded, EntityKind.DELIVERY),
        (CompanyRecorded, EntityKind.COMPANY),
        *((each, EntityKind.PROPOSAL) for each in (Pair, Outcome, DecisionRecorded, ProposalSeen)),
    )
    for event in events:
        data = event.data
        if getattr(data, "id", None) == id_ or (isinstance(data, DeliveryRecorded) and data.message_id == id_):
            for type_, kind in kinds:
                if isinstance(data, type_):
                    return kind
    for event in events:
        for name, kind in (("need_id", EntityKind.NEED), ("availability_id", EntityKind.AVAILABILITY)):
            if getattr(event.data, name, None) == id_:
                return kind
        if getattr(event.data, "proposal_id", None) == id_:
            return EntityKind.PROPOSAL
    if events:
        raise UnknownEntityError(
            f"L'identifiant {id_} est celui d'une entreprise ou d'un contact : il n'a pas d'histoire à lui.",
            remedy="Indiquer une proposition, un besoin, une disponibilité ou un envoi ; "
            "« passerelles audit replay --company » liste ce qui concerne une entreprise.",
        )
    when = "" if at is None else " à cet instant"
    raise UnknownEntityError(
        f"L'archive ne contient rien sous l'identifiant {id_}{when}.",
        remedy="Vérifier l'identifiant, et que l'archive est celle de cette plateforme et de cette période.",
    )


def _pairs_of(kind: EntityKind, id_: UUID, named: Iterable[Heard]) -> set[UUID]:
    if kind is EntityKind.PROPOSAL:
        return {id_}
    if kind is EntityKind.COMPANY:
        raise UnknownEntityError(
            f"L'identifiant {id_} est celui d'une entreprise : elle n'a pas d'histoire à elle.",
            remedy="« passerelles audit replay --company » liste ce qui la concerne.",
        )
    datas = [each.event.data for each in named]
    if kind is EntityKind.DELIVERY:
        return {data.proposal_id for data in datas if isinstance(data, DeliveryRecorded)}
    return {data.id for data in datas if isinstance(data, Pair | Outcome | DecisionRecorded | ProposalSeen)}


def _is_own(kind: EntityKind, id_: UUID, each: Heard) -> bool:
    """Whether a posting is a step of the story; those that the entity only met are told where they were seen."""
    return kind in {EntityKind.PROPOSAL, EntityKind.DELIVERY} or getattr(each.event.data, "id", None) == id_


def _version(heard: Collection[Heard], version: int | None) -> Payload | None:
    datas = [each.event.data for each in heard if isinstance(each.event.data, Posting)]
    if version is None:
        return max(datas, key=lambda data: data.version, default=None)
    return next((data for data in datas if data.version == version), None)


def _distinct(found: Iterable[ArchivedEvent]) -> list[Heard]:
    """Each event once with all its places; matching's words are told apart by territory, as their ids are not."""
    held: dict[tuple[UUID, str | None], list[ArchivedEvent]] = {}
    for each in found:
        if each.event is not None:
            territory = each.event.territory if isinstance(each.event.data, Pair) else None
            held.setdefault((each.event.id, territory), []).append(each)
    heard = []
    for records in held.values():
        first = records[0]
        places = tuple(Place(each.epoch, each.topic, each.partition, each.offset, each.at) for each in records)
        if first.event is not None:
            heard.append(Heard(first.event, first, places))
    return sorted(heard, key=_story_order)


def _story_order(each: Heard) -> tuple[datetime, int, int, int, int]:
    """By when it happened; what the engine says bears its cause's time, and comes after it."""
    first = each.first
    return (each.event.time, _ORDER[TopicName(first.topic)], first.epoch, first.partition, first.offset)
