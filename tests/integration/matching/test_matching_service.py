"""The service on a bus: facts in, proposals out, over a restart, poison, and a log of other rules."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from passerelles.bus.address import Bus
from passerelles.bus.codec import decode, encode
from passerelles.bus.producer import Publisher
from passerelles.reference.rulebook import rulebook
from passerelles.settings import Settings
from passerelles.store.sqlite import SqliteStore
from schemas.decisions import Standing
from schemas.envelope import Event
from schemas.topics import partition_of_territory
from schemas.vocabulary import Payload, PostingStatus
from services.matching.accord import Accord
from services.matching.service import GROUP, MatchingService
from services.matching.shard import MatchingShard
from tests.integration.bus.conversation import FACTS, PROPOSALS, eventually, everything, publish_all, running
from tests.unit.matching.scenery import MONDAY, adopted, day, decision, event, need, opened, staff

BEGINNING = [event(data) for data in (adopted(), day(MONDAY))]

Words = list[tuple[str, int, int]]


@asynccontextmanager
async def serving(bus: Bus, folder: Path) -> AsyncIterator[MatchingService]:
    store = SqliteStore(folder / "store.sqlite")
    service = MatchingService(Settings(data=folder), bus, store)
    await store.open()
    try:
        async with running(service):
            yield service
    finally:
        await store.close()


async def said(bus: Bus) -> Words:
    """(made or withdrawn, need, availability), partition by partition."""
    events: list[Any] = [decode(record) for record in await everything(bus, PROPOSALS)]
    return [(each.type.split(".")[1], each.data.need_id.int, each.data.availability_id.int) for each in events]


def says(bus: Bus, expected: Words) -> Callable[[], Any]:
    async def as_expected() -> bool:
        return await said(bus) == expected

    return as_expected


def holds(bus: Bus, words: Sequence[Event[Payload]]) -> Callable[[], Any]:
    """These words and no others, to the byte; looked at again, as leaders may still move on a broker just started."""
    expected = [encode(word) for word in words]

    async def as_expected() -> bool:
        return await everything(bus, PROPOSALS) == expected

    return as_expected


def folded_alone(bus: Bus, log: Sequence[Event[Payload]]) -> list[Event[Payload]]:
    """What a fold of this log, all of one territory and alone in its partition, says by itself."""
    partition = partition_of_territory("46", bus.partitions(FACTS))
    shard = MatchingShard(partition, bus.partitions(FACTS))
    return [word for offset, each in enumerate(log) for word in shard.fold(each, offset)]


async def test_facts_in_proposals_out_both_ways_round(bus: Bus, tmp_path: Path) -> None:
    log = [
        *BEGINNING,
        event(staff(1000)),
        event(opened()),
        event(need(1)),
        event(staff(1001)),
        event(decision(1, 1000, Standing.DECLINED)),
        event(staff(1001, 2, status=PostingStatus.WITHDRAWN)),
    ]
    async with serving(bus, tmp_path), running(Publisher(bus)) as (publisher,):
        for each in log:
            await publisher.publish([each])
        await eventually(says(bus, [("made", 1, 1000), ("made", 1, 1001), ("withdrawn", 1, 1001)]))
    await eventually(holds(bus, folded_alone(bus, log)))


async def test_a_restart_says_nothing_again_and_goes_on(bus: Bus, tmp_path: Path) -> None:
    first = [*BEGINNING, event(staff(1000)), event(opened()), event(need(1))]
    second = [event(staff(1001)), event(need(1, 2, status=PostingStatus.WITHDRAWN))]
    async with serving(bus, tmp_path):
        await publish_all(bus, first)
        await eventually(says(bus, [("made", 1, 1000)]))
    await publish_all(bus, second)
    async with serving(bus, tmp_path):
        await eventually(
            says(bus, [("made", 1, 1000), ("made", 1, 1001), ("withdrawn", 1, 1000), ("withdrawn", 1, 1001)])
        )
    await eventually(holds(bus, folded_alone(bus, first + second)))


async def test_a_restart_from_a_snapshot_goes_on_to_the_byte(
    kafka_bus: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passerelles.bus.shard_snapshots.EVERY_FACTS", 1)
    first = [*BEGINNING, event(staff(1000)), event(opened()), event(need(1))]
    second = [event(staff(1001)), event(need(1, 2, status=PostingStatus.WITHDRAWN))]
    async with serving(kafka_bus, tmp_path):
        await publish_all(kafka_bus, first)
        await eventually(says(kafka_bus, [("made", 1, 1000)]))
        await eventually(lambda: list(tmp_path.glob("snapshots/matching/*.snapshot")))
    with capture_logs() as logs:
        async with serving(kafka_bus, tmp_path):
            await publish_all(kafka_bus, second)
            await eventually(holds(kafka_bus, folded_alone(kafka_bus, first + second)))
    assert "shard.snapshot_refused" not in {line["event"] for line in logs}


async def test_odd_facts_on_the_bus_are_counted_and_stop_nothing(kafka_bus: Bus, tmp_path: Path) -> None:
    log = [
        *BEGINNING,
        event(staff(1000)),
        event(opened()),
        event(need(1, 3)),  # versions 1 and 2 are missing: a fact is whole
        event(need(1, 2, headcount=5)),  # older
        event(staff(1000, skills=("5",))),  # the same version with other content
        event(need(7), territory="46"),
        event(staff(1001, territories=("12",))),  # not for this territory any more, or ever
    ]
    place = str(partition_of_territory("46", kafka_bus.partitions(FACTS)))
    misplaced = encode(event(need(9, territories=("12",)), territory="12"))
    async with serving(kafka_bus, tmp_path) as service, running(Publisher(kafka_bus)) as (publisher,):
        await publisher.publish(log)
        for _ in range(2):
            await publisher.publish_record(FACTS, int(place), misplaced)
        with capture_logs() as logs:
            await eventually(
                lambda: (
                    service.health.report()["checks"][f"bus.{GROUP}"].get("left_aside", {}).get(int(place))
                    == {"older_version": 1, "other_content": 1, "elsewhere": 2}
                )
            )
        told = [line["odd"] for line in logs if line["event"] == "matching.left_aside"]
        assert len(told) == len(set(told))
        assert service.health.ready
    await eventually(says(kafka_bus, [("made", 1, 1000), ("made", 7, 1000)]))


async def test_territories_are_folded_apart_and_members_share_them(kafka_bus: Bus, tmp_path: Path) -> None:
    # Groups of the embedded broker serve one member each.
    bus, territories = kafka_bus, ("46", "12", "19", "82", "31-2", "34")
    log: list[Event[Payload]] = []
    for place, territory in enumerate(territories, 1):
        facts = (
            adopted(territory),
            staff(1000, territories=territories),
            opened(territory),
            need(place, territories=(territory,)),
        )
        log += [event(data, territory=territory) for data in facts]
    (tmp_path / "other").mkdir()
    async with serving(bus, tmp_path) as one, serving(bus, tmp_path / "other") as other:

        def shared() -> bool:
            checks = [each.health.report()["checks"][f"bus.{GROUP}"] for each in (one, other)]
            held = [check.get("partitions") or [] for check in checks if check["up"]]
            return len(held) == 2 and all(held) and len(set(held[0] + held[1])) == bus.partitions(FACTS)

        await eventually(shared)
        await publish_all(bus, log)

        async def all_said() -> bool:
            return sorted(await said(bus)) == [("made", place, 1000) for place in range(1, 7)]

        await eventually(all_said)


async def test_health_tells_what_was_left_aside(embedded_bus: Bus, tmp_path: Path) -> None:
    place = str(partition_of_territory("46", embedded_bus.partitions(FACTS)))
    async with serving(embedded_bus, tmp_path) as service:
        await publish_all(embedded_bus, [event(staff(1000)), *BEGINNING, event(opened()), event(day(MONDAY))])
        transport = httpx.ASGITransport(app=service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://matching") as client:

            async def told() -> bool:
                answer = await client.get("/readyz")
                left_aside = answer.json()["checks"][f"bus.{GROUP}"].get("left_aside", {})
                return answer.status_code == 200 and left_aside.get(place) == {"not_adopted": 1, "earlier_day": 1}

            await eventually(told)
            assert (await client.get("/healthz")).status_code == 200


async def test_territories_that_were_told_otherwise_are_counted_and_logged_once(
    embedded_bus: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.matching.service.COMPARED_EVERY_SECONDS", 0.05)
    beginning = [event(data, territory=name) for name in ("46", "12") for data in (adopted(name), day(MONDAY, name))]
    facts = [
        event(staff(1000)),
        event(staff(1000, headcount=3), territory="12"),
        *(event(opened(name), territory=name) for name in ("46", "12")),
        event(need(1)),
        event(need(2, territories=("12",)), territory="12"),
    ]

    def disagree(service: MatchingService, number: int) -> Callable[[], bool]:
        check = service.health.check(f"bus.{GROUP}")
        return lambda: check.report().get("territories_disagree") == number

    with capture_logs() as logs:
        async with serving(embedded_bus, tmp_path) as service:
            await publish_all(embedded_bus, beginning + facts)
            await eventually(disagree(service, 1))
            mended = staff(1000, 2)
            await publish_all(embedded_bus, [event(mended, territory=name) for name in ("46", "12")])
            await eventually(disagree(service, 0))
            assert service.health.ready
    told = [line for line in logs if line["event"] == "matching.territories_disagree"]
    assert [(line["version"], line["territories"]) for line in told] == [(1, ("12", "46"))]
    assert {("made", 1, 1000), ("made", 2, 1000)} <= set(await said(embedded_bus))


async def test_a_comparison_that_fails_is_tried_again_and_stops_nothing(
    embedded_bus: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: Accord) -> None:
        message = "made up"
        raise RuntimeError(message)

    monkeypatch.setattr("services.matching.service.COMPARED_EVERY_SECONDS", 0.02)
    monkeypatch.setattr(Accord, "look", fail)

    def failures() -> int:
        return sum(line["event"] == "matching.comparison_failed" for line in logs)

    with capture_logs() as logs:
        async with serving(embedded_bus, tmp_path) as service:
            await eventually(lambda: failures() >= 2 and service.health.ready)
    assert service.health.check(f"bus.{GROUP}").reason == "arrêté"


async def test_a_log_of_rules_that_this_build_does_not_have_stops_it(embedded_bus: Bus, tmp_path: Path) -> None:
    other = replace(rulebook(1), digest="0" * 64)
    async with serving(embedded_bus, tmp_path) as service:
        await publish_all(embedded_bus, [event(adopted(book=other)), event(opened())])
        check = service.health.check(f"bus.{GROUP}")
        await eventually(lambda: "RulesMismatchError" in (check.reason or ""))
        assert not service.health.ready
    assert await said(embedded_bus) == []


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PASSERELLES_BUS", "PASSERELLES_STORE"):
        monkeypatch.delenv(name, raising=False)
