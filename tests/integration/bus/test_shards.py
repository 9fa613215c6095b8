"""A shard never skips a fact and never changes its word: over restores, crashes, rebalances and poison."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from structlog.testing import capture_logs

from passerelles.bus import consumer as consuming
from passerelles.bus.address import Bus
from passerelles.bus.codec import decode, encode
from passerelles.bus.parking import Parking
from passerelles.bus.parking_limits import ParkingLimits
from passerelles.bus.poison import PoisonReason
from passerelles.bus.producer import Prepared, Publisher
from passerelles.bus.shards import ShardRunner
from passerelles.bus.snapshots import SnapshotFolder
from passerelles.errors import UnavailableError
from passerelles.health import Health
from passerelles.store.sqlite import SqliteStore
from schemas.envelope import Event
from schemas.territories import CURRENT
from schemas.vocabulary import Payload
from tests.integration.bus.conversation import (
    FACTS,
    PROPOSALS,
    CountingShard,
    counts_said,
    eventually,
    everything,
    fact,
    partition_of,
    poison,
    publish_all,
    publish_unreadable_name,
    running,
)

GROUP = "matching"


class Member:
    """A process of the group, with all that it stands on."""

    def __init__(
        self,
        bus: Bus,
        store: SqliteStore,
        shard: type[CountingShard] = CountingShard,
        snapshots: SnapshotFolder | None = None,
    ) -> None:
        self.health = Health()
        self.publisher = Publisher(bus, patience=5)
        self.parking = Parking(store)
        self.shards: list[CountingShard] = []

        def make(partition: int) -> CountingShard:
            self.shards.append(shard(partition))
            return self.shards[-1]

        self.runner = ShardRunner(
            bus,
            self.publisher,
            self.parking,
            self.health,
            topic=FACTS,
            group=GROUP,
            make_shard=make,
            snapshots=snapshots,
        )

    async def start(self) -> None:
        await self.publisher.start()
        await self.runner.start()

    async def stop(self) -> None:
        await self.runner.stop()
        await self.publisher.stop()

    def at_work(self, *partitions: int) -> bool:
        """Its shards are restored, of these partitions if some are named."""
        check = self.health.report()["checks"][f"bus.{GROUP}"]
        return bool(check["up"]) and set(partitions) <= set(check.get("partitions", ()))

    def holds(self) -> set[int]:
        """The partitions of its shards that are at work."""
        return set(self.runner._held)


async def said(bus: Bus) -> list[Any]:
    return await everything(bus, PROPOSALS)


async def test_facts_are_folded_in_order_and_committed(bus: Bus, shelf: SqliteStore) -> None:
    await publish_all(bus, [fact(number) for number in range(30)])
    async with running(Member(bus, shelf)) as (member,):
        await eventually(member.at_work)
        await member.publisher.publish([fact(number) for number in range(30, 60)])
        await eventually(lambda: sum(len(shard.folded) for shard in member.shards) == 60)
    words = await said(bus)
    assert counts_said(words) == list(range(1, 61))
    assert len(words) == 60
    first = decode(words[0])
    assert first.causation_id == fact(0).id
    assert first.time == fact(0).time


async def test_a_restart_replays_in_silence_and_goes_on(bus: Bus, shelf: SqliteStore) -> None:
    await publish_all(bus, [fact(number) for number in range(700)])
    async with running(Member(bus, shelf)) as (member,):
        await eventually(lambda: sum(len(shard.folded) for shard in member.shards) == 700)
    await publish_all(bus, [fact(number) for number in range(700, 720)])
    async with running(Member(bus, shelf)) as (member,):
        await eventually(lambda: sum(len(shard.folded) for shard in member.shards) == 20)
        shard = next(shard for shard in member.shards if shard.folded)
    assert shard.loaded == list(range(700))
    assert shard.folded == list(range(700, 720))
    words = await said(bus)
    assert len(words) == 720
    assert counts_said(words) == list(range(1, 721))


async def test_a_crash_before_the_commit_says_the_same_again_to_the_byte(
    bus: Bus, shelf: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish_all(bus, [fact(number) for number in range(10)])
    published = asyncio.Event()

    async def crash(*_: object) -> None:
        published.set()
        await asyncio.Event().wait()

    async with running(Member(bus, shelf)) as (member,):
        monkeypatch.setattr("passerelles.bus.consumer.PromptConsumer.commit_handled", crash)
        await asyncio.wait_for(published.wait(), 40)
        member.runner._folding._saying._committing.cancel()
        member.runner._running.cancel()
        await asyncio.gather(member.runner._running, return_exceptions=True)
        member.runner._running = None
    monkeypatch.undo()
    assert len(await said(bus)) == 10
    async with running(Member(bus, shelf)) as (member,):
        await eventually(lambda: sum(len(shard.folded) for shard in member.shards) == 10)
    words = await said(bus)
    assert len(words) == 20
    assert words[:10] == words[10:]


async def test_two_members_share_the_partitions_and_skip_nothing(kafka_bus: Bus, shelf: SqliteStore) -> None:
    bus, territories = kafka_bus, CURRENT.names[::3]
    numbers = iter(range(10_000))

    async def publish_some() -> None:
        for number in [next(numbers) for _ in range(10)]:
            await publisher.publish([fact(number, territory) for territory in territories])

    everyone = set(range(bus.partitions(FACTS)))
    async with running(Publisher(bus), Member(bus, shelf)) as (publisher, first):
        await eventually(lambda: first.at_work(*everyone))
        await publish_some()
        second = Member(bus, shelf)
        async with running(second):
            joining = asyncio.create_task(publish_some())
            await eventually(lambda: first.at_work() and second.at_work() and first.holds() and second.holds())
            await joining
            await publish_some()
            await eventually(lambda: sorted([*first.holds(), *second.holds()]) == sorted(everyone))
            assert second.holds() == {shard.partition for shard in second.shards}
            assert len({partition % 2 for partition in second.holds()}) == 1, "by turns, not by ranges"
        await publish_some()
        await eventually(lambda: first.at_work(*everyone) and first.holds() == everyone)
        total = next(numbers)
        await eventually(lambda: _counts(first.runner) == dict.fromkeys(territories, total))
        kept = [shard for shard in first.shards if len(shard.folded) >= total]
        assert kept, "a shard that stayed where it was was not restored again"
    words = await said(bus)
    for territory in territories:
        assert counts_said(words, territory) == list(range(1, total + 1))


def _counts(runner: ShardRunner) -> dict[str, int]:
    counts: dict[str, int] = {}
    for held in runner._held.values():
        counts |= held.shard.counts  # type: ignore[attr-defined]
    return counts


async def test_a_killed_member_leaves_its_shards_to_the_other(
    kafka_bus: Bus, shelf: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = kafka_bus
    monkeypatch.setitem(consuming.SETTINGS, "session_timeout_ms", 3000)
    monkeypatch.setitem(consuming.SETTINGS, "heartbeat_interval_ms", 500)
    everyone = set(range(bus.partitions(FACTS)))
    async with running(Publisher(bus), Member(bus, shelf)) as (publisher, first):
        second = Member(bus, shelf)
        async with running(second):
            await eventually(lambda: first.at_work() and second.at_work() and first.holds() and second.holds())
            await publisher.publish([fact(number, name) for number in range(5) for name in CURRENT.names])
            await eventually(lambda: _folded(first) + _folded(second) == 5 * len(CURRENT.names))
            await _die(second, monkeypatch)
            await publisher.publish([fact(number, name) for number in range(5, 10) for name in CURRENT.names])
            await eventually(lambda: first.at_work() and first.holds() == everyone)
            await eventually(lambda: _counts(first.runner) == dict.fromkeys(CURRENT.names, 10))
    words = await said(bus)
    for territory in CURRENT.names:
        assert counts_said(words, territory) == list(range(1, 11))


def _folded(member: Member) -> int:
    return sum(len(shard.folded) for shard in member.shards)


async def _die(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    """End without a word to the group, which finds out when the session is over."""

    async def nothing(_: object) -> None:
        return None

    with monkeypatch.context() as patched:
        patched.setattr("aiokafka.consumer.group_coordinator.GroupCoordinator._maybe_leave_group", nothing)
        member.runner._running.cancel()
        await asyncio.gather(member.runner._running, return_exceptions=True)
    member.runner._running = None


async def test_poison_of_each_kind_is_parked_with_its_bytes_and_blocks_nothing(bus: Bus, shelf: SqliteStore) -> None:
    partition = partition_of(bus, fact(0))
    async with running(Member(bus, shelf)) as (member,):
        await member.publisher.publish([fact(0)])
        for record in poison(1).values():
            await member.publisher.publish_record(FACTS, partition, record)
        await member.publisher.publish([fact(1)])
        await eventually(lambda: _folded(member) == 2)
        parked = await member.parking.list()
    assert {PoisonReason(each.reason): each.record for each in parked} == poison(1)
    assert [each.place.offset for each in sorted(parked, key=lambda each: each.place)] == list(range(1, 7))
    assert counts_said(await said(bus)) == [1, 2]
    async with running(Member(bus, shelf)) as (member,):
        await eventually(member.at_work)
        await member.publisher.publish([fact(2)])
        await eventually(lambda: _folded(member) == 1)
        assert len(await member.parking.list()) == 6
    assert counts_said(await said(bus)) == [1, 2, 3]


async def test_a_header_whose_name_is_not_text_blocks_no_shard(embedded_bus: Bus, shelf: SqliteStore) -> None:
    await publish_all(embedded_bus, [fact(0)])
    strange = await publish_unreadable_name(embedded_bus, 1)
    await publish_all(embedded_bus, [fact(2)])
    async with running(Member(embedded_bus, shelf)) as (member,):
        await eventually(lambda: _folded(member) == 2)
        assert [parked.record for parked in await member.parking.list()] == [strange]
    async with running(Member(embedded_bus, shelf)) as (member,):
        await eventually(member.at_work)
        await member.publisher.publish([fact(3)])
        await eventually(lambda: _folded(member) == 1)
    assert counts_said(await said(embedded_bus)) == [1, 2, 3]


class SlowShard(CountingShard):
    """Takes its time to load."""

    def load(self, event: Event[Payload], offset: int) -> None:
        time.sleep(0.02)
        super().load(event, offset)


async def test_a_long_restore_shows_its_progress_and_then_what_was_emitted(
    embedded_bus: Bus, shelf: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passerelles.bus.shard_restore.READ_RECORDS", 10)
    await publish_all(embedded_bus, [fact(number) for number in range(60)])
    async with running(Member(embedded_bus, shelf)) as (member,):
        await eventually(lambda: member.health.report()["checks"][f"bus.{GROUP}"]["emitted"] == 60)
    async with running(Member(embedded_bus, shelf, SlowShard)) as (member,):
        place, seen = str(partition_of(embedded_bus, fact(0))), set()

        def at_work() -> bool:
            check = member.health.report()["checks"][f"bus.{GROUP}"]
            shard = check["shards"].get(place, {})
            if shard.get("state") == "restoring":
                assert not check["up"]
                seen.add((check.get("restored"), shard["restored"]))
            return bool(check["up"])

        await eventually(at_work)
        assert any(0 < overall < 1 and 0 < shard < 1 for overall, shard in seen if overall is not None)
        check = member.health.report()["checks"][f"bus.{GROUP}"]
        assert (check["restored"], check["emitted"]) == (1.0, 0)
        await member.publisher.publish([fact(60)])
        await eventually(lambda: member.health.report()["checks"][f"bus.{GROUP}"]["emitted"] == 1)


class RefusingShard(CountingShard):
    """Cannot take the third fact."""

    def fold(self, event: Event[Payload], offset: int) -> Sequence[Event[Payload]]:
        if offset == 2:
            message = "secret payload"
            raise RuntimeError(message)
        return super().fold(event, offset)


async def test_a_shard_that_fails_stops_the_runner_before_the_fact(bus: Bus, shelf: SqliteStore) -> None:
    await publish_all(bus, [fact(number) for number in range(2)])
    async with running(Member(bus, shelf, RefusingShard)) as (member,):
        await eventually(lambda: _folded(member) == 2)
        await member.publisher.publish([fact(number) for number in range(2, 5)])
        check = member.health.check(f"bus.{GROUP}")
        await eventually(lambda: check.reason is not None and "arrêté" in check.reason)
        await asyncio.wait_for(member.runner._running, 10)
        assert not member.health.ready
        assert "secret" not in (check.reason or "")
    assert counts_said(await said(bus)) == [1, 2]
    async with running(Member(bus, shelf)) as (member,):
        await eventually(lambda: _folded(member) == 3)
    assert counts_said(await said(bus)) == [1, 2, 3, 4, 5]


async def test_too_much_poison_stops_the_runner(bus: Bus, shelf: SqliteStore) -> None:
    partition = partition_of(bus, fact(0))
    member = Member(bus, shelf)
    member.runner._folding._tally._limits = ParkingLimits(consecutive=3)
    async with running(member):
        for record in poison(0).values():
            await member.publisher.publish_record(FACTS, partition, record)
        check = member.health.check(f"bus.{GROUP}")
        await eventually(lambda: check.reason is not None and "Plus de 3" in check.reason)
        assert len(await member.parking.list()) <= 3


async def test_what_was_acknowledged_is_not_said_again_while_the_rest_waits(
    embedded_bus: Bus, shelf: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passerelles.bus.producer.SLICE_EVENTS", 10)
    await publish_all(embedded_bus, [fact(number) for number in range(35)])
    async with running(Member(embedded_bus, shelf)) as (member,):
        publish, calls = member.publisher.publish_prepared, 0

        async def at_times(slice_: Prepared) -> None:
            nonlocal calls
            calls += 1
            if calls in {3, 4}:
                message = "Le bus ne répond pas."
                raise UnavailableError(message)
            await publish(slice_)

        monkeypatch.setattr(member.publisher, "publish_prepared", at_times)
        await eventually(lambda: sum(held.said for held in member.runner._held.values()) == 35)
    words = await said(embedded_bus)
    assert len(words) == 35
    assert counts_said(words) == list(range(1, 36))


async def test_a_slice_that_the_last_record_fills_leaves_nothing_to_commit(
    embedded_bus: Bus, shelf: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passerelles.bus.shard_fold._FULL", 24)
    await publish_all(embedded_bus, [fact(number) for number in range(25)])
    with capture_logs() as logs:
        async with running(Member(embedded_bus, shelf)) as (member,):
            await eventually(lambda: _folded(member) == 25)
    seen = [line["event"] for line in logs]
    assert seen.count("shard.folded") == 1
    assert not {"bus.consumer_broke", "shard.commit_failed"} & set(seen)


async def test_gaps_in_the_offsets_are_passed_over(kafka_bus: Bus, shelf: SqliteStore) -> None:
    # A transaction's end is a record of the log that no consumer ever sees.
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bus.bootstrap_servers, transactional_id="gaps")
    await producer.start()
    try:
        for number in range(5):
            record = encode(fact(number))
            async with producer.transaction():
                await producer.send_and_wait(
                    FACTS,
                    record.value,
                    record.key,
                    partition_of(kafka_bus, fact(number)),
                    headers=list(record.headers),
                )
    finally:
        await producer.stop()
    async with running(Member(kafka_bus, shelf)) as (member,):
        await eventually(lambda: _folded(member) == 5)
    async with running(Member(kafka_bus, shelf)) as (member,):
        await eventually(member.at_work)
        assert sum(len(shard.loaded) for shard in member.shards) == 5
        await member.publisher.publish([fact(5)])
        await eventually(lambda: _folded(member) == 1)
    assert counts_said(await said(kafka_bus)) == [1, 2, 3, 4, 5, 6]
