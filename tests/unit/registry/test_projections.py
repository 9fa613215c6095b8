"""Words of matching and deliveries become documents, once, whatever comes twice or late."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from passerelles.errors import NotFoundError
from passerelles.reference.alert_reasons import alert_reason
from schemas.decisions import Standing
from schemas.deliveries import AlertDecided, AlertRule, AlertVerdict, DeliveryRecorded, DeliveryState
from schemas.envelope import Event
from schemas.proposals import WithdrawalReason
from schemas.vocabulary import Payload, proposal_id
from services.registry.api.answers import of_alert
from services.registry.commands.alerts import Alerts
from services.registry.commands.deliveries import Deliveries
from services.registry.domain.caller import OPERATOR, Caller
from tests.unit.registry.world import FIGEAC, RODEZ, START, World, decision, made, need_draft, said, withdrawn


async def test_a_pair_may_be_decided_once_it_is_known(world: World) -> None:
    borrower, lender = await world.company(), await world.company(443061841)
    need, staff = await world.need(borrower), await world.staff(lender)
    with pytest.raises(NotFoundError):
        await world.accept(proposal_id(need.id, staff.id), "lender")
    assert (await world.accept(await world.pair(need, staff), "lender")).version == 1


async def test_a_batch_is_one_write_for_each_pair_and_none_when_it_says_nothing_new(world: World) -> None:
    need, staff, id_ = await world.scene()
    batch = [
        said(made(need, staff, revision=1 << 41, score=10), START),
        said(withdrawn(need, staff, WithdrawalReason.OUTRANKED, revision=(1 << 41) + 1), START),
        said(made(need, staff, revision=(1 << 41) + 2, score=30), START),
    ]
    for _ in range(3):
        await world.projections.proposals(batch)
    stored = await world.office.proposals.get(str(id_))
    assert stored is not None
    assert (stored.revision, stored.body["score"], stored.body["status"]) == (2, 30, "open")


async def test_a_write_in_between_is_not_lost(world: World) -> None:
    need, staff, id_ = await world.scene()
    get_many = world.office.proposals.get_many

    async def overtaken(ids: list[str]) -> object:
        found = await get_many(ids)
        world.office.proposals.get_many = get_many  # type: ignore[method-assign]
        await world.accept(id_, "lender")
        return found

    world.office.proposals.get_many = overtaken  # type: ignore[method-assign, assignment]
    await world.pair(need, staff, score=11)
    proposal = await world.proposal(id_)
    assert (proposal.score, proposal.standing) == (11, Standing.ACCEPTED)


async def test_what_an_earlier_epoch_left_is_passed_over(world: World) -> None:
    need, staff, id_ = await world.scene()
    world.office.epoch = 2
    word = withdrawn(need, staff, WithdrawalReason.NEED_EXPIRED, revision=(1 << 40) + 99)
    await world.projections.proposals([said(word, START, epoch=1)])
    assert (await world.proposal(id_)).status == "open"


async def decisions_told(world: World) -> list[tuple[str | None, int]]:
    await world.relay.drain()
    return [(event.territory, event.data.version) for event in world.log.of("decision.recorded")]  # type: ignore[attr-defined]


async def test_the_shard_that_a_need_moved_to_is_told_what_was_decided(world: World) -> None:
    need, staff, id_ = await world.scene()
    await world.accept(id_, "lender")
    await world.pair(need, staff, territory="12")
    assert await decisions_told(world) == [("46", 1), ("12", 1)]
    await world.pair(need, staff, territory="12")
    assert len(await decisions_told(world)) == 2


async def test_a_territory_that_a_need_comes_back_to_is_told_what_was_decided_elsewhere(world: World) -> None:
    need, staff, id_ = await world.scene()
    await world.pair(need, staff, territory="12")
    await world.withdraw_pair(need, staff, WithdrawalReason.NEED_MOVED)
    await world.decline(id_, "lender")
    assert await decisions_told(world) == [("12", 1)]
    for _ in range(2):
        await world.pair(need, staff)
    assert await decisions_told(world) == [("12", 1), ("46", 1)]


async def test_a_decision_taken_while_the_need_was_on_its_way_follows_it(world: World) -> None:
    """Its new territory may not propose the pair by itself, as it does not know that it is accepted."""
    need, staff, id_ = await world.scene()
    stored = await world.office.needs.get(str(need.id))
    assert stored is not None
    await world.office.needs.replace(stored.id, {**stored.body, "commune": RODEZ}, stored.revision)
    await world.accept(id_, "lender")
    await world.withdraw_pair(need, staff, WithdrawalReason.NEED_MOVED)
    assert await decisions_told(world) == [("46", 1), ("12", 1)]


@pytest.mark.parametrize("verdict", ["accept", "decline"])
async def test_a_territory_hears_what_was_decided_before_the_need_that_moves_to_it(world: World, verdict: str) -> None:
    need, _, id_ = await world.scene()
    await world.proposals.decide(OPERATOR, id_, decision("lender", verdict, None))
    await world.relay.drain()
    world.log.events.clear()
    for commune in (RODEZ, FIGEAC):
        await world.needs.change(OPERATOR, need.id, need_draft(need.company_id, commune=commune), None)
    await world.relay.drain()
    told = [(event.type, event.territory) for event in world.log.events]
    assert told == [
        ("decision.recorded", "12"),
        ("need.recorded", "12"),
        ("need.recorded", "46"),
        ("decision.recorded", "46"),
        ("need.recorded", "46"),
        ("need.recorded", "12"),
    ]


def delivery(
    id_: UUID, version: int, state: str, *, company: UUID, proposal: UUID, kind: str = "proposed"
) -> Event[Payload]:
    data = DeliveryRecorded.model_validate(
        {
            "id": id_,
            "version": version,
            "message_id": uuid4(),
            "proposal_id": proposal,
            "company_id": company,
            "contact_id": UUID(int=5),
            "party": "lender",
            "channel": "email",
            "kind": kind,
            "state": state,
            "at": START + timedelta(seconds=version),
            "attempts": 1,
        },
        strict=False,
    )
    return Event(
        id=uuid4(), type="delivery.recorded", schema_version=1, source="notifications", subject=str(id_),
        time=data.at, epoch=1, key=str(proposal), data=data,
    )  # fmt: skip


async def test_deliveries_stand_as_their_highest_version_says(world: World) -> None:
    id_, proposal, company = uuid4(), uuid4(), uuid4()
    events = [
        delivery(id_, version, state, company=company, proposal=proposal)
        for version, state in ((1, "reserved"), (3, "sent"), (2, "attempting"), (3, "sent"))
    ]
    await world.projections.deliveries(events)
    deliveries = Deliveries(world.office)
    (one,) = (await deliveries.list(OPERATOR, proposal=proposal)).items
    assert (one.state, one.version) == ("sent", 3)
    assert len((await deliveries.list(Caller("company", company), contact=UUID(int=5))).items) == 1
    assert (await deliveries.list(Caller("company", uuid4()))).items == []


async def test_a_message_that_told_two_kinds_of_a_pair_shows_both(world: World) -> None:
    id_, proposal, company = uuid4(), uuid4(), uuid4()
    told = [
        delivery(id_, 2, "sent", company=company, proposal=proposal, kind=kind) for kind in ("reminded", "accepted")
    ]
    await world.projections.deliveries(told)
    shown = (await Deliveries(world.office).list(OPERATOR, proposal=proposal)).items
    assert {each.kind for each in shown} == {"reminded", "accepted"}


def alert(id_: UUID, version: int, verdict: str, rule: str, *, company: UUID, proposal: UUID) -> Event[Payload]:
    data = AlertDecided.model_validate(
        {
            "id": id_,
            "version": version,
            "message_id": uuid4(),
            "proposal_id": proposal,
            "company_id": company,
            "contact_id": UUID(int=5),
            "party": "lender",
            "channel": "email",
            "kind": "declined",
            "verdict": verdict,
            "rule": rule,
            "at": START + timedelta(seconds=version),
        },
        strict=False,
    )
    return Event(
        id=uuid4(), type="alert.decided", schema_version=1, source="notifications", subject=str(id_),
        time=data.at, epoch=1, key=str(proposal), data=data,
    )  # fmt: skip


async def test_the_last_decision_about_telling_somebody_holds(world: World) -> None:
    id_, proposal, company = uuid4(), uuid4(), uuid4()
    said = ((1, "gathered", "preference"), (3, "suppressed", "nothing_to_do"), (2, "gathered", "nothing_to_do"))
    events = [alert(id_, *each, company=company, proposal=proposal) for each in said]
    await world.projections.deliveries([*events, delivery(id_, 4, "sent", company=company, proposal=proposal)])
    alerts = Alerts(world.office)
    (one,) = (await alerts.list(OPERATOR, proposal=proposal)).items
    assert (one.verdict, one.rule) == ("suppressed", "nothing_to_do")
    assert "une semaine a passé" in of_alert(one).reason
    assert len((await alerts.list(Caller("company", company), contact=UUID(int=5))).items) == 1
    assert (await alerts.list(Caller("company", uuid4()))).items == []


def test_every_decision_that_can_be_taken_has_its_sentence() -> None:
    sentences = {(verdict, rule): alert_reason(verdict, rule) for verdict in AlertVerdict for rule in AlertRule}
    assert all(sentence.endswith(".") for sentence in sentences.values())
    assert len({sentences[AlertVerdict.SUPPRESSED, rule] for rule in AlertRule}) == len(AlertRule)


async def test_an_operator_finds_what_nobody_knows_the_end_of(world: World) -> None:
    unknown, company = uuid4(), uuid4()
    await world.projections.deliveries(
        [
            delivery(uuid4(), 3, "sent", company=company, proposal=uuid4()),
            delivery(unknown, 3, "unknown", company=company, proposal=uuid4()),
        ]
    )
    found = await Deliveries(world.office).list(OPERATOR, state=DeliveryState.UNKNOWN)
    assert [each.id for each in found.items] == [unknown]
