"""What a funder asks for, counted from the archive by département and branch, before anything is masked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from passerelles.errors import NotFoundError
from passerelles.reference.communes import COMMUNES
from schemas.decisions import Outcome, ProposalAgreed, Standing
from schemas.deliveries import Channel, DeliveryRecorded, DeliveryState
from schemas.facts import AvailabilityRecorded, CompanyRecorded, NeedRecorded, Posting
from schemas.proposals import ProposalMade, ProposalWithdrawn
from services.audit.reading.port import Archive, ArchivedEvent
from services.audit.story.status import standing_of

TYPES: Final = (
    "company.recorded",
    "need.recorded",
    "availability.recorded",
    "proposal.made",
    "proposal.withdrawn",
    "proposal.accepted",
    "proposal.declined",
    "proposal.agreed",
    "proposal.cancelled",
    "delivery.recorded",
)
UNKNOWN: Final = "inconnu"
"""The département or branch of what the archive cannot place."""

Group = tuple[str, str]
"""(département, branch code)."""


class EmptyPeriodError(NotFoundError):
    """Nothing happened in the period, or the archive does not cover it."""


@dataclass(frozen=True, slots=True)
class Period:
    """From an instant, included, to another, excluded; none is open."""

    since: datetime | None
    until: datetime | None

    def holds(self, instant: datetime) -> bool:
        """Whether an instant lies in it."""
        return (self.since is None or instant >= self.since) and (self.until is None or instant < self.until)


@dataclass(slots=True)
class Cell:
    """One figure of one group.

    Attributes:
        value: what is counted; `values` are the durations, where it is of durations.
        behind: how many needs, availabilities, pairs or messages it is made of.
    """

    value: int = 0
    behind: int = 0
    values: list[timedelta] = field(default_factory=list)

    def add(self, value: int = 1) -> None:
        """Count one more, which weighs `value`."""
        self.value += value
        self.behind += 1


@dataclass(slots=True)
class Figures:
    """Every figure, by its name and group, and the durations beside."""

    counts: dict[str, dict[Group, Cell]] = field(default_factory=dict)

    def cell(self, name: str, group: Group) -> Cell:
        """The cell of a figure, made when it is first named."""
        return self.counts.setdefault(name, {}).setdefault(group, Cell())

    @property
    def groups(self) -> list[Group]:
        """Those that any figure has, in order."""
        return sorted({group for cells in self.counts.values() for group in cells})


@dataclass(slots=True)
class _Known:
    """What is remembered of the log while it is read: each thing once, however often the log says it."""

    branches: dict[UUID, tuple[int, str, str]] = field(default_factory=dict)
    postings: dict[UUID, tuple[NeedRecorded | AvailabilityRecorded, datetime, datetime]] = field(default_factory=dict)
    made: dict[UUID, tuple[UUID, datetime, datetime]] = field(default_factory=dict)
    withdrawn: dict[tuple[UUID, int], tuple[UUID, datetime]] = field(default_factory=dict)
    outcomes: dict[tuple[UUID, int], tuple[Outcome, datetime, datetime]] = field(default_factory=dict)
    deliveries: dict[UUID, DeliveryRecorded] = field(default_factory=dict)


def figures(archive: Archive, period: Period) -> Figures:
    """Count what happened in a period.

    A need or an availability counts in the period of its first version, a pair in that of its first proposal, a
    decision and a message's end in their own. The whole log up to the end of the period is read: what began earlier
    must not count again when an epoch says it again.

    Raises:
        EmptyPeriodError: nothing happened in it.
        ArchiveError: the archive cannot be read.
    """
    known = _Known()
    for each in archive.events(types=TYPES, until=period.until):
        _note(known, each)
    counted = Figures()
    for count in (_postings, _pairs, _decisions, _deliveries):
        count(known, period, counted)
    if not counted.counts:
        raise EmptyPeriodError(
            "L'archive ne contient rien pour cette période.",
            remedy="Vérifier --from et --to, et que l'archive couvre cette période.",
        )
    return counted


def _note(known: _Known, each: ArchivedEvent) -> None:
    event = each.event
    match event.data if event else None:
        case CompanyRecorded() as company:
            if company.id not in known.branches or known.branches[company.id][0] <= company.version:
                known.branches[company.id] = (company.version, company.branch, _departement(company.commune))
        case NeedRecorded() | AvailabilityRecorded() as posting if event:
            if posting.id not in known.postings:
                known.postings[posting.id] = (posting, event.time, each.at)
        case ProposalMade() as made if event:
            known.made.setdefault(made.id, (made.need_id, event.time, each.at))
        case ProposalWithdrawn() as word if event:
            known.withdrawn.setdefault((word.id, word.revision), (word.need_id, event.time))
        case Outcome() as outcome if event:
            known.outcomes.setdefault((outcome.id, outcome.version), (outcome, event.time, each.at))
        case DeliveryRecorded() as delivery:
            last = known.deliveries.get(delivery.id)
            if last is None or last.version <= delivery.version:
                known.deliveries[delivery.id] = delivery
        case _:
            pass


def _departement(commune: str) -> str:
    found = COMMUNES.get(commune)
    return found.departement if found else UNKNOWN


def _branch(known: _Known, company_id: UUID) -> str:
    company = known.branches.get(company_id)
    return company[1] if company else UNKNOWN


def _group(known: _Known, posting: Posting) -> Group:
    return (_departement(posting.commune), _branch(known, posting.company_id))


def _group_of_need(known: _Known, need_id: UUID) -> Group:
    held = known.postings.get(need_id)
    return _group(known, held[0]) if held else (UNKNOWN, UNKNOWN)


def _postings(known: _Known, period: Period, counted: Figures) -> None:
    agreed = dict(_first_agreed(known))
    first_made: dict[UUID, datetime] = {}
    for need_id, _, at in known.made.values():
        first_made[need_id] = min(at, first_made.get(need_id, at))
    for posting, time, at in known.postings.values():
        if not period.holds(time):
            continue
        group = _group(known, posting)
        name = "needs" if isinstance(posting, NeedRecorded) else "availabilities"
        counted.cell(name, group).add()
        counted.cell(f"{name}.people", group).add(posting.headcount)
        if isinstance(posting, NeedRecorded):
            for label, ends in (("first_proposal", first_made), ("agreement", agreed)):
                if posting.id in ends:
                    cell = counted.cell(f"needs.{label}", group)
                    cell.add()
                    cell.values.append(max(timedelta(0), ends[posting.id] - at))


def _first_agreed(known: _Known) -> Iterator[tuple[UUID, datetime]]:
    ends: dict[UUID, datetime] = {}
    for outcome, _, at in known.outcomes.values():
        if isinstance(outcome, ProposalAgreed):
            ends[outcome.need_id] = min(at, ends.get(outcome.need_id, at))
    yield from ends.items()


def _pairs(known: _Known, period: Period, counted: Figures) -> None:
    for need_id, time, _ in known.made.values():
        if period.holds(time):
            counted.cell("proposals", _group_of_need(known, need_id)).add()
    for need_id, time in known.withdrawn.values():
        if period.holds(time):
            counted.cell("proposals.withdrawn", _group_of_need(known, need_id)).add()


def _decisions(known: _Known, period: Period, counted: Figures) -> None:
    for outcome, time, _ in known.outcomes.values():
        if not period.holds(time):
            continue
        group = _group_of_need(known, outcome.need_id)
        standing = standing_of(outcome)
        counted.cell(f"decisions.{standing.value}", group).add()
        if standing is Standing.AGREED:
            counted.cell("decisions.people", group).add(outcome.headcount or 0)


def _deliveries(known: _Known, period: Period, counted: Figures) -> None:
    ends = {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.DROPPED}
    for delivery in known.deliveries.values():
        if delivery.state not in ends or not period.holds(delivery.at):
            continue
        company = known.branches.get(delivery.company_id)
        group = (company[2], company[1]) if company else (UNKNOWN, UNKNOWN)
        channel = "email" if delivery.channel is Channel.EMAIL else "sms"
        counted.cell(f"deliveries.{channel}.{delivery.state.value}", group).add()
