"""The topics on Apache Kafka: made from the contract, and checked against it before anything is sent.

aiokafka asks brokers to create the topics that it names, with the broker's own defaults (one partition, often): hence
the check, which names none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.client import AIOKafkaClient
from aiokafka.cluster import ClusterMetadata
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from passerelles.bus import mending  # noqa: F401 (mends the client)
from passerelles.bus.address import Bus
from passerelles.errors import UnavailableError
from schemas.topics import TOPICS, Topic

_REPLICAS: Final = 3
_ADMIN_TIMEOUT_MS: Final = 20_000


@dataclass(frozen=True, slots=True)
class TopicReport:
    """What was found or done about one topic.

    Attributes:
        created: it did not exist, and now does.
        differences: what is not as the contract says, in French; adding partitions would remap keys, so nothing is
            changed by itself.
    """

    name: str
    created: bool
    differences: tuple[str, ...] = ()


async def ensure_topics(bus: Bus) -> list[TopicReport]:
    """Create the topics of the contract that do not exist, and say what differs in those that do.

    On the embedded broker, topics come by themselves: nothing is done.

    Raises:
        UnavailableError: the broker does not answer, or refuses.
    """
    if bus.embedded:
        return []
    admin = AIOKafkaAdminClient(bootstrap_servers=bus.bootstrap_servers, request_timeout_ms=_ADMIN_TIMEOUT_MS)
    try:
        await admin.start()
        return await _reconcile(admin, await _metadata(bus))
    except (KafkaError, OSError) as error:
        raise UnavailableError(
            "Les topics n'ont pas pu être créés ou lus.",
            remedy="Vérifier l'adresse de Kafka et les droits d'administration.",
            cause=str(error)[:200],
        ) from error
    finally:
        await admin.close()


async def _reconcile(admin: AIOKafkaAdminClient, cluster: ClusterMetadata) -> list[TopicReport]:
    missing = [topic for topic in TOPICS.values() if topic.name not in cluster.topics()]
    created = await _create(admin, missing, min(_REPLICAS, len(cluster.brokers()))) if missing else set()
    reports = []
    for topic in TOPICS.values():
        if topic.name in created:
            reports.append(TopicReport(topic.name, created=True))
        else:
            differences = (*_layout(cluster, topic), *await _settings(admin, topic))
            reports.append(TopicReport(topic.name, created=False, differences=differences))
    return reports


async def verify_topics(bus: Bus, names: Sequence[str] = tuple(TOPICS)) -> None:
    """Return if the topics exist with the partitions of the contract.

    Raises:
        UnavailableError: some do not, or the broker does not answer.
    """
    if bus.embedded:
        return
    try:
        cluster = await _metadata(bus)
    except (KafkaError, OSError) as error:
        raise UnavailableError("Le bus ne répond pas.", remedy="Vérifier l'adresse et l'état de Kafka.") from error
    wrong = [f"{name} : {reason}" for name in names for reason in _layout(cluster, TOPICS[name])]
    if wrong:
        raise UnavailableError(
            f"Le bus n'a pas les topics du contrat ({' ; '.join(wrong)}).", remedy="Lancer « passerelles topics »."
        )


def _layout(cluster: ClusterMetadata, topic: Topic) -> tuple[str, ...]:
    found = len(cluster.partitions_for_topic(topic.name) or ())
    if found == topic.partitions:
        return ()
    return (f"{found} partitions au lieu de {topic.partitions}" if found else "absent",)


async def _metadata(bus: Bus) -> ClusterMetadata:
    client = AIOKafkaClient(bootstrap_servers=bus.bootstrap_servers)
    try:
        await client.bootstrap()
        return await client.fetch_all_metadata()
    finally:
        await client.close()


async def _create(admin: AIOKafkaAdminClient, topics: Sequence[Topic], replicas: int) -> set[str]:
    """Create topics; returns the names of those that nobody else has created meanwhile."""
    answer = await admin.create_topics(
        [NewTopic(topic.name, topic.partitions, replicas, topic_configs=topic.config) for topic in topics]
    )
    created = set()
    for name, code, *_message in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error
        if not code:
            created.add(name)
    return created


async def _settings(admin: AIOKafkaAdminClient, topic: Topic) -> list[str]:
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name)])
    found = {entry[0]: entry[1] for answer in answers for resource in answer.resources for entry in resource[4]}
    return [
        f"{name} = {found.get(name)} au lieu de {value}"
        for name, value in topic.config.items()
        if found.get(name) != value
    ]
