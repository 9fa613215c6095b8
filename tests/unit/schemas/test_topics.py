"""The topics: one place for each record, retention without limit, and every type on a topic that exists."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import BY_PAYLOAD, CATALOGUE
from schemas.territories import CURRENT
from schemas.topics import TOPICS, TopicName, partition_of_proposal, partition_of_territory


def test_each_name_has_its_topic() -> None:
    assert set(TOPICS) == set(TopicName)
    assert {type_.topic for type_ in CATALOGUE.values()} == set(TopicName)


def test_nothing_expires_and_nothing_is_compacted() -> None:
    for topic in TOPICS.values():
        assert topic.config["cleanup.policy"] == "delete"
        assert topic.config["retention.ms"] == topic.config["retention.bytes"] == "-1"


def test_facts_and_proposals_lie_side_by_side() -> None:
    facts, proposals = TOPICS[TopicName.FACTS], TOPICS[TopicName.PROPOSALS]
    assert (facts.layout, facts.partitions) == (proposals.layout, proposals.partitions) == ("territory", 32)
    assert facts.embedded_partitions == proposals.embedded_partitions == 4


def test_no_two_territories_share_a_partition_on_kafka() -> None:
    partitions = TOPICS[TopicName.FACTS].partitions
    assert len({partition_of_territory(name, partitions) for name in CURRENT.names}) == len(CURRENT.names)


@given(st.uuids(), st.integers(1, 64))
def test_a_proposal_has_one_partition(proposal_id: UUID, partitions: int) -> None:
    assert 0 <= partition_of_proposal(proposal_id, partitions) < partitions


def test_a_payload_belongs_to_one_type() -> None:
    assert len(BY_PAYLOAD) == len(CATALOGUE)
    assert CATALOGUE["need.recorded"].ce_type == "fr.passerelles.need.recorded"
    assert CATALOGUE["need.recorded"].dataschema(3) == "urn:passerelles:schema:need.recorded:3"
