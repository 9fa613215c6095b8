"""Whether the log on the bus is the one that the archive ends with: the same cluster, and the same last records."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError

from passerelles.bus.codec import Record
from passerelles.bus.consumer import PromptConsumer, record_of
from services.audit.archive.errors import OtherLogError
from services.audit.writing.writer import ArchiveWriter, Place

_FETCH_SECONDS: Final = 20.0


async def is_continued(consumer: PromptConsumer, writer: ArchiveWriter) -> bool:
    """Whether the assigned log goes on where the archive ends, or else is a new one.

    Raises:
        OtherLogError: some partitions go on and others don't, as after the loss of a part of the log.
        KafkaError: the broker does not answer.
    """
    if not writer.has_log:
        return False
    positions = {TopicPartition(*place): position for place, position in writer.positions.items()}
    if not positions:
        return True
    known = set(positions) & consumer.assignment()
    begins, ends = await consumer.beginning_offsets(list(known)), await consumer.end_offsets(list(known))
    short = {each for each in known if ends[each] < positions[each]}
    looked_at = {each: positions[each] - 1 for each in known - short if begins[each] < positions[each]}
    found = await _records_at(consumer, looked_at)
    same: set[TopicPartition] = set()
    other = short
    for each, record in found.items():
        archived = await asyncio.to_thread(writer.last_record, _place(each))
        if archived is not None:
            (same if archived == record else other).add(each)
    if same and other:
        names = ", ".join(f"{each.topic}/{each.partition}" for each in sorted(other))
        raise OtherLogError(
            f"Le journal ne prolonge l'archive que pour une partie des partitions ; pas pour {names}.",
            remedy="Une partie du journal a été perdue ou recréée : commencer une autre archive, et garder celle-ci.",
        )
    return not other


async def _records_at(consumer: PromptConsumer, offsets: Mapping[TopicPartition, int]) -> dict[TopicPartition, Record]:
    for each, offset in offsets.items():
        consumer.seek(each, offset)
    found: dict[TopicPartition, Record] = {}
    deadline = asyncio.get_running_loop().time() + _FETCH_SECONDS
    while missing := set(offsets) - set(found):
        if asyncio.get_running_loop().time() > deadline:
            raise KafkaTimeoutError
        for each, raws in (await consumer.poll(*missing, max_records=len(missing))).items():
            found[each] = record_of(raws[0])
    return found


def _place(partition: TopicPartition) -> Place:
    return partition.topic, partition.partition
