"""What the registry says to territories by itself, outside of any document: rules, days, and facts said again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, Protocol

import structlog

from passerelles.errors import UnavailableError
from passerelles.reference.calendar import paris_midnight
from schemas.catalogue import BY_PAYLOAD
from schemas.decisions import Outcome
from schemas.envelope import Event
from schemas.epochs import DayStarted
from schemas.vocabulary import Payload, event_id
from services.registry.documents import SOURCE
from services.registry.layout import laid_out
from services.registry.office import Office

_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0

log = structlog.get_logger(__name__)


class Publisher(Protocol):
    """What statements are published by."""

    async def publish(self, events: Sequence[Event[Payload]]) -> None:
        """Append events, and return once every one is acknowledged. Raises `UnavailableError`."""


class InEpoch:
    """A publisher of what belongs to the open epoch: what others will pass over does not count as published.

    An opening states every document as it reads it after it was announced. So what was published while the epoch still
    stood is in it, and what was published later is owed still, and comes again in the next one.
    """

    def __init__(self, publisher: Publisher, office: Office) -> None:
        self._publisher = publisher
        self._office = office

    async def publish(self, events: Sequence[Event[Payload]]) -> None:
        """Append events, and return once every one is acknowledged in an epoch that stands.

        Raises:
            UnavailableError: the bus or the store is away, or another epoch is being opened.
        """
        number = self._office.epoch
        if not number or any(event.epoch != number for event in events):
            raise _ended()
        await self._publisher.publish(laid_out(events, self._office.table))
        if not await self._office.epoch_stands(number):
            if self._office.epoch == number:
                self._office.epoch = 0
            raise _ended()


def _ended() -> UnavailableError:
    return UnavailableError("Une autre époque s'ouvre.", remedy="Attendre.")


def statement(
    territory: str, subject: str, version: int, *, time: datetime, epoch: int, data: Payload
) -> Event[Payload]:
    """An event for one territory, the same to the byte when it is said again."""
    return _event(
        subject, version, key=f"{territory}:{subject}", territory=territory, time=time, epoch=epoch, data=data
    )


def outcome_again(outcome: Outcome, *, time: datetime, epoch: int) -> Event[Payload]:
    """An outcome, said again for those whose log was lost with it."""
    subject = str(outcome.id)
    return _event(subject, outcome.version, key=subject, territory=None, time=time, epoch=epoch, data=outcome)


def _event(
    subject: str, version: int, *, key: str, territory: str | None, time: datetime, epoch: int, data: Payload
) -> Event[Payload]:
    type_ = BY_PAYLOAD[type(data)]
    return Event(
        id=event_id(subject, version, type_.name),
        type=type_.name,
        schema_version=type_.version,
        source=SOURCE,
        subject=subject,
        time=time,
        epoch=epoch,
        key=key,
        territory=territory,
        data=data,
    )


def day_started(territory: str, day: date, epoch: int) -> Event[Payload]:
    """A day began in Paris; its version is the day's number."""
    data = DayStarted(territory=territory, day=day)
    return statement(territory, territory, day.toordinal(), time=paris_midnight(day), epoch=epoch, data=data)


async def publish_patiently(publisher: Publisher, events: Sequence[Event[Payload]]) -> None:
    """Publish, and again until the bus has acknowledged all: consumers drop what comes twice by its version."""
    pause = _FIRST_PAUSE
    while True:
        try:
            return await publisher.publish(events)
        except UnavailableError as error:
            log.warning("statements.waiting", events=len(events), reason=error.detail)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
