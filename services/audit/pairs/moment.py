"""A moment of one territory: what the engine had read there by then, found again in the archive."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from schemas.envelope import EPOCH_STRIDE, Event
from schemas.epochs import DayStarted, RulesAdopted
from schemas.proposals import Pair
from schemas.topics import TopicName
from schemas.vocabulary import Payload
from services.audit.reading.port import Archive, ArchivedEvent

SKEW: Final = timedelta(hours=1)
"""Producers stamp records by their own clocks: around an instant this much more is read, and offsets decide."""

_JUST_BEFORE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Moment:
    """What one territory's log held up to and with one fact.

    Attributes:
        at: not before the broker appended that fact.
    """

    epoch: int
    partition: int
    offset: int
    at: datetime
    territory: str

    def holds(self, each: ArchivedEvent) -> bool:
        """Whether a fact had been read by then."""
        return (
            each.event is not None
            and each.topic == TopicName.FACTS
            and each.epoch == self.epoch
            and each.partition == self.partition
            and each.offset <= self.offset
            and each.event.territory == self.territory
        )


def moment_of(said: ArchivedEvent) -> Moment:
    """The moment of a word of matching: its revision names the fact that caused it.

    Raises:
        TypeError: it is no word of matching.
    """
    data = said.event.data if said.event else None
    if not isinstance(data, Pair):
        msg = "only a word of matching has a revision"
        raise TypeError(msg)
    epoch, offset = divmod(data.revision, EPOCH_STRIDE)
    return Moment(epoch, said.partition, offset, said.at, data.territory)


def facts_then(
    archive: Archive, moment: Moment, types: Collection[str], *, subjects: Collection[UUID] | None = None
) -> Iterator[ArchivedEvent]:
    """The facts of some types, about some entities, that the territory's log held then, in the order of the log."""
    found = archive.events(
        topics={TopicName.FACTS},
        types=types,
        epochs={moment.epoch},
        partitions={moment.partition},
        until=moment.at + SKEW,
        subjects=subjects,
        territory=moment.territory,
    )
    return (each for each in found if moment.holds(each))


class Circumstances:
    """The rules and days of each territory's log: what surrounds every moment, each stretch of it read once.

    Args:
        archive: what is read.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._days: dict[tuple[int, int, date | None], list[ArchivedEvent]] = {}
        self._rules: dict[tuple[int, int, str, int], RulesAdopted | None] = {}

    def rules(self, moment: Moment, version: int | None = None) -> RulesAdopted | None:
        """The rules that the territory had last adopted; none when the archive no longer has them.

        Args:
            moment: when.
            version: theirs, where a word tells it: an epoch begins with its rules, and is then read no further.
        """
        if version is None:
            last = None
            for adopted in self._adopted(moment):
                last = adopted
            return last
        place = (moment.epoch, moment.partition, moment.territory, version)
        if place not in self._rules:
            found = (adopted for adopted in self._adopted(moment) if adopted.rules_version == version)
            self._rules[place] = next(found, None)
        return self._rules[place]

    def day(self, moment: Moment) -> date | None:
        """The day that it was for the engine: the latest that had begun."""
        for around in (moment.at.date(), None):
            held = (each.event.data for each in self._started(moment, around) if each.event and moment.holds(each))
            days = [data.day for data in held if isinstance(data, DayStarted)]
            if days:
                return max(days)
        return None

    def _adopted(self, moment: Moment) -> Iterator[RulesAdopted]:
        for each in facts_then(self._archive, moment, ("rules.adopted",)):
            if each.event and isinstance(each.event.data, RulesAdopted):
                yield each.event.data

    def _started(self, moment: Moment, around: date | None) -> list[ArchivedEvent]:
        """The days that began in a partition in the three days before one, or (none) in the whole epoch."""
        place = (moment.epoch, moment.partition, around)
        if place not in self._days:
            midnight = None if around is None else datetime.combine(around, time.min, UTC)
            self._days[place] = list(
                self._archive.events(
                    topics={TopicName.FACTS},
                    types=("day.started",),
                    epochs={moment.epoch},
                    partitions={moment.partition},
                    since=None if midnight is None else midnight - timedelta(days=3),
                    until=None if midnight is None else midnight + timedelta(days=1) + SKEW,
                )
            )
        return self._days[place]


def cause_of(archive: Archive, moment: Moment) -> Event[Payload] | None:
    """The fact at the moment's offset; none when the archive no longer has it."""
    for since in (moment.at - _JUST_BEFORE, None):
        for each in archive.events(
            topics={TopicName.FACTS},
            epochs={moment.epoch},
            partitions={moment.partition},
            since=since,
            until=moment.at + SKEW,
        ):
            if each.offset == moment.offset:
                return each.event
    return None
