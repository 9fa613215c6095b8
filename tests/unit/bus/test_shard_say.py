"""Slices are said in order, and committed once acknowledged, while the next is made ready."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from aiokafka import TopicPartition

from passerelles.bus.consumer import PromptConsumer
from passerelles.bus.producer import Prepared, Publisher
from passerelles.bus.shard import FoldError, Held, Shard
from passerelles.bus.shard_say import Saying, Slice, Span
from passerelles.bus.shard_watch import ShardWatch
from passerelles.health import Health

PLACE = TopicPartition("registry.facts", 0)


class Bus:
    """A publisher and a consumer whose answers the test gives."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []
        self.acknowledgements: dict[str, asyncio.Future[None]] = {}
        self.commits: dict[int, asyncio.Future[None]] = {}

    async def prepare(self, events: Sequence[Any]) -> Sequence[Any]:
        self.told.append(("prepared", events[0]))
        return [events[0]]

    async def publish_prepared(self, slice_: Prepared) -> None:
        word = cast("str", slice_)
        self.told.append(("sent", word))
        await self.acknowledgements.setdefault(word, asyncio.Future())

    async def commit_handled(self, _: str, ends: Mapping[TopicPartition, int]) -> None:
        self.told.append(("committing", ends[PLACE]))
        await self.commits.setdefault(ends[PLACE], asyncio.Future())

    def assignment(self) -> set[TopicPartition]:
        return set()

    def highwater(self, _: TopicPartition) -> int:
        return 0


class Scene:
    """What says slices of one word each, numbered from 1."""

    def __init__(self) -> None:
        self.bus = Bus()
        self.held = Held(cast("Shard", None), position=0, said=0, kept_to=0, kept_at=0.0)
        check, watch = Health().check("bus.matching"), ShardWatch("matching")
        self.saying = Saying(cast("Publisher", self.bus), check, watch, group="matching", held={0: self.held})

    async def take(self, number: int) -> None:
        words = cast("list[Any]", [f"word {number}"])
        slice_ = Slice({PLACE: Span(number - 1, number, 0)}, words)
        await self.saying.take(slice_, cast("PromptConsumer", self.bus), asyncio.Event())
        await settle()

    async def acknowledge(self, number: int) -> None:
        self.bus.acknowledgements[f"word {number}"].set_result(None)
        await settle()

    async def answer_commit(self, number: int) -> None:
        self.bus.commits[number].set_result(None)
        await settle()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_slice_is_made_ready_while_the_one_before_waits_and_sent_after_it() -> None:
    scene = Scene()
    await scene.take(1)
    await scene.take(2)
    assert scene.bus.told == [("prepared", "word 1"), ("sent", "word 1"), ("prepared", "word 2")]
    assert scene.held.said == 0
    await scene.acknowledge(1)
    assert scene.held.said == 1
    assert ("sent", "word 2") in scene.bus.told  # though the commit of the first is not answered
    await scene.acknowledge(2)
    assert ("committing", 2) not in scene.bus.told
    await scene.answer_commit(1)
    assert scene.bus.told[-1] == ("committing", 2)
    await scene.answer_commit(2)
    await scene.saying.finish()
    assert scene.held.said == 2


async def test_few_are_under_way_at_one_time() -> None:
    scene = Scene()
    for number in (1, 2, 3):
        await scene.take(number)
    fourth = asyncio.create_task(scene.take(4))
    await settle()
    assert ("prepared", "word 4") not in scene.bus.told
    for number in (1, 2, 3):
        await scene.acknowledge(number)
        await scene.answer_commit(number)
    await fourth
    await scene.acknowledge(4)
    await scene.answer_commit(4)
    await scene.saying.finish()
    assert [each for each in scene.bus.told if each[0] == "sent"] == [("sent", f"word {n}") for n in (1, 2, 3, 4)]


async def test_after_one_that_has_no_place_on_the_bus_nothing_is_sent_or_committed() -> None:
    scene = Scene()
    await scene.take(1)
    await scene.take(2)
    scene.bus.acknowledgements["word 1"].set_exception(ValueError("too large"))
    with pytest.raises(FoldError, match="ValueError"):
        await scene.saying.finish()
    assert scene.bus.told == [("prepared", "word 1"), ("sent", "word 1"), ("prepared", "word 2")]
    assert scene.held.said == 0
    await scene.take(3)
    assert scene.bus.told[-1] == ("sent", "word 3")
    await scene.acknowledge(3)
    await scene.answer_commit(3)
    await scene.saying.finish()
