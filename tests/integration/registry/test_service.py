"""The registry on a bus and a store: it opens, projects, decides, publishes, stops and starts again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from passerelles.bus.address import Bus
from passerelles.bus.producer import Publisher
from passerelles.errors import UnavailableError
from passerelles.settings import Settings
from passerelles.store.port import Store
from schemas.decisions import Standing
from schemas.territories import CURRENT
from schemas.topics import TopicName
from schemas.vocabulary import proposal_id
from services.registry.domain.availability import Availability
from services.registry.domain.caller import OPERATOR
from services.registry.domain.need import Need
from services.registry.domain.verdicts import ProposalStatus
from services.registry.office import EPOCH
from services.registry.service import RegistryService
from services.registry.sweeper import Sweeper
from tests.integration.registry.service_world import publishing, read, running, until
from tests.unit.registry.world import CAHORS, company_draft, decision, made, need_draft, said, staff_draft

Pair = tuple[Bus, Store]


async def posted(service: RegistryService) -> tuple[Need, Availability]:
    number = uuid4().int % 900_000_000 + 1
    borrower = await service.companies.add(OPERATOR, company_draft(number, status="joined"), id_=uuid4())
    draft = company_draft(number + 1, status="joined", commune=CAHORS)
    lender = await service.companies.add(OPERATOR, draft, id_=uuid4())
    need = await service.needs.publish(OPERATOR, need_draft(borrower.id), id_=uuid4())
    return need, await service.availabilities.publish(OPERATOR, staff_draft(lender.id), id_=uuid4())


async def proposed(
    service: RegistryService, matching: Publisher, need: Need, staff: Availability, revision: int = 1
) -> UUID:
    """Matching proposes the pair, and the registry has heard of it."""
    epoch, now = service.office.epoch, service.office.now()
    await matching.publish([said(made(need, staff, revision=(epoch << 40) + revision), now, epoch)])
    id_ = proposal_id(need.id, staff.id)

    async def known() -> bool:
        return await service.office.proposals.get(str(id_)) is not None

    await until(known)
    return id_


async def told(bus: Bus, topic: TopicName, *types: str) -> Sequence[Any]:
    return [event.data for event in await read(bus, topic) if event.type in types]


async def test_from_a_need_to_an_agreement_and_on_the_bus_once(pair: Pair) -> None:
    bus, store = pair
    async with running(bus, store) as service, publishing(bus) as matching:
        await until(lambda: _ready(service))
        need, staff = await posted(service)
        id_ = await proposed(service, matching, need, staff)
        await service.proposals.decide(OPERATOR, id_, decision("lender", "accept"))
        view = await service.proposals.decide(OPERATOR, id_, decision("borrower", "accept"))
        assert view.status is ProposalStatus.AGREED
    outcomes = await read(bus, TopicName.OUTCOMES)
    assert [event.type for event in outcomes] == ["proposal.accepted", "proposal.agreed"]
    facts = await told(bus, TopicName.FACTS, "decision.recorded")
    assert [fact.standing for fact in facts] == [Standing.ACCEPTED, Standing.AGREED]
    needs = await told(bus, TopicName.FACTS, "need.recorded")
    assert [(fact.version, fact.headcount_left, fact.proposal_id) for fact in needs] == [(1, 2, None), (2, 0, id_)]


async def _ready(service: RegistryService) -> bool:
    return service.health.ready


async def test_the_log_begins_with_its_epoch_in_every_territory(pair: Pair) -> None:
    bus, store = pair
    async with running(bus, store) as service:
        await posted(service)
    events = await read(bus, TopicName.FACTS)
    for name in CURRENT.names:
        types = [event.type for event in events if event.territory == name]
        assert types[:3] == ["rules.adopted", "day.started", "epoch.opened"]
    assert {event.epoch for event in events} == {1}


async def test_a_restart_keeps_a_lasting_log_s_epoch_and_opens_another_in_memory(pair: Pair) -> None:
    bus, store = pair
    async with running(bus, store) as service, publishing(bus) as matching:
        need, staff = await posted(service)
        id_ = await proposed(service, matching, need, staff)
        await service.proposals.decide(OPERATOR, id_, decision("lender", "accept"))
    with pytest.raises(UnavailableError, match="s'arrête"):
        await service.needs.withdraw(OPERATOR, need.id)
    async with running(bus, store) as service:
        assert service.office.epoch == (2 if bus.embedded else 1)
        view = await service.proposals.get(OPERATOR, id_)
        assert (view.status, view.version) == (ProposalStatus.OPEN, 1)
    second = [event for event in await read(bus, TopicName.FACTS) if event.epoch == 2]
    assert [event.type for event in second if event.territory == need.territories[0]] == (
        [
            "rules.adopted",
            "day.started",
            "company.recorded",
            "company.recorded",
            "need.recorded",
            "availability.recorded",
            "decision.recorded",
            "epoch.opened",
        ]
        if bus.embedded
        else []
    )


async def test_what_was_owed_when_the_process_died_is_published_by_the_next(pair: Pair) -> None:
    bus, store = pair
    async with running(bus, store) as service:
        await until(lambda: _consuming(service))
        service.office.nudge_relay = None  # dies before the relay hears of it
        await service._relay.stop()
        need, _ = await posted(service)
    async with running(bus, store):

        async def published() -> bool:
            return need.id in {fact.id for fact in await told(bus, TopicName.FACTS, "need.recorded")}

        await until(published)


@pytest.mark.parametrize("pair_urls", ["real"], indirect=True)
async def test_two_replicas_share_a_lasting_log(pair: Pair) -> None:
    """The embedded bus belongs to one process: there is no second replica."""
    bus, store = pair
    async with running(bus, store) as one, running(bus, store) as two, publishing(bus) as matching:
        assert one.office.epoch == two.office.epoch == 1
        need, staff = await posted(one)
        id_ = await proposed(two, matching, need, staff)
        await one.proposals.decide(OPERATOR, id_, decision("lender", "accept"))
        views = await asyncio.gather(
            *(each.proposals.decide(OPERATOR, id_, decision("borrower", "accept")) for each in (one, two))
        )
        assert {view.status for view in views} == {ProposalStatus.AGREED}
    agreed = {event.id for event in await read(bus, TopicName.OUTCOMES) if event.type == "proposal.agreed"}
    assert len(agreed) == 1


@pytest.mark.parametrize("pair_urls", ["real"], indirect=True)
async def test_replicas_that_run_go_on_in_an_epoch_that_is_asked_for(pair: Pair) -> None:
    bus, store = pair
    async with running(bus, store) as one, running(bus, store) as two:
        before, _ = await posted(one)
        stored = await one.office.singles.get(EPOCH)
        assert stored is not None
        await one.office.singles.replace(EPOCH, {**stored.body, "state": "asked"}, stored.revision)

        async def both() -> bool:
            return one.office.epoch == two.office.epoch == 2

        await until(both)
        after, _ = await posted(two)
    facts = [event for event in await read(bus, TopicName.FACTS) if event.type == "need.recorded"]
    assert {event.epoch for event in facts if event.subject == str(after.id)} == {2}
    assert {event.epoch for event in facts if event.subject == str(before.id)} == {1, 2}


async def test_a_store_that_goes_away_once_the_epoch_is_open_does_not_open_another(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus, store = pair
    sweep, away = Sweeper.sweep, [True, True]

    async def sometimes(self: Sweeper, **how: Any) -> None:
        if away:
            away.pop()
            raise UnavailableError("La base ne répond pas.")
        await sweep(self, **how)

    monkeypatch.setattr(Sweeper, "sweep", sometimes)
    async with running(bus, store) as service:
        assert service.office.epoch == 1
    assert {event.epoch for event in await read(bus, TopicName.FACTS)} == {1}


async def test_commands_wait_for_an_epoch_while_the_bus_is_away(store: Store) -> None:
    service = RegistryService(Settings(), Bus("127.0.0.1:1"), store)
    starting = asyncio.create_task(service.start())
    try:
        await until(lambda: _down(service))
        with pytest.raises(UnavailableError, match="s'ouvre"):
            await service.companies.add(OPERATOR, company_draft(), id_=uuid4())
        assert not service.health.ready
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await service.stop()


async def _consuming(service: RegistryService) -> bool:
    return service.health.check("bus.registry").reason is None


async def _down(service: RegistryService) -> bool:
    return service.health.check("epoch").reason is not None
