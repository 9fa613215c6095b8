"""Apache Kafka for tests, from whichever source has one, and its contract's topics made anew between tests."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import uuid4

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from schemas.topics import TOPICS
from tests.real.service import (
    ContainerService,
    MissingServiceError,
    ProcessService,
    RealService,
    free_port,
    given,
    java,
    new_container,
    run_container,
)

VARIABLE: Final = "PASSERELLES_TEST_KAFKA"
"""`host:port` of a broker that serves only for tests: its contract topics and its groups are deleted."""

IMAGE: Final = "apache/kafka:4.1.1"
ADMIN_SECONDS: Final = 20.0

_SHARED: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # Tests don't wait for groups to gather, nor long for members that were killed.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # A broker that was killed is let back in once its former session has ended (9 s by default).
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # Topics come and go with each test: their files are small, and go soon.
    "log.index.size.max.bytes": "65536",
    "log.segment.delete.delay.ms": "1000",
}


def find(folder: Path) -> RealService:
    """A started broker, whose files go to `folder` if it is ours.

    Raises:
        MissingServiceError: no source has one; says why, source by source.
    """
    sources: tuple[Callable[[], RealService], ...] = (
        lambda: given(VARIABLE),
        _from_docker,
        lambda: _from_jars(folder),
    )
    reasons = []
    for source in sources:
        try:
            return source()
        except MissingServiceError as error:
            reasons.append(str(error))
    raise MissingServiceError(f"no Apache Kafka: {'; '.join(reasons)}")


def answers(address: str) -> bool:
    """Whether a broker is registered and tells its metadata."""
    try:
        return bool(_admin(address).list_topics(timeout=2).brokers)
    except KafkaException:
        return False


def reset(address: str) -> None:
    """Delete the contract's topics and every group, so that the next test finds an empty log."""
    admin = _admin(address)
    for group in [each.group_id for each in _result(admin.list_consumer_groups()).valid]:
        _delete_group(admin, group)
    for deleted in admin.delete_topics(list(TOPICS)).values():
        try:
            _result(deleted)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise
    # The controller knows at once, the broker that answers for metadata a little later.
    _wait_until(lambda: not any(name in TOPICS for name in admin.list_topics(timeout=ADMIN_SECONDS).topics))


def wait_for_topics(address: str) -> None:
    """Return once each partition of the contract has its leader."""
    admin = _admin(address)

    def led() -> bool:
        topics = admin.list_topics(timeout=ADMIN_SECONDS).topics
        return all(
            name in topics
            and len(topics[name].partitions) == topic.partitions
            and all(partition.leader >= 0 for partition in topics[name].partitions.values())
            for name, topic in TOPICS.items()
        )

    _wait_until(led)


def _wait_until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ADMIN_SECONDS
    while not met():
        if time.monotonic() > deadline:
            raise AssertionError("the broker's metadata do not follow")
        time.sleep(0.02)


def _delete_group(admin: AdminClient, group: str) -> None:
    deadline = time.monotonic() + ADMIN_SECONDS
    while True:
        try:
            return _result(admin.delete_consumer_groups([group])[group])
        except KafkaException as error:
            code = error.args[0].code()
            if code in {KafkaError.GROUP_ID_NOT_FOUND, KafkaError.COORDINATOR_NOT_AVAILABLE}:
                return None
            # A member that was killed stays until its session ends.
            if code != KafkaError.NON_EMPTY_GROUP or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _result(future):  # noqa: ANN001, ANN202 - confluent_kafka publishes no types
    return future.result(ADMIN_SECONDS)


def _admin(address: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": address, "log_level": 0})


def _from_docker() -> RealService:
    container, port = new_container(IMAGE), free_port()
    settings = _SHARED | {
        "listeners": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.quorum.voters": "1@localhost:9093",
    }
    for name, value in settings.items():
        container.with_env(f"KAFKA_{name.upper().replace('.', '_')}", value)
    container.with_bind_ports(9092, port)
    run_container(container)
    address = f"127.0.0.1:{port}"
    return ContainerService(container, port=port, address=address, answers=lambda: answers(address))


def _from_jars(folder: Path) -> RealService:
    run = java("kafka", "-Xmx512m", "-Xms256m", "-XX:+UseSerialGC")
    port, controller = free_port(), free_port()
    settings = _SHARED | {
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "log.dirs": str(folder / "kafka"),
    }
    properties = folder / "server.properties"
    properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    log = folder / "kafka.log"
    with log.open("ab") as output:
        subprocess.run(
            [*run, "kafka.tools.StorageTool", "format", "-t", str(uuid4()), "-c", str(properties)],
            check=True,
            stdout=output,
            stderr=output,
        )
    address = f"127.0.0.1:{port}"
    service = ProcessService(
        [*run, "kafka.Kafka", str(properties)], port=port, address=address, log=log, answers=lambda: answers(address)
    )
    service.start()
    return service
