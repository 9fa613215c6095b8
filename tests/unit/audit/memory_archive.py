"""The archive's port over a few events in memory, each filter as its words say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Unpack
from uuid import UUID

from schemas.facts import AvailabilityRecorded
from schemas.topics import TopicName
from services.audit.reading.port import ArchivedEvent, Filters, Offers, Stretch, mentions


class MemoryArchive:
    """An archive of these events."""

    def __init__(self, events: Iterable[ArchivedEvent]) -> None:
        self._events = sorted(events, key=lambda each: each.key)

    def events(self, **filters: Unpack[Filters]) -> Iterator[ArchivedEvent]:
        """As `Archive.events` says."""
        return (each for each in self._events if _passes(each, filters))

    def offers(self, stretch: Stretch, territory: str, occupations: Collection[str]) -> Offers:
        """As `Archive.offers` says."""
        known: dict[UUID, set[str]] = {}
        for each in self._events:
            data = each.event.data if each.event else None
            if (
                isinstance(data, AvailabilityRecorded)
                and (each.topic, each.epoch, each.partition) == (TopicName.FACTS, stretch.epoch, stretch.partition)
                and each.offset <= stretch.last
                and each.event is not None
                and each.event.territory == territory
            ):
                known.setdefault(data.id, set()).add(data.occupation)
        return Offers(len(known), frozenset(id_ for id_, had in known.items() if not had.isdisjoint(occupations)))


def _passes(each: ArchivedEvent, filters: Filters) -> bool:
    topics, types, subjects = filters.get("topics"), filters.get("types"), filters.get("subjects")
    since, until = filters.get("since"), filters.get("until")
    epochs, partitions, territory = filters.get("epochs"), filters.get("partitions"), filters.get("territory")
    return (
        (topics is None or each.topic in topics)
        and (types is None or (each.event is not None and each.event.type in types))
        and (subjects is None or (each.event is not None and not mentions(each.event).isdisjoint(subjects)))
        and (since is None or each.at >= since)
        and (until is None or each.at < until)
        and (epochs is None or each.epoch in epochs)
        and (partitions is None or each.partition in partitions)
        and (territory is None or (each.event is not None and each.event.territory == territory))
    )
