"""Makes out of rows what words are made of: the two sides of a pair, its figures, who is concerned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from schemas.vocabulary import Mode
from services.matching.columns.buckets import bucket_of
from services.matching.columns.layout import (
    COMPANY,
    HIRE,
    ID_PAIR,
    LEFT_SHIFT,
    LIMIT,
    MODES,
    PAY,
    SKILLS,
    STATE,
    TAGS,
    TAGS_AT,
    TOP,
    VERSION,
    number_of,
)
from services.matching.facts import Facts
from services.matching.places import Place
from services.matching.ranker import Pair, Ranker
from services.matching.rules import Appraisal, SharedPeriod
from services.matching.terms import NeedTerms, StaffTerms

_KEY_SHIFT: Final = 32
_METRES: Final = (1 << _KEY_SHIFT) - 1
_MODES: Final = {HIRE: Mode.HIRE}


class Scribe:
    """Reads the columns of one territory."""

    def __init__(self, facts: Facts, ranker: Ranker) -> None:
        self._facts = facts
        self._ranker = ranker
        self._companies: dict[int, UUID] = {}

    def company(self, number: int) -> UUID:
        """A company by its number in a row; the same object each time, as few companies stand in many pairs."""
        company = self._companies.get(number)
        if company is None:
            company = self._companies[number] = UUID(bytes=self._facts.companies[number])
        return company

    def need_id(self, need: int) -> UUID:
        """The identifier of the need at a place."""
        high, low = self._facts.needs.table.wide[need, ID_PAIR : ID_PAIR + 2].tolist()
        return UUID(int=number_of(high, low))

    def borrower(self, need: int) -> UUID:
        """The company of the need at a place."""
        return self.company(self._facts.needs.table.rows[need, COMPANY])

    def places(self, pairs: Sequence[Pair]) -> list[Place]:
        """Eligible pairs, ready to be said."""
        needs: dict[int, NeedTerms] = {}
        staff: dict[int, StaffTerms] = {}
        places = []
        described = self._ranker.figures(list(pairs))
        rows = self._facts.staff.table.rows[[figures[0] for figures in described]].tolist()
        for (at, key, high, low), figures, row in zip(pairs, described, rows, strict=True):
            person, skills_points, distance_points, period_points, pay_points, first, days, asked = figures
            need = needs.get(at) or needs.setdefault(at, self._need(at))
            other = staff.get(person) or staff.setdefault(person, self._person(person, row, number_of(high, low)))
            appraisal = Appraisal(
                key=((key >> _KEY_SHIFT) - TOP, key & _METRES, other.id.int),
                way=self._facts.rules.ways(need.occupation)[other.occupation],
                metres=key & _METRES,
                period=SharedPeriod(first, days, asked),
                skills_points=skills_points,
                distance_points=distance_points,
                period_points=period_points,
                pay_points=pay_points,
            )
            places.append(Place(need, other, appraisal))
        return places

    def _need(self, at: int) -> NeedTerms:
        table = self._facts.needs.table
        row = table.rows[at].tolist()
        tags = self._tags(table.tags[row[TAGS_AT] : row[TAGS_AT] + row[TAGS]].tolist())
        return NeedTerms(
            id=self.need_id(at),
            version=row[VERSION],
            company_id=self.company(row[COMPANY]),
            occupation=self._facts.occupations[bucket_of(table, at)],
            headcount_left=row[STATE] >> LEFT_SHIFT,
            mode=_MODES.get(row[STATE] & MODES, Mode.LOAN),
            skills=tags[: row[SKILLS]],
            certificates=tags[row[SKILLS] :],
            pay_maximum=row[PAY] or None,
        )

    def _person(self, at: int, row: list[int], number: int) -> StaffTerms:
        table = self._facts.staff.table
        return StaffTerms(
            id=UUID(int=number),
            version=row[VERSION],
            company_id=self.company(row[COMPANY]),
            occupation=self._facts.occupations[bucket_of(table, at)],
            headcount_left=row[STATE] >> LEFT_SHIFT,
            skills=frozenset(self._tags(table.tags[row[TAGS_AT] : row[TAGS_AT] + row[TAGS]].tolist())),
            limit_metres=row[LIMIT],
            pay=row[PAY] or None,
        )

    def _tags(self, numbers: list[int]) -> tuple[str, ...]:
        names = self._facts.tags.names
        return tuple([names[number] for number in numbers])
