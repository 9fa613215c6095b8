"""The topics: who owns each, who reads it, and how records are laid out in partitions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from schemas.territories import CURRENT, TerritoryTable

UNLIMITED: Final = -1


@dataclass(frozen=True)
class Topic:
    """One topic of the contract; retention is unlimited and nothing is compacted (design, decision 3)."""

    name: str
    owner: str
    readers: tuple[str, ...]
    layout: Literal["territory", "proposal"]
    partitions: int
    embedded_partitions: int = 4
    description: str = ""

    @property
    def config(self) -> dict[str, str]:
        """The topic's settings on Apache Kafka."""
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(UNLIMITED),
            "retention.bytes": str(UNLIMITED),
            "max.message.bytes": "1048588",
        }


class TopicName(StrEnum):
    """The names of the topics, for code that names one."""

    FACTS = "registry.facts"
    PROPOSALS = "matching.proposals"
    OUTCOMES = "registry.outcomes"
    DELIVERIES = "notifications.deliveries"


TOPICS: Final[dict[str, Topic]] = {
    topic.name: topic
    for topic in (
        Topic(
            name=TopicName.FACTS,
            owner="registry",
            readers=("matching", "audit"),
            layout="territory",
            partitions=32,
            description="Facts, decisions, days and adopted rules: everything that a shard of matching folds.",
        ),
        Topic(
            name=TopicName.PROPOSALS,
            owner="matching",
            readers=("registry", "notifications", "audit"),
            layout="territory",
            partitions=32,
            description="Pairs proposed and withdrawn, in the partition of the fact that caused them.",
        ),
        Topic(
            name=TopicName.OUTCOMES,
            owner="registry",
            readers=("notifications", "audit"),
            layout="proposal",
            partitions=12,
            description="What the companies decided: accepted, declined, agreed, cancelled; and who saw a proposal.",
        ),
        Topic(
            name=TopicName.DELIVERIES,
            owner="notifications",
            readers=("registry", "audit"),
            layout="proposal",
            partitions=12,
            description="Who was to be told what, when and by which rule, and what became of each message.",
        ),
    )
}


def partition_of_territory(territory: str, partitions: int, table: TerritoryTable = CURRENT) -> int:
    """The partition of a record laid out by territory."""
    return table.partition(territory, partitions)


def partition_of_proposal(proposal_id: UUID, partitions: int) -> int:
    """The partition of a record laid out by proposal."""
    return proposal_id.int % partitions
