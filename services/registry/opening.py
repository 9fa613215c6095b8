"""What opens an epoch, page by page: rules, the day, every live fact, every decision, and then that it is open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from passerelles.reference import rulebook
from passerelles.store.port import ANY, Collection, Where
from schemas.envelope import Event
from schemas.epochs import Cut, EpochOpened, RulesAdopted
from schemas.territories import TerritoryTable, departement_of
from schemas.vocabulary import CompanyStatus, Payload, PostingStatus
from services.registry.documents import Fact
from services.registry.domain.availability import Availability
from services.registry.domain.company import Company
from services.registry.domain.need import Need
from services.registry.domain.posting import Posting
from services.registry.domain.proposal import Proposal
from services.registry.domain.reach import need_territory
from services.registry.domain.telling import decision_of, outcome_of
from services.registry.domain.verdicts import TERMINAL, ProposalStatus
from services.registry.layout import heir, laid_out
from services.registry.office import Office
from services.registry.statements import day_started, outcome_again, statement

_PAGE: Final = 500


class Opening:
    """The events of one opening.

    Args:
        number: of the epoch.
        today: the day that it begins with, whatever the clock says by the time that a page is made.
        table: the territories that it states everything to.
    """

    def __init__(self, office: Office, number: int, today: date, table: TerritoryTable) -> None:
        self._office = office
        self._number = number
        self._today = today
        self._table = table

    async def pages(self, *, anew: bool) -> AsyncIterator[list[Event[Payload]]]:
        """Every page, in order; in an empty log (`anew`), outcomes too: some may not have been read.

        Raises:
            UnavailableError: the store went away.
        """
        number = self._number
        yield [self._adopted(name) for name in self._table.names]
        yield [day_started(name, self._today, number) for name in self._table.names]
        statuses = [status.value for status in CompanyStatus if status is not CompanyStatus.LEFT]
        async for stated in _pages(self._office.companies, Where(among={"status": statuses})):
            yield self._facts(Company.model_validate(body) for body in stated)
        is_open = Where(equal={"status": PostingStatus.OPEN.value})
        async for stated in _pages(self._office.needs, is_open):
            yield self._facts(self._live(Need.model_validate(body) for body in stated))
        async for stated in _pages(self._office.availabilities, is_open):
            yield self._facts(self._live(Availability.model_validate(body) for body in stated))
        async for stated in _pages(self._office.proposals, ANY):
            proposals = [Proposal.model_validate(body) for body in stated]
            yield await self._decisions(proposals)
            if anew:
                yield [
                    outcome_again(outcome_of(each), time=_said_at(each), epoch=number)
                    for each in proposals
                    if each.version
                ]
        now = self._office.now()
        yield [
            statement(name, name, number, time=now, epoch=number, data=EpochOpened(territory=name, epoch=number))
            for name in self._table.names
        ]

    def _adopted(self, territory: str) -> Event[Payload]:
        book = rulebook.RULEBOOK
        data = RulesAdopted(
            territory=territory,
            epoch=self._number,
            rules_version=book.version,
            rules_digest=book.digest_under(self._table.cuts),
            territory_table=self._table.version,
            cuts=tuple(Cut(departement=each, slices=count) for each, count in self._table.cuts.items()),
        )
        return statement(territory, territory, self._number, time=self._office.now(), epoch=self._number, data=data)

    def _live(self, postings: Iterable[Posting]) -> Iterable[Posting]:
        return (posting for posting in postings if posting.live(self._today))

    async def _decisions(self, proposals: Sequence[Proposal]) -> list[Event[Payload]]:
        """Where pairs stand; before them what tells why open ones end: postings that are over, needs that moved away.

        Each goes to the territory of its need, which may never have spoken of the pair, and wherever else it counts.
        """
        said = [each for each in proposals if each.version or each.status is ProposalStatus.OPEN]
        going_on = [each for each in said if each.status is ProposalStatus.OPEN]
        needs = await _read(self._office.needs, Need, {each.need_id for each in said})
        staff = await _read(self._office.availabilities, Availability, {each.availability_id for each in going_on})
        asked = {each.need_id for each in going_on}
        over = [
            posting
            for posting in (*(need for need in needs.values() if need.id in asked), *staff.values())
            if not posting.live(self._today)
        ]
        shards = {each.id: self._shards(each, needs.get(each.need_id)) for each in said}
        left = {
            (name, each.need_id)
            for each in going_on
            for name in shards[each.id]
            if each.need_id in needs and name != self._home(needs[each.need_id])
        }
        return [
            *self._facts(over),
            *laid_out((self._fact(name, needs[need_id]) for name, need_id in sorted(left)), self._table),
            *(self._decision(each, name) for each in said for name in shards[each.id]),
        ]

    def _home(self, need: Need) -> str:
        return need_territory(need.commune, need.id, table=self._table)

    def _shards(self, proposal: Proposal, need: Need | None) -> list[str]:
        """The territories that have to know where a pair stands.

        Beside its need's: those whose last word proposes it, which nothing else makes them take back; and, once it is
        closed, all that ever spoke of it, to which the need may return. Cut otherwise since, their heirs.
        """
        closed = proposal.standing in TERMINAL
        spoken = [name for name, word in proposal.words.items() if closed or word.withdrawal is None]
        home = self._home(need) if need is not None else proposal.territory
        served = [name for name in (home, *spoken) if departement_of(name) in self._table.slices]
        return list(dict.fromkeys(heir(name, self._table, proposal.need_id) for name in served))

    def _facts(self, stated: Iterable[Fact]) -> list[Event[Payload]]:
        return laid_out((self._fact(name, each) for each in stated for name in each.territories), self._table)

    def _fact(self, territory: str, fact: Fact) -> Event[Payload]:
        subject = str(fact.id)
        return statement(territory, subject, fact.version, time=fact.updated_at, epoch=self._number, data=fact.fact())

    def _decision(self, proposal: Proposal, territory: str) -> Event[Payload]:
        data, subject = decision_of(proposal, territory), str(proposal.id)
        return statement(territory, subject, proposal.version, time=_said_at(proposal), epoch=self._number, data=data)


def _said_at(proposal: Proposal) -> datetime:
    decided = proposal.decisions.get(proposal.by) if proposal.by else None
    return decided.at if decided else proposal.word.said_at


async def _read(collection: Collection, kind: type[Any], ids: set[UUID]) -> dict[UUID, Any]:
    found = await collection.get_many(map(str, ids))
    return {UUID(id_): kind.model_validate(stored.body) for id_, stored in found.items()}


async def _pages(collection: Collection, where: Where) -> AsyncIterator[list[dict[str, Any]]]:
    after: tuple[None, str] | None = None
    while found := await collection.find(where, after=after, limit=_PAGE):
        yield [stored.body for stored in found]
        after = (None, str(UUID(found[-1].id)))
