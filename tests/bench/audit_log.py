"""A log for the bench of audit: facts of a few territories, as companies would write them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

from passerelles.reference import occupations
from passerelles.reference.rulebook import RULEBOOK
from schemas.catalogue import BY_PAYLOAD
from schemas.decisions import DecisionRecorded, Standing
from schemas.envelope import Event
from schemas.epochs import DayStarted, EpochOpened, RulesAdopted
from schemas.facts import AvailabilityRecorded, NeedRecorded
from schemas.territories import CURRENT
from schemas.vocabulary import Mode, Payload, PostingStatus, event_id, proposal_id

START = datetime(2026, 1, 5, 6, tzinfo=UTC)
OCCUPATIONS = sorted(code for code in occupations.OCCUPATIONS if code[0] in "HIN")
"""Those of industry, maintenance and logistics."""
COMMUNES = ("46102", "12052", "12089", "46042", "12202")
TERRITORIES = ("46", "12", "82", "81")
LIVE = 100
"""Postings that are live at once, on each side."""


class Writer:
    """Writes facts without end, from a seed."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = Random(seed)
        self._now = START
        self._needs: list[NeedRecorded] = []
        self._staff: list[AvailabilityRecorded] = []
        self._companies = [self._uuid() for _ in range(300)]

    def opening(self) -> Iterator[Event[Payload]]:
        """The beginning of the epoch."""
        for territory in TERRITORIES:
            yield self._event(
                RulesAdopted(
                    territory=territory,
                    epoch=1,
                    rules_version=RULEBOOK.version,
                    rules_digest=RULEBOOK.digest,
                    territory_table=CURRENT.version,
                ),
                territory,
                territory,
                1,
            )
            yield self._event(DayStarted(territory=territory, day=START.date()), territory, territory, 1)
            yield self._event(EpochOpened(territory=territory, epoch=1), territory, territory, 1)

    def facts(self) -> Iterator[Event[Payload]]:
        """What happens from then on."""
        while True:
            self._now += timedelta(seconds=self._chance.randint(1, 90))
            match self._chance.choices(("need", "staff", "decision"), (4, 5, 3))[0]:
                case "need":
                    yield from self._post_need()
                case "staff":
                    yield from self._post_staff()
                case _:
                    yield from self._decide()

    def _post_need(self) -> Iterator[Event[Payload]]:
        territory = self._chance.choice(TERRITORIES)
        fields = self._fields((territory,))
        need = NeedRecorded(**fields, mode=self._chance.choice(list(Mode)), monthly_gross_max=self._pay())
        self._needs.append(need)
        yield self._event(need, territory, str(need.id), 1)
        if len(self._needs) > LIVE:
            old = self._needs.pop(0).model_copy(update={"version": 2, "status": PostingStatus.WITHDRAWN})
            yield self._event(old, old.territories[0], str(old.id), 2)

    def _post_staff(self) -> Iterator[Event[Payload]]:
        fields = self._fields(tuple(sorted(self._chance.sample(TERRITORIES, 2))))
        staff = AvailabilityRecorded(
            **fields, modes=(Mode.LOAN, Mode.HIRE), mobility_km=self._chance.randint(20, 90), monthly_gross=self._pay()
        )
        self._staff.append(staff)
        yield from (self._event(staff, territory, str(staff.id), 1) for territory in staff.territories)
        if len(self._staff) > LIVE:
            old = self._staff.pop(0).model_copy(update={"version": 2, "status": PostingStatus.WITHDRAWN})
            yield from (self._event(old, territory, str(old.id), 2) for territory in old.territories)

    def _decide(self) -> Iterator[Event[Payload]]:
        if not self._needs or not self._staff:
            return
        need, staff = self._chance.choice(self._needs), self._chance.choice(self._staff)
        id_ = proposal_id(need.id, staff.id)
        data = DecisionRecorded(
            id=id_,
            need_id=need.id,
            availability_id=staff.id,
            borrower_id=need.company_id,
            lender_id=staff.company_id,
            territory=need.territories[0],
            version=1,
            standing=Standing.DECLINED,
        )
        yield self._event(data, need.territories[0], str(id_), 1)

    def _fields(self, territories: tuple[str, ...]) -> dict[str, object]:
        chance = self._chance
        start = self._now.date() + timedelta(days=chance.randint(1, 60))
        company = chance.randrange(len(self._companies))
        headcount = chance.randint(1, 5)
        return {
            "id": self._uuid(),
            "version": 1,
            "company_id": self._companies[company],
            "siren": f"{100_000_000 + company * 7919}",
            "status": PostingStatus.OPEN,
            "territories": territories,
            "occupation": chance.choice(OCCUPATIONS),
            "headcount": headcount,
            "headcount_left": headcount,
            "start": start,
            "end": self._end(start),
            "commune": chance.choice(COMMUNES),
            "skills": tuple(str(100_000 + number) for number in chance.sample(range(40), chance.randint(0, 4))),
        }

    def _end(self, start: date) -> date:
        return start + timedelta(days=self._chance.randint(15, 200))

    def _pay(self) -> int:
        return 50 * self._chance.randint(36, 52)

    def _uuid(self) -> UUID:
        return UUID(int=self._chance.getrandbits(128), version=4)

    def _event(self, data: Payload, territory: str, subject: str, version: int) -> Event[Payload]:
        type_ = BY_PAYLOAD[type(data)]
        return Event(
            id=event_id(subject, version, type_.name),
            type=type_.name,
            schema_version=type_.version,
            source="registry",
            subject=subject,
            time=self._now,
            epoch=1,
            key=f"{territory}:{subject}",
            data=data,
            territory=territory,
        )
