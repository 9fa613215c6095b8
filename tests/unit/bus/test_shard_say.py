"""Slices are said in order, and committed once acknowledged, while the next is made ready."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from structlog.testing import capture_logs

from passerelles.bus.consumer import PromptConsumer
from passerelles.bus.patience import LeftError
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

    def of(self, what: str) -> list[Any]:
        """What was told of one kind."""
        return [each for kind, each in self.told if kind == what]

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


async def test_few_wait_to_be_acknowledged_at_one_time() -> None:
    scene = Scene()
    await scene.take(1)
    await scene.take(2)
    third = asyncio.create_task(scene.take(3))
    await settle()
    assert ("prepared", "word 3") not in scene.bus.told
    await scene.acknowledge(1)
    await third
    await scene.acknowledge(2)
    await scene.acknowledge(3)
    await scene.answer_commit(1)
    await scene.answer_commit(3)
    await scene.saying.finish()
    assert scene.bus.of("sent") == ["word 1", "word 2", "word 3"]


async def test_one_commit_covers_all_that_was_acknowledged_since_the_last() -> None:
    scene = Scene()
    for number in (1, 2, 3, 4):
        await scene.take(number)
        await scene.acknowledge(number)
    assert scene.bus.of("committing") == [1]
    finishing = asyncio.create_task(scene.saying.finish())
    await scene.answer_commit(1)
    assert scene.bus.of("committing") == [1, 4]
    assert not finishing.done()
    await scene.answer_commit(4)
    await finishing


async def test_a_commit_that_fails_is_covered_by_the_next() -> None:
    scene = Scene()
    await scene.take(1)
    await scene.acknowledge(1)
    with capture_logs() as logs:
        scene.bus.commits[1].set_exception(ValueError("made up"))
        await scene.saying.finish()
    assert [line["fault"].split()[0] for line in logs if line["event"] == "shard.commit_failed"] == ["ValueError"]
    await scene.take(2)
    await scene.acknowledge(2)
    await scene.answer_commit(2)
    await scene.saying.finish()
    assert scene.bus.of("committing") == [1, 2]


async def test_two_may_wait_for_the_end() -> None:
    scene = Scene()
    await scene.take(1)
    await scene.take(2)
    waiting = [asyncio.create_task(scene.saying.finish()) for _ in range(2)]
    for number in (1, 2):
        await scene.acknowledge(number)
        await scene.answer_commit(number)
    await asyncio.gather(*waiting)


@pytest.mark.parametrize(
    ("fault", "raised"), [(ValueError("made-up content"), FoldError), (LeftError(), LeftError)], ids=["refused", "left"]
)
async def test_after_one_that_is_not_said_nothing_is_sent_or_committed(fault: Exception, raised: type) -> None:
    unheard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
    scene = Scene()
    await scene.take(1)
    await scene.take(2)
    scene.bus.acknowledgements["word 1"].set_exception(fault)
    with pytest.raises(raised):
        await scene.saying.finish()
    assert scene.bus.told == [("prepared", "word 1"), ("sent", "word 1"), ("prepared", "word 2")]
    assert scene.held.said == 0
    await scene.take(3)
    assert scene.bus.told[-1] == ("sent", "word 3")
    await scene.acknowledge(3)
    await scene.answer_commit(3)
    await scene.saying.finish()
    gc.collect()
    assert unheard == []
