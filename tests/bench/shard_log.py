"""The facts of one shard for its benches: staff that nobody needs, and needs that ten people each could fill."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from passerelles.reference.communes import COMMUNES
from passerelles.reference.occupations import OCCUPATIONS, links_to
from passerelles.reference.rulebook import RULEBOOK
from schemas.catalogue import BY_PAYLOAD
from schemas.envelope import Event
from schemas.epochs import DayStarted, EpochOpened, RulesAdopted
from schemas.facts import AvailabilityRecorded, NeedRecorded
from schemas.territories import CURRENT
from schemas.vocabulary import Mode, Payload, PostingStatus, event_id

TERRITORY: Final = "46"
TODAY: Final = date(2026, 1, 5)
_NOW: Final = datetime(2026, 1, 5, 6, tzinfo=UTC)
INDUSTRY: Final = tuple(sorted(code for code in OCCUPATIONS if code[0] in "AHIN"))
WANTED: Final = "H2903"
"""The occupation of every need of the mix; `UNWANTED` are those that no need of it can use."""
UNWANTED: Final = tuple(code for code in INDUSTRY if code not in links_to(WANTED))


class Author:
    """Writes facts of a territory, from a seed."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = Random(seed)
        around = [each for each in COMMUNES.values() if each.departement in {"46", "12"}]
        self._communes = [each.code for each in around]
        self._weights = [each.population + 1 for each in around]
        self._companies = [self._uuid() for _ in range(500)]
        self._count = 0

    def opening(self) -> Iterator[Event[Payload]]:
        """The beginning of an epoch without facts."""
        rules = RulesAdopted(
            territory=TERRITORY,
            epoch=1,
            rules_version=RULEBOOK.version,
            rules_digest=RULEBOOK.digest,
            territory_table=CURRENT.version,
        )
        for data in (rules, DayStarted(territory=TERRITORY, day=TODAY), EpochOpened(territory=TERRITORY, epoch=1)):
            yield self._event(data, TERRITORY, 1)

    def staff(self, count: int, occupations: tuple[str, ...] = UNWANTED) -> Iterator[Event[Payload]]:
        """People of these occupations, on both sides of the territory's border."""
        for _ in range(count):
            data = AvailabilityRecorded(
                **self._posting(),
                territories=("12", "46"),
                occupation=self._chance.choice(occupations),
                modes=(Mode.LOAN, Mode.HIRE),
                mobility_km=self._chance.randint(20, 90),
                monthly_gross=50 * self._chance.randint(36, 52),
            )
            yield self._event(data, str(data.id), 1)

    def need(self, occupations: tuple[str, ...] = (WANTED,)) -> Event[Payload]:
        """A need of people of one of these occupations."""
        data = NeedRecorded(
            **self._posting(),
            territories=(TERRITORY,),
            occupation=self._chance.choice(occupations),
            mode=Mode.LOAN,
            monthly_gross_max=50 * self._chance.randint(36, 52),
        )
        return self._event(data, str(data.id), 1)

    def mix(self, count: int) -> Iterator[Event[Payload]]:
        """Needs for one fact in twenty, staff that nobody needs for the others."""
        others = self.staff(count)
        for number in range(count):
            yield self.need() if number % 20 == 0 else next(others)

    def _posting(self) -> dict[str, Any]:
        chance = self._chance
        start = TODAY + timedelta(days=chance.randint(1, 60))
        company = chance.randrange(len(self._companies))
        return {
            "id": self._uuid(),
            "version": 1,
            "company_id": self._companies[company],
            "siren": f"{100_000_000 + company * 7919}",
            "status": PostingStatus.OPEN,
            "headcount": 1,
            "headcount_left": 1,
            "start": start,
            "end": start + timedelta(days=chance.randint(15, 200)),
            "commune": chance.choices(self._communes, self._weights)[0],
            "skills": tuple(str(100_000 + number) for number in chance.sample(range(40), chance.randint(0, 4))),
        }

    def _uuid(self) -> UUID:
        return UUID(int=self._chance.getrandbits(128), version=4)

    def _event(self, data: Payload, subject: str, version: int) -> Event[Payload]:
        type_ = BY_PAYLOAD[type(data)]
        self._count += 1
        return Event(
            id=event_id(subject, version, type_.name),
            type=type_.name,
            schema_version=type_.version,
            source="registry",
            subject=subject,
            time=_NOW + timedelta(milliseconds=self._count),
            epoch=1,
            key=f"{TERRITORY}:{subject}",
            data=data,
            territory=TERRITORY,
        )
