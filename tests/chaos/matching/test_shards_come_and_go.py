"""Processes of matching are killed, stopped and added under load: the log says what one fold alone would say."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from passerelles.bus.address import Bus
from passerelles.bus.codec import Record, encode, place
from passerelles.bus.producer import Publisher
from schemas.envelope import Event
from schemas.vocabulary import Payload
from services.matching.shard import MatchingShard
from tests.e2e.processes import Process
from tests.integration.bus.conversation import FACTS, PROPOSALS, eventually, everything, running
from tests.unit.matching.histories import long_history

Log = Sequence[Event[Payload]]


def straight(bus: Bus, log: Log) -> dict[int, list[Record]]:
    """What a shard that never stops says, by partition."""
    shards: dict[int, MatchingShard] = {}
    offsets: dict[int, int] = {}
    words: dict[int, list[Record]] = {}
    for each in log:
        partition = place(each, bus)[1]
        shard = shards.setdefault(partition, MatchingShard(partition, bus.partitions(FACTS)))
        offset = offsets[partition] = offsets.get(partition, -1) + 1
        words.setdefault(partition, []).extend(encode(word) for word in shard.fold(each, offset))
    return {partition: said for partition, said in words.items() if said}


def told_once(records: Sequence[Record]) -> dict[bytes, Record]:
    """By id, in the order in which each was said first; whatever was said again must be the same to the byte."""
    told: dict[bytes, Record] = {}
    for record in records:
        id_ = dict(record.headers)["ce_id"] or b""
        assert told.setdefault(id_, record) == record
    return told


@pytest.mark.timeout(240)
async def test_nothing_is_missing_and_nothing_is_said_twice_as_new(
    kafka_bus: Bus, mongo_url: str, tmp_path: Path
) -> None:
    log, chance = long_history(3, 400), Random(3)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PASSERELLES_")}
    environment = inherited | {
        "PASSERELLES_BUS": f"kafka://{kafka_bus.bootstrap_servers}",
        "PASSERELLES_STORE": mongo_url,
        "PASSERELLES_DATA": str(tmp_path),
    }
    first, second, third = (Process("matching", environment, tmp_path) for _ in range(3))
    started = [first]
    try:
        first.start()
        await asyncio.to_thread(first.wait_until_ready)
        async with running(Publisher(kafka_bus)) as (publisher,):
            cuts = sorted(chance.sample(range(1, len(log)), 4))
            parts = [log[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(log)], strict=True)]
            await publisher.publish(parts[0])
            second.start()
            started.append(second)
            await publisher.publish(parts[1])
            await asyncio.to_thread(second.wait_until_ready)
            await publisher.publish(parts[2])
            first.kill()
            await publisher.publish(parts[3])
            third.start()
            started.append(third)
            await asyncio.to_thread(third.wait_until_ready)
            await publisher.publish(parts[4])
            assert await asyncio.to_thread(second.stop) == 0, second.log()
        expected = straight(kafka_bus, log)
        everything_said = [word for words in expected.values() for word in words]

        async def all_said() -> bool:
            return len(told_once(await everything(kafka_bus, PROPOSALS))) >= len(everything_said)

        await eventually(all_said, seconds=90)
        told = told_once(await everything(kafka_bus, PROPOSALS))
        in_order = iter(told.values())
        for partition in sorted(expected):
            assert [next(in_order) for _ in expected[partition]] == expected[partition], f"partition {partition}"
        assert next(in_order, None) is None
    finally:
        for process in started:
            if process._process is not None and process._process.poll() is None:
                process.kill()
