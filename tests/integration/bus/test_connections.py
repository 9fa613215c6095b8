"""Whoever stops while connecting, at whatever moment, leaves no connection open."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError
from aiokafka.protocol.metadata import MetadataRequest

from passerelles.bus import consumer as consuming
from passerelles.bus import topics
from passerelles.bus.address import Bus
from passerelles.bus.consumer import PromptConsumer, Watch
from passerelles.bus.producer import Publisher
from passerelles.errors import UnavailableError
from passerelles.health import Health
from tests.integration.bus.conversation import FACTS, fact, publish_all


def still_open() -> list[AIOKafkaConnection]:
    return [each for each in gc.get_objects() if isinstance(each, AIOKafkaConnection) and each.connected()]


@pytest.fixture(autouse=True)
async def _none_before() -> AsyncIterator[None]:
    gc.collect()
    assert still_open() == []
    yield
    assert still_open() == []


async def consume(bus: Bus) -> None:
    watch = Watch(Health().check("c"), ended=asyncio.Event())
    consumer = PromptConsumer(
        watch=watch, bootstrap_servers=bus.bootstrap_servers, group_id=uuid4().hex, **consuming.settings(bus)
    )
    consumer.subscribe([FACTS])
    try:
        await consumer.start()
    finally:
        await consumer.stop()


async def follow(bus: Bus) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=bus.bootstrap_servers)
    try:
        await consumer.start()
        consumer.assign([TopicPartition(FACTS, 0)])
        await consumer.getmany(timeout_ms=100)
    finally:
        await consumer.stop()


async def publish(bus: Bus) -> None:
    publisher = Publisher(bus)
    try:
        await publisher.start()
        await publisher.publish([fact(0)])
    finally:
        await publisher.stop()


async def verify(bus: Bus) -> None:
    await topics._metadata(bus)


@pytest.mark.parametrize("work", [consume, follow, publish, verify])
async def test_what_is_cancelled_at_any_moment_closes_what_it_opened(
    embedded_bus: Bus, work: Callable[[Bus], Awaitable[None]]
) -> None:
    await publish_all(embedded_bus, [fact(0)])
    every = 4 if work is consume else 1  # a member's farewell takes a second
    for turns in [*range(0, 60, every), 80, 120, 160, 240]:
        working = asyncio.ensure_future(work(embedded_bus))
        for _ in range(turns):
            await asyncio.sleep(0.0005 if turns > 40 else 0)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        assert still_open() == [], turns


async def test_a_publisher_that_stops_while_it_connects_has_none_afterwards(embedded_bus: Bus) -> None:
    publisher = Publisher(embedded_bus)
    starting = asyncio.create_task(publisher.start())
    await asyncio.sleep(0)
    await publisher.stop()
    await starting
    with pytest.raises(UnavailableError):
        await publisher.publish([fact(0)])


async def test_a_closed_client_connects_no_more(embedded_bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    client = AIOKafkaClient(bootstrap_servers=embedded_bus.bootstrap_servers)
    await client.bootstrap()
    node = client.get_random_node()
    connected, go_on = asyncio.Event(), asyncio.Event()
    connect = AIOKafkaConnection.connect

    async def slowly(connection: AIOKafkaConnection) -> object:
        done = await connect(connection)
        connected.set()
        await go_on.wait()
        return done

    monkeypatch.setattr(AIOKafkaConnection, "connect", slowly)
    asking = asyncio.create_task(client.send(node, MetadataRequest([])))
    await connected.wait()
    await client.close()
    go_on.set()
    with pytest.raises((NodeNotReadyError, KafkaConnectionError)):
        await asking
    with pytest.raises(NodeNotReadyError):
        await client.send(node, MetadataRequest([]))


async def test_a_consumer_stops_while_a_fetch_waits_to_be_tried_again(
    embedded_bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish_all(embedded_bus, [fact(0)])
    consumer = AIOKafkaConsumer(bootstrap_servers=embedded_bus.bootstrap_servers)
    await consumer.start()
    consumer.assign([TopicPartition(FACTS, 0)])
    await consumer.seek_to_beginning()
    failed = asyncio.Event()

    async def fail(*_: object, **__: object) -> None:
        failed.set()
        raise KafkaConnectionError

    monkeypatch.setattr(consumer._client, "send", fail)
    monkeypatch.setattr(consumer._fetcher, "_retry_backoff", 3600)
    await failed.wait()
    await asyncio.wait_for(consumer.stop(), 10)
