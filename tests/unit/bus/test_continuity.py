"""What left the log before it was read is noticed, and what is read again is no gap."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
from structlog.testing import capture_logs

from passerelles.bus.continuity import Continuity
from passerelles.health import Check, Health


class Place(NamedTuple):
    partition: int
    offset: int
    topic: str = "matching.proposals"


class Member:
    """One that reads, and what its check and the log say of it."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self.continuity = Continuity("notifications", check)

    async def given(self, committed: Mapping[int, int | None]) -> None:
        async def asked(each: TopicPartition) -> int | None:
            return committed[each.partition]

        await self.continuity.place([TopicPartition("matching.proposals", each) for each in committed], asked)

    async def reads(self, *places: tuple[int, int]) -> list[tuple[int, str]]:
        records: list[Any] = [Place(*each) for each in places]
        with capture_logs() as logs:
            await self.continuity.follow(records)
        return [(each["partition"], each["offsets"]) for each in logs if each["event"] == "bus.records_gone"]

    @property
    def gone(self) -> object:
        return self._check.report().get("gone")


@pytest.fixture
async def member() -> Member:
    member = Member(Health().check("bus.notifications"))
    await member.given({0: None, 1: None})
    return member


async def test_offsets_that_follow_one_another_are_no_gap(member: Member) -> None:
    assert await member.reads((0, 7), (1, 0), (0, 8), (1, 1)) == []
    assert await member.reads((1, 2), (0, 9)) == []
    assert member.gone is None


async def test_a_gap_is_counted_and_said_with_its_place(member: Member) -> None:
    await member.reads((0, 7), (1, 0))
    assert await member.reads((1, 1), (0, 11), (0, 12)) == [(0, "8-10")]
    assert await member.reads((1, 3)) == [(1, "2-2")]
    assert member.gone == 4


async def test_what_is_read_again_is_no_gap(member: Member) -> None:
    await member.reads((0, 7), (0, 8))
    assert await member.reads((0, 7), (0, 8), (0, 9)) == []
    await member.given({0: 8})
    assert await member.reads((0, 8), (0, 9), (0, 10)) == []
    assert member.gone is None


async def test_what_was_committed_is_what_comes_next(member: Member) -> None:
    await member.reads((0, 7), (1, 0))
    await member.given({0: 8, 1: None})
    assert await member.reads((0, 50), (1, 50)) == [(0, "8-49")]
    assert member.gone == 42


async def test_a_broker_that_does_not_say_leaves_the_place_unknown(member: Member) -> None:
    async def away(_: TopicPartition) -> int | None:
        raise KafkaConnectionError

    await member.reads((0, 7))
    await member.continuity.place([TopicPartition("matching.proposals", 0)], away)
    assert await member.reads((0, 50), (0, 51)) == []


async def test_records_wait_for_their_place(member: Member) -> None:
    said: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    placing = asyncio.create_task(member.continuity.place([TopicPartition("matching.proposals", 0)], lambda _: said))
    await asyncio.sleep(0)
    reading = asyncio.create_task(member.reads((0, 12)))
    await asyncio.sleep(0)
    assert not reading.done()
    said.set_result(10)
    await placing
    assert await reading == [(0, "10-11")]
