"""Random histories of the log: publish, change, withdraw, decide, agree, days passing, and the odd facts in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from schemas.decisions import DecisionRecorded, Standing
from schemas.envelope import Event
from schemas.facts import AvailabilityRecorded, NeedRecorded
from schemas.territories import CURRENT
from schemas.vocabulary import Mode, Payload, PostingStatus, proposal_id
from tests.unit.matching import scenery as made_up
from tests.unit.matching.oracle import appraise

COMMUNES = (
    made_up.FIGEAC,
    made_up.CAPDENAC,
    made_up.CAHORS,
    made_up.DECAZEVILLE,
    made_up.RODEZ,
    made_up.TOULOUSE,
)
DEPARTEMENT = dict(zip(COMMUNES, ("46", "12", "46", "12", "12", "31"), strict=True))
TERRITORIES = ("46", "12", "31-1", "31-2")
SIRENS = (made_up.BORROWER, "542065479", "383474814", made_up.LENDER)
OCCUPATIONS = (made_up.MACHINING, made_up.MACHINING, made_up.ASSEMBLY, made_up.TUNING, made_up.FOOD)
SKILLS = ("100007", "100008", "100009")
CERTIFICATES = ("0123456789abcdef", "fedcba9876543210")
NEEDS = tuple(range(1, 7))
PEOPLE = tuple(range(1001, 1031))


class Chronicle:
    """Writes a log as a registry would, with its accidents; the details of each step come from `chance`."""

    def __init__(self) -> None:
        self.chance = Random(0)
        self._needs: dict[int, NeedRecorded] = {}
        self._people: dict[int, AvailabilityRecorded] = {}
        self._decisions: dict[tuple[int, int], int] = {}
        self._today = made_up.MONDAY
        self.log: list[Event[Payload]] = []

    def write(self, data: Payload, territories: tuple[str, ...] | frozenset[str], epoch: int = 1) -> None:
        for territory in sorted(territories):
            if territory in TERRITORIES:
                self.log.append(made_up.event(data, territory=territory, epoch=epoch, place=len(self.log)))

    def _common(self, last: NeedRecorded | AvailabilityRecorded | None) -> dict[str, Any]:
        """Fields of a new fact, or what a change leaves and what it changes."""
        chance = self.chance
        start = self._today + timedelta(days=chance.randint(-8, 12))
        headcount = chance.randint(1, 4)
        fields = {
            "occupation": chance.choice(OCCUPATIONS),
            "headcount": headcount,
            "headcount_left": headcount,
            "start": start,
            "end": start + timedelta(days=chance.randint(2, 60)) if chance.random() < 0.7 else None,
            "commune": chance.choices(COMMUNES, (6, 6, 2, 1, 1, 1))[0],
            "skills": tuple(chance.choices(SKILLS, k=chance.randint(0, 3))),
            "certificates": chance.choice(((), (), CERTIFICATES[:1], CERTIFICATES)),
        }
        if last is not None:
            fields = {name: getattr(last, name) if chance.random() < 0.6 else new for name, new in fields.items()}
            fields["headcount_left"] = min(fields["headcount"], last.headcount_left or fields["headcount"])
            if fields["end"] is not None:
                fields["end"] = max(fields["start"], fields["end"])
            fields["status"] = PostingStatus.WITHDRAWN if chance.random() < 0.08 else PostingStatus.OPEN
            if chance.random() < 0.1:
                fields["headcount_left"] = chance.randint(0, fields["headcount"])
        return fields

    def record_need(self) -> None:
        chance = self.chance
        id_ = chance.choice(NEEDS)
        last = self._needs.get(id_)
        fields = self._common(last)
        territory = CURRENT.of_need(DEPARTEMENT[fields["commune"]], made_up.number(id_))
        fact = made_up.need(
            id_,
            self._next_version(last),
            **fields,
            siren=SIRENS[id_ % 3],
            territories=(territory,),
            mode=chance.choice(tuple(Mode)),
            monthly_gross_max=chance.choice((None, 1800, 2000, 2150)),
        )
        self._needs[id_] = fact
        self.write(fact, {territory, *(last.territories if last else ())})

    def record_staff(self) -> None:
        chance = self.chance
        id_ = chance.choice(PEOPLE)
        last = self._people.get(id_)
        territories = TERRITORIES
        if last is not None and chance.random() < 0.3:
            territories = tuple(sorted(chance.sample(TERRITORIES, chance.randint(1, 4))))
        fields = self._common(last) | {"certificates": chance.choice(((), CERTIFICATES, CERTIFICATES))}
        fact = made_up.staff(
            id_,
            self._next_version(last),
            **fields,
            siren=SIRENS[id_ % 4],
            territories=territories,
            modes=chance.choice(((Mode.LOAN,), (Mode.LOAN, Mode.HIRE), (Mode.HIRE, Mode.LOAN))),
            mobility_km=chance.choice((12, 40, 90, 200, 200)),
            monthly_gross=chance.choice((None, 1700, 2000, 2250, 2600)),
        )
        self._people[id_] = fact
        self.write(fact, {*territories, *(last.territories if last else ())})

    def arrive_together(self) -> None:
        for _ in range(self.chance.randint(3, 9)):
            self.record_staff()

    def decide(self) -> None:
        need_id, person_id = self._some_pair()
        standing = self.chance.choice((*Standing, Standing.ACCEPTED, Standing.ACCEPTED))
        self._record_decision(need_id, person_id, standing)

    def agree(self) -> None:
        """Both facts and the decision of an agreement, in whichever order their documents' outboxes leave."""
        need_id, person_id = self._some_pair()
        wanted, person = self._needs.get(need_id), self._people.get(person_id)
        if wanted is None or person is None:
            return
        people = min(wanted.headcount_left, person.headcount_left)
        by = {"proposal_id": proposal_id(wanted.id, person.id)}
        news = {"headcount_left": wanted.headcount_left - people, "version": wanted.version + 1} | by
        wanted = self._needs[need_id] = wanted.model_copy(update=news)
        news = {"headcount_left": person.headcount_left - people, "version": person.version + 1} | by
        person = self._people[person_id] = person.model_copy(update=news)
        for what in self.chance.sample(("need", "person", "decision"), 3):
            if what == "need":
                self.write(wanted, wanted.territories)
            elif what == "person":
                self.write(person, person.territories)
            else:
                self._record_decision(need_id, person_id, Standing.AGREED)

    def pass_days(self) -> None:
        days = self.chance.randint(-1, 6)
        today = self._today + timedelta(days=days)
        self._today = max(self._today, today)
        for territory in TERRITORIES:
            self.write(made_up.day(today, territory), (territory,))

    def stutter(self) -> None:
        """An event comes again: the very same, or an old version, or its content changed under the same version."""
        if not self.log:
            return
        again = self.chance.choice(self.log[-12:])
        data = again.data
        if isinstance(data, NeedRecorded | AvailabilityRecorded) and self.chance.random() < 0.5:
            data = data.model_copy(update={"headcount": 5, "skills": (SKILLS[0],)})
        self.write(data, (again.territory or "",))

    def _some_pair(self) -> tuple[int, int]:
        """Any pair now and then; mostly one that can work, as that is what companies decide on."""
        pairs = [(need_id, person_id) for need_id in self._needs for person_id in self._people]
        likely = [pair for pair in pairs if appraise(self._needs[pair[0]], self._people[pair[1]])]
        if likely and self.chance.random() < 0.8:
            return self.chance.choice(likely)
        return self.chance.choice(NEEDS), self.chance.choice(PEOPLE)

    def _record_decision(self, need_id: int, person_id: int, standing: Standing) -> None:
        wanted = self._needs.get(need_id)
        version = self._decisions[need_id, person_id] = self._decisions.get((need_id, person_id), -1) + 1
        territory = wanted.territories[0] if wanted else "46"
        word: DecisionRecorded = made_up.decision(need_id, person_id, standing, version, territory=territory)
        self.write(word, (territory,))

    def _next_version(self, last: NeedRecorded | AvailabilityRecorded | None) -> int:
        return 1 if last is None else last.version + self.chance.choice((1, 1, 1, 3))


