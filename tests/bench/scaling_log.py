"""The log of the scaling bench: 95 % staff that nobody asks for, 5 % needs of ten proposals each, in 16 territories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from passerelles.bus.address import Bus
from passerelles.bus.codec import encode, place
from passerelles.bus.producer import Placed
from passerelles.reference.communes import COMMUNES
from passerelles.reference.rulebook import RULEBOOK
from schemas.catalogue import BY_PAYLOAD
from schemas.envelope import Event
from schemas.epochs import DayStarted, EpochOpened, RulesAdopted
from schemas.facts import AvailabilityRecorded, NeedRecorded
from schemas.territories import CURRENT, departement_of
from schemas.vocabulary import Mode, Payload, PostingStatus, event_id

TERRITORIES: Final = CURRENT.names[:16]
"""As many in even partitions as in odd ones: two members have the same to do."""

ASKED: Final = "H2903"
"""Machining."""

UNASKED: Final = "N4101"
"""Lorry drivers, who have no way to it."""

STAFF: Final = 14
"""Whom a need finds in its territory: it keeps the best ten."""

ONE_NEED_IN: Final = 20
"""Facts."""

_NOW: Final = datetime(2026, 1, 5, 6, tzinfo=UTC)
_HOME: Final = {
    departement_of(name): max(
        (each for each in COMMUNES.values() if each.departement == departement_of(name)),
        key=lambda each: each.population,
    ).code
    for name in TERRITORIES
}


class ScalingLog:
    """Writes the log, the same each time, as records in their places."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._chance = Random(1)

    def opening(self) -> Sequence[Placed]:
        """An epoch in each territory, with the staff that needs find."""
        return [self._placed(data, name) for name in TERRITORIES for data in self._opening(name)]

    def facts(self, count: int) -> Sequence[Placed]:
        """So many facts, one in twenty a need, over the territories by turns."""
        return [self._fact(number) for number in range(count)]

    def _fact(self, number: int) -> Placed:
        name = TERRITORIES[number % len(TERRITORIES)]
        wanted = number // len(TERRITORIES) % ONE_NEED_IN == 0
        return self._placed(self._need(name) if wanted else self._staff(name, UNASKED), name)

    def _opening(self, name: str) -> Iterator[Payload]:
        yield RulesAdopted(
            territory=name,
            epoch=1,
            rules_version=RULEBOOK.version,
            rules_digest=RULEBOOK.digest,
            territory_table=CURRENT.version,
        )
        yield DayStarted(territory=name, day=_NOW.date())
        for _ in range(STAFF):
            yield self._staff(name, ASKED)
        yield EpochOpened(territory=name, epoch=1)

    def _need(self, name: str) -> NeedRecorded:
        departement = departement_of(name)
        slices = len(CURRENT.of_departement(departement))
        wanted = int(name.partition("-")[2] or 0)
        while (id_ := self._uuid()).int % slices != wanted:
            pass
        return NeedRecorded(**self._stated(id_, (name,), ASKED, departement), mode=Mode.LOAN, monthly_gross_max=2400)

    def _staff(self, name: str, occupation: str) -> AvailabilityRecorded:
        stated = self._stated(self._uuid(), (name,), occupation, departement_of(name))
        return AvailabilityRecorded(**stated, modes=(Mode.LOAN,), mobility_km=30, monthly_gross=2200)

    def _stated(self, id_: UUID, territories: tuple[str, ...], occupation: str, departement: str) -> dict[str, object]:
        start = _NOW.date() + timedelta(days=self._chance.randint(1, 60))
        company = self._chance.randrange(1000)
        return {
            "id": id_,
            "version": 1,
            "company_id": UUID(int=company + 1),
            "siren": f"{100_000_000 + company * 7919}",
            "status": PostingStatus.OPEN,
            "territories": territories,
            "occupation": occupation,
            "headcount": 1,
            "headcount_left": 1,
            "start": start,
            "end": _end(start, self._chance),
            "commune": _HOME[departement],
            "skills": tuple(str(100_000 + number) for number in self._chance.sample(range(40), 3)),
        }

    def _uuid(self) -> UUID:
        return UUID(int=self._chance.getrandbits(128), version=4)

    def _placed(self, data: Payload, territory: str) -> Placed:
        type_ = BY_PAYLOAD[type(data)]
        subject = str(getattr(data, "id", territory))
        event: Event[Payload] = Event(
            id=event_id(subject, 1, f"{type_.name}:{territory}"),
            type=type_.name,
            schema_version=type_.version,
            source="registry",
            subject=subject,
            time=_NOW,
            epoch=1,
            key=f"{territory}:{subject}",
            data=data,
            territory=territory,
        )
        return (*place(event, self._bus), encode(event))


def _end(start: date, chance: Random) -> date:
    return start + timedelta(days=chance.randint(90, 200))
