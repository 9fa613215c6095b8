"""What one territory knows of needs and availabilities: the last version of each as a row, and which take part."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from struct import Struct
from typing import Final
from uuid import UUID
from zlib import crc32

import numpy as np

from schemas.decisions import DecisionRecorded
from schemas.facts import AvailabilityRecorded, NeedRecorded, Posting
from schemas.vocabulary import Mode, PostingStatus
from services.matching import forms
from services.matching.columns.buckets import OTHER
from services.matching.columns.layout import (
    ELSEWHERE,
    FACT_WIDTH,
    GONE,
    HIRE,
    LARGEST,
    LAST,
    LEFT_SHIFT,
    LOAN,
    NEED_WIDTH,
    NO_END,
    STATE,
    VERSION,
    WITHDRAWN,
    Ints,
    Links,
    Longs,
    words,
)
from services.matching.columns.postings import CERTIFICATE_DIGITS, MOST_TAGS, VALUES, Known
from services.matching.columns.taking import Desk
from services.matching.distances import distances
from services.matching.links import links_of, rome
from services.matching.named import FoundNames, Names
from services.matching.odd import Odd, Oddities
from services.matching.rows import Rows
from services.matching.rules import Rules
from services.matching.terms import Gone, gone, gravest

MODES: Final = {Mode.LOAN: LOAN, Mode.HIRE: HIRE}
_ROW: Final = Struct("=12i2q")
"""The columns of `layout` up to the identifier, and its two words."""


def digest_of(data: Posting | DecisionRecorded) -> int:
    """What tells two contents under one version apart; both are then left aside, so that 32 bits do."""
    return crc32(type(data).__pydantic_serializer__.to_json(data)) - (1 << 31)


def words_of_tag(code: str) -> tuple[int, int]:
    """The code of a skill or a certificate as two words: its length, and what its digits make."""
    if len(code) < CERTIFICATE_DIGITS:
        return len(code), int(code)
    return CERTIFICATE_DIGITS, words(UUID(int=int(code, 16)))[1]


def words_of_company(id_: bytes) -> tuple[int, int]:
    """The identifier of a company as two words."""
    return words(UUID(bytes=id_))


class Facts:
    """The facts of one territory in one epoch.

    The last version of what no longer takes part is kept: an older one that comes late must still be ignored, and a
    withdrawal says why from it.

    Attributes:
        own: the territory's name as compiled functions take it.
        occupations: numbers of buckets by code, the first of none.
        tags: numbers of skills and certificates.
        companies: numbers of companies, by the 16 bytes of their identifiers.
        former_bucket: where the last fact taken stood before it; `needs.former` and `staff.former` are its row.
    """

    def __init__(self, territory: str, rules: Rules, odd: Oddities) -> None:
        self.territory = territory
        self.own = np.frombuffer(territory.encode(), dtype=np.uint8)
        self.today: date | None = None
        self.occupations = rome().copy()
        self.tags = FoundNames(words_of_tag)
        self.companies = FoundNames(words_of_company)
        self.needs = Rows(NEED_WIDTH, len(self.occupations))
        self.staff = Rows(FACT_WIDTH, len(self.occupations))
        self.former_bucket = GONE
        self.rules = rules
        self.links: Links = links_of(rules, tuple(self.occupations.names))
        self._odd = odd
        self._fact: Ints = np.zeros((1, FACT_WIDTH), dtype=np.int32)
        self._wide = self._fact.view(np.int64)
        self._bytes = self._fact.data.cast("B")
        self._tags: Ints = np.zeros(MOST_TAGS, dtype=np.int32)
        self._values: Longs = np.zeros(VALUES, dtype=np.int64)
        self._words: Longs = np.zeros(2, dtype=np.int64)
        self._outcome: Longs = np.zeros(2, dtype=np.int64)

    def adopt(self, rules: Rules) -> None:
        """Compare by other rules from here on."""
        self.rules = rules
        self.links = links_of(rules, tuple(self.occupations.names))

    def name(self, occupations: Iterable[str], tags: Iterable[str], companies: Iterable[bytes]) -> None:
        """Know names by the numbers that restored rows have them under: in the order in which they come."""
        self.occupations = Names(occupations)
        self.tags, self.companies = FoundNames(words_of_tag, tags), FoundNames(words_of_company, companies)
        self.links = links_of(self.rules, tuple(self.occupations.names))

    def record_need(self, fact: NeedRecorded) -> bool:
        """Take a need's fact. False: it changes nothing here."""
        skills = tuple(dict.fromkeys(fact.skills))
        tags, pay = (*skills, *fact.certificates), fact.monthly_gross_max
        return self._record(self.needs, fact, tags, sixth=len(skills), modes=MODES[fact.mode], pay=pay)

    def record_staff(self, fact: AvailabilityRecorded) -> bool:
        """Take an availability's fact. False: it changes nothing here."""
        modes = 0
        for mode in fact.modes:
            modes |= MODES[mode]
        tags = tuple(dict.fromkeys((*fact.skills, *fact.certificates)))
        metres = fact.mobility_km * 1000
        return self._record(self.staff, fact, tags, sixth=metres, modes=modes, pay=fact.monthly_gross)

    def note_gaps(self, times: int) -> None:
        """Facts were taken although versions are missing between them and the ones before."""
        self._odd.note(Odd.GAP, self.territory, times)

    def start_day(self, day: date) -> bool:
        """Let a day begin. False: it is not after the current one. What it lets expire is for the caller to retire."""
        if self.today is not None and day <= self.today:
            self._odd.note(Odd.EARLIER_DAY, self.territory)
            return False
        self.today = day
        return True

    def retire_expired(self) -> None:
        """Take out what ended before today."""
        for rows in (self.needs, self.staff):
            for high, low in rows.expired(self.ordinal):
                rows.retire(high, low)

    @property
    def known(self) -> Known:
        """The numbers of names, as compiled functions take them."""
        tags, companies = self.tags, self.companies
        return Known(tags.keys, tags.slots, companies.keys, companies.slots, forms.occupations(), forms.communes())

    @property
    def desk(self) -> Desk:
        """Where compiled functions make rows of facts."""
        former = (self.needs.former, self.staff.former)
        return Desk(self._fact, self._wide, self._tags, self._values, self._words, *former, self._outcome)

    @property
    def ordinal(self) -> int:
        """Today's, 0 before the first day."""
        return self.today.toordinal() if self.today else 0

    def why_gone(self, rows: Rows, position: int) -> Gone | None:
        """Why a posting takes no part in this territory today; none when it does. What is unknown was withdrawn."""
        if position < 0 or rows.table.rows[position, VERSION] == 0:
            return Gone.WITHDRAWN
        state, last = rows.table.rows[position, STATE], rows.table.rows[position, LAST]
        return gravest(
            withdrawn=bool(state & WITHDRAWN),
            filled=bool(state >> LEFT_SHIFT == 0),
            expired=bool(last < self.ordinal),
            elsewhere=bool(state & ELSEWHERE),
        )

    def position(self, rows: Rows, id_: UUID) -> int:
        """Where the row of an identifier lies, -1 when its content is not known."""
        position = rows.find(id_)
        return position if position >= 0 and rows.table.rows[position, VERSION] else -1

    def _record(
        self, rows: Rows, fact: Posting, tags: tuple[str, ...], *, sixth: int, modes: int, pay: int | None
    ) -> bool:
        commune = distances().number.get(fact.commune)
        if commune is None:
            self._odd.note(Odd.UNKNOWN_COMMUNE, self.territory)
            return False
        takes_part = gone(fact, self.territory, self.today) is None
        state = fact.headcount_left << LEFT_SHIFT | modes
        if fact.status is not PostingStatus.OPEN:
            state |= WITHDRAWN
        if self.territory not in fact.territories:
            state |= ELSEWHERE
        _ROW.pack_into(
            self._bytes,
            0,
            int(fact.siren),
            self.companies.number(fact.company_id.bytes),
            commune,
            fact.start.toordinal(),
            NO_END if fact.end is None else fact.end.toordinal(),
            pay or 0,
            sixth if takes_part else 0,
            state,
            0,
            0,
            min(fact.version, LARGEST),
            digest_of(fact),
            *words(fact.id),
        )
        numbers = [self.tags.number(tag) for tag in tags] if takes_part else []
        bucket = self._bucket(fact.occupation) if takes_part else GONE
        was = rows.record(self._fact, self._wide, np.array(numbers, dtype=np.int32), len(numbers), bucket)
        if was >= GONE:
            self.former_bucket = was
            if 0 < rows.former[0, VERSION] < self._fact[0, VERSION] - 1:
                self.note_gaps(1)
            return True
        self._odd.note(Odd.OTHER_CONTENT if was == OTHER else Odd.OLDER_VERSION, self.territory)
        return False

    def _bucket(self, occupation: str) -> int:
        """The number of an occupation; one that is not in ROME gets a bucket of its own, and links to itself."""
        bucket = self.occupations.number(occupation)
        if bucket == len(self.links.points):
            self.needs.add_bucket()
            self.staff.add_bucket()
            self.links = links_of(self.rules, tuple(self.occupations.names))
        return bucket
