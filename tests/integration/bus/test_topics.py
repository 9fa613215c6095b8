"""Topics on Apache Kafka are those of the contract; what differs is said and left alone."""

from __future__ import annotations

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from passerelles.bus.address import Bus
from passerelles.bus.topics import TopicReport, ensure_topics, verify_topics
from passerelles.errors import UnavailableError
from schemas.topics import TOPICS
from tests.integration.bus.conversation import eventually
from tests.real import kafka


async def test_topics_are_made_once(kafka_bus: Bus) -> None:
    kafka.reset(kafka_bus.bootstrap_servers)
    with pytest.raises(UnavailableError, match="absent"):
        await verify_topics(kafka_bus)
    assert await ensure_topics(kafka_bus) == [TopicReport(name, created=True) for name in TOPICS]
    kafka.wait_for_topics(kafka_bus.bootstrap_servers)
    await verify_topics(kafka_bus)
    assert await ensure_topics(kafka_bus) == [TopicReport(name, created=False) for name in TOPICS]


async def test_a_topic_that_differs_is_told_and_refused(kafka_bus: Bus) -> None:
    kafka.reset(kafka_bus.bootstrap_servers)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bus.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic("registry.facts", 3, 1, topic_configs={"retention.ms": "1000"})])
    await admin.close()
    await eventually(lambda: _is_told(kafka_bus, "3 partitions"))
    reports = {report.name: report for report in await ensure_topics(kafka_bus)}
    assert not reports["registry.facts"].created
    assert set(reports["registry.facts"].differences) >= {
        "3 partitions au lieu de 32",
        "retention.ms = 1000 au lieu de -1",
    }
    assert [name for name, report in reports.items() if report.created] == [
        name for name in TOPICS if name != "registry.facts"
    ]
    with pytest.raises(UnavailableError, match="3 partitions au lieu de 32"):
        await verify_topics(kafka_bus)


async def _is_told(bus: Bus, words: str) -> bool:
    try:
        await verify_topics(bus)
    except UnavailableError as error:
        return words in error.detail
    return False


async def test_the_embedded_broker_makes_its_own(embedded_bus: Bus) -> None:
    assert await ensure_topics(embedded_bus) == []
    await verify_topics(embedded_bus)


async def test_a_broker_that_is_away_is_told() -> None:
    for ask in (ensure_topics, verify_topics):
        with pytest.raises(UnavailableError):
            await ask(Bus("127.0.0.1:1"))
