"""A moment of one territory: what the engine had read there by then, found again in the archive."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from schemas.envelope import EPOCH_STRIDE, Event
from schemas.epochs import DayStarted, RulesAdopted
from schemas.proposals import Pair
from schemas.topics import TopicName
from schemas.vocabulary import Payload
from services.audit.reader import Archive, ArchivedEvent

SKEW: Final = timedelta(hours=1)
"""Producers stamp records by their own clocks: around an instant this much more is read, and offsets decide."""

_JUST_BEFORE: Final = timedelta(minutes=10)
_RECENT_DAYS: Final = timedelta(days=3)


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
    archive: Archive, moment: Moment, types: Collection[str], *, since: datetime | None = None
) -> Iterator[ArchivedEvent]:
    """The facts of some types that the territory's log held then, in the order of the log."""
    found = archive.events(
        topics={TopicName.FACTS},
        types=types,
        epochs={moment.epoch},
        partitions={moment.partition},
        since=since,
        until=moment.at + SKEW,
    )
    return (each for each in found if moment.holds(each))


def rules_then(archive: Archive, moment: Moment) -> RulesAdopted | None:
    """The rules that the territory had last adopted."""
    last = None
    for each in facts_then(archive, moment, {"rules.adopted"}):
        if each.event and isinstance(each.event.data, RulesAdopted):
            last = each.event.data
    return last


def day_then(archive: Archive, moment: Moment) -> date | None:
    """The day that it was for the engine: the latest that had begun."""
    for since in (moment.at - _RECENT_DAYS, None):
        days = [
            each.event.data.day
            for each in facts_then(archive, moment, {"day.started"}, since=since)
            if each.event and isinstance(each.event.data, DayStarted)
        ]
        if days:
            return max(days)
    return None


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
