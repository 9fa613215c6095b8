"""What left the log while its reader was away is said when the reader comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from structlog.testing import capture_logs

from passerelles.bus.address import Bus
from passerelles.bus.codec import encode
from passerelles.bus.parking import Parking
from passerelles.bus.producer import Publisher
from passerelles.bus.reactor import Reactor
from passerelles.health import Health
from passerelles.store.sqlite import SqliteStore
from schemas.envelope import Event
from schemas.vocabulary import Payload
from tests.integration.bus.conversation import FACTS, eventually, fact, partition_of, running

ROOM = 5_000_000
"""Bytes that the embedded broker keeps of a partition."""


async def outrun(bus: Bus, numbers: range) -> None:
    """Write facts until the log has lost the first of them."""
    partition = partition_of(bus, fact(0))
    async with running(Publisher(bus)) as (publisher,):
        for number in numbers:
            record = encode(fact(number))
            padded = replace(record, value=b" " * (ROOM // 10) + (record.value or b""))
            await publisher.publish_record(FACTS, partition, padded)
    if not bus.embedded:
        admin = AdminClient({"bootstrap.servers": bus.bootstrap_servers})
        for answer in admin.delete_records([TopicPartition(FACTS, partition, numbers[len(numbers) // 2])]).values():
            answer.result(20)


async def read(bus: Bus, store: SqliteStore, until: int) -> tuple[list[Event[Payload]], list[str], object]:
    """What a reader hears until a fact, what it says to be gone, and how much its check says to be."""
    heard: list[Event[Payload]] = []
    health = Health()
    reactor = Reactor(bus, Parking(store), health, group="notifications")

    async def handler(events: Sequence[Event[Payload]]) -> None:
        heard.extend(events)

    reactor.on(FACTS, handler)
    with capture_logs() as logs:
        async with running(reactor):
            await eventually(lambda: fact(until) in heard)
        gone = health.check("bus.notifications").report().get("gone")
    return heard, [each["offsets"] for each in logs if each["event"] == "bus.records_gone"], gone


async def test_what_a_reader_missed_while_it_was_away_is_said(bus: Bus, shelf: SqliteStore) -> None:
    async with running(Publisher(bus)) as (publisher,):
        await publisher.publish([fact(number) for number in range(10)])
    assert await read(bus, shelf, until=9) == ([fact(number) for number in range(10)], [], None)
    await outrun(bus, range(10, 30))
    heard, said, gone = await read(bus, shelf, until=29)
    missed = 20 - len(heard)
    assert missed > 0
    assert (said, gone) == ([f"10-{10 + missed - 1}"], missed)