STEPS = (
    Chronicle.record_need,
    Chronicle.record_need,
    Chronicle.record_staff,
    Chronicle.record_staff,
    Chronicle.record_staff,
    Chronicle.arrive_together,
    Chronicle.decide,
    Chronicle.decide,
    Chronicle.agree,
    Chronicle.pass_days,
    Chronicle.stutter,
)


def _log(steps: list[tuple[Callable[[Chronicle], None], int]], opening: int) -> list[Event[Payload]]:
    chronicle = Chronicle()
    for territory in TERRITORIES:
        chronicle.write(made_up.adopted(territory), (territory,))
    for position, (step, seed) in enumerate(steps):
        if position == min(opening, len(steps) - 1):
            for territory in TERRITORIES:
                chronicle.write(made_up.opened(territory), (territory,))
        # One number a step rather than one a detail: histories are drawn fast, and still shrink step by step.
        chronicle.chance = Random(seed)
        step(chronicle)
    return chronicle.log


def histories(*, most: int = 80) -> st.SearchStrategy[list[Event[Payload]]]:
    """A log of several territories: rules, some loaded facts, the opening, and live facts."""
    steps = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 1 << 24)), min_size=10, max_size=most)
    return st.builds(_log, steps, st.integers(0, most // 3))


def long_history(seed: int, steps: int) -> list[Event[Payload]]:
    """A log long enough that needs are full, people come and go, and the same pairs are met again and again."""
    chance = Random(seed)
    return _log([(chance.choice(STEPS), chance.getrandbits(24)) for _ in range(steps)], chance.randint(0, steps // 8))


def pair_of(data: Any) -> tuple[UUID, UUID]:
    return data.need_id, data.availability_id
