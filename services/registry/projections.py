"""What others say, as documents of the registry: matching's words about pairs, and what became of messages.

Both bear being told twice, and in any order: pairs by the revision of each territory's last word, deliveries by their
version. Whatever matching says of a pair that the registry has decided changes nothing (design, decision 12).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

from passerelles.errors import NotFoundError
from passerelles.store.port import Body, Collection, Stored, change
from schemas.deliveries import AlertDecided, DeliveryRecorded
from schemas.envelope import Event
from schemas.proposals import ProposalMade, ProposalWithdrawn, WithdrawalReason
from schemas.reachability import ContactOptedOut, ContactUnreachable
from schemas.vocabulary import Payload
from services.registry.documents import decision_owed, edited, saved, saved_proposal
from services.registry.domain.company import Company
from services.registry.domain.need import Need
from services.registry.domain.proposal import Proposal, first_heard
from services.registry.domain.reach import need_territory
from services.registry.office import Office

AT_ONCE: Final = 64
"""Writes under way: the store takes them together, where one after another each would wait for its answer."""


class Projections:
    """The handlers of the registry's consumers. Each may raise `UnavailableError`; the batch is then given again."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def proposals(self, events: Sequence[Event[Payload]]) -> None:
        """Take a batch of `proposal.made` and `proposal.withdrawn`: one write for each pair that is spoken of.

        What is left of an earlier epoch is passed over: everything that holds is said again when the next one opens.
        """
        floor = max(self._office.epoch, self._office.floor)
        said: dict[str, list[Event[Payload]]] = defaultdict(list)
        for event in events:
            if isinstance(event.data, ProposalMade | ProposalWithdrawn) and event.epoch >= floor:
                said[str(event.data.id)].append(event)
        held = await self._office.proposals.get_many(said)
        homes = await self._homes(word for words in said.values() for word in words)
        unknown = [id_ for id_ in said if id_ not in held]
        fresh = {id_: body for id_ in unknown if (body := self._after(None, said[id_], homes)) is not None}
        written = await self._office.proposals.insert_many(fresh)
        for id_ in written:
            self._announce(fresh[id_])
        # Another replica was faster with those that were not written.
        known = [id_ for id_ in said if id_ in held or (id_ in fresh and id_ not in written)]
        await _some_at_once([partial(self._hear, id_, said[id_], held.get(id_), homes) for id_ in known])

    async def _hear(
        self, id_: str, words: Sequence[Event[Payload]], stored: Stored | None, homes: Mapping[UUID, str]
    ) -> None:
        body = await change(self._office.proposals, id_, lambda body: self._after(body, words, homes), known=stored)
        if body is not None:
            self._announce(body)

    def _announce(self, body: Body) -> None:
        if body["pending"]:
            self._office.announce(Proposal.model_validate(body))

    async def deliveries(self, events: Sequence[Event[Payload]]) -> None:
        """Take deliveries and decisions, one document for each proposal and kind in them, and news of addresses."""
        deliveries: dict[str, DeliveryRecorded] = {}
        alerts: dict[str, AlertDecided] = {}
        for event in events:
            if isinstance(event.data, DeliveryRecorded):
                _take(deliveries, _key(event.data), event.data)
            elif isinstance(event.data, AlertDecided):
                _take(alerts, _key(event.data), event.data)
            elif isinstance(event.data, ContactUnreachable | ContactOptedOut):
                await self._learn_of_address(event.data)
        await _keep(self._office.deliveries, deliveries)
        await _keep(self._office.alerts, alerts)

    async def _homes(self, words: Iterable[Event[Payload]]) -> Mapping[UUID, str]:
        """Where the needs live now of which a word says that they moved."""
        moved = {
            str(word.data.need_id)
            for word in words
            if isinstance(word.data, ProposalWithdrawn) and word.data.reason is WithdrawalReason.NEED_MOVED
        }
        found = await self._office.needs.get_many(moved) if moved else {}
        needs = (Need.model_validate(stored.body) for stored in found.values())
        table = self._office.table
        return {need.id: need_territory(need.commune, need.id, table=table) for need in needs}

    def _after(self, body: Body | None, words: Sequence[Event[Payload]], homes: Mapping[UUID, str]) -> Body | None:
        """The document after these words; none when they change nothing.

        A territory that proposes the pair, or that its need moved to, is told what was decided if it does not know:
        the decision may have been taken while the need was on its way.
        """
        before = Proposal.model_validate(body) if body is not None else None
        proposal, owed = before, []
        for event in words:
            word = event.data
            if not isinstance(word, ProposalMade | ProposalWithdrawn):
                continue
            proposal = proposal.with_word(word, event.time) if proposal else first_heard(word, event.time)
            shard = word.territory if isinstance(word, ProposalMade) else homes.get(word.need_id)
            if shard is not None and proposal.unaware(shard):
                owed.append(decision_owed(proposal, self._office.now(), shard))
                proposal = proposal.with_told(shard, proposal.version)
        if proposal is None or proposal is before:
            return None
        return saved_proposal(body, proposal, owed, self._office.now())

    async def _learn_of_address(self, word: ContactUnreachable | ContactOptedOut) -> None:
        def known(company: Company) -> Company:
            contact = company.contact(word.contact_id)
            if contact is None:
                return company
            if isinstance(word, ContactOptedOut):
                return company.without_sms(word.contact_id, word.at, self._office.now())
            missed = contact.missed(word.channel, word.code, word.sent_at)
            return company if missed is contact else company.known(missed)

        try:
            company = await edited(self._office.companies, word.company_id, Company, known, saved)
        except NotFoundError:
            return
        self._office.announce(company)


Said = TypeVar("Said", DeliveryRecorded, AlertDecided)


def _key(said: DeliveryRecorded | AlertDecided) -> str:
    """One delivery speaks of several proposals, and may tell two kinds of one."""
    return f"{said.id}:{said.proposal_id}:{said.kind}"


def _take(latest: dict[str, Said], id_: str, said: Said) -> None:
    if id_ not in latest or latest[id_].version < said.version:
        latest[id_] = said


async def _keep(collection: Collection, latest: Mapping[str, DeliveryRecorded | AlertDecided]) -> None:
    """Have each stand as its highest version says; most are the first that is heard of theirs."""
    bodies = {id_: said.model_dump(mode="json") for id_, said in latest.items()}
    there = bodies.keys() - await collection.insert_many(bodies)
    held = await collection.get_many(there) if there else {}
    newer = [each for each in held.values() if each.body["version"] < latest[each.id].version]
    await _some_at_once([partial(_keep_one, collection, each, bodies[each.id]) for each in newer])


async def _keep_one(collection: Collection, stored: Stored, said: Body) -> None:
    def edit(held: Body | None) -> Body | None:
        return None if held is not None and held["version"] >= said["version"] else said

    await change(collection, stored.id, edit, known=stored)


async def _some_at_once(writes: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Writes of one batch, each of a document of its own; the first failure is raised, after those beside it ended."""
    for first in range(0, len(writes), AT_ONCE):
        results = await asyncio.gather(*(write() for write in writes[first : first + AT_ONCE]), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
