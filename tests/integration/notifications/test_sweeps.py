"""What keeps the ledger moving when something in it, or around it, fails in a way that nobody foresaw."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
import uvloop
from structlog.testing import capture_logs

from passerelles.health import STUCK_SECONDS, Health
from schemas.deliveries import Channel
from services.notifications import prober, sender
from services.notifications.channels.port import Attempt, Verdict
from services.notifications.prober import Prober
from tests.chaos.notifications.memory import MemoryStore
from tests.integration.notifications.ledger_world import CountingChannel, World
from tests.unit.notifications.samples import event, made

PRIVATE = "claire.vidal@conserverie.example.org"


async def until(check: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not check():  # noqa: ASYNC110 - what is watched is a check, not an event
            await asyncio.sleep(0.002)


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Failing:
    """Stands before a method, and does what the test says in its place."""

    def __init__(self, method: Callable[..., Awaitable[Any]]) -> None:
        self.method = method
        self.instead: Callable[[], Awaitable[None]] | None = self.refuse

    async def refuse(self) -> None:
        raise ValueError(PRIVATE)

    async def __call__(self, *args: Any, **options: Any) -> Any:
        if self.instead is not None:
            await self.instead()
        return await self.method(*args, **options)


async def forever() -> None:
    await asyncio.Event().wait()


async def test_a_sweep_that_fails_is_said_and_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "SWEEP_SECONDS", 0.001)
    seconds = Seconds()
    health = Health(seconds)
    world = World(MemoryStore(), health=health)
    finding = Failing(world.documents.gatherings.find)
    monkeypatch.setattr(world.documents.gatherings, "find", finding)
    with capture_logs() as logs:
        world.sender.start()
        await until(lambda: "a échoué" in (health.check("ledger").reason or ""))
        finding.instead = None
        await until(lambda: health.check("ledger").reason is None)
        seconds.now += STUCK_SECONDS + 1
        await until(lambda: not health.stuck)
        finding.instead = forever
        await asyncio.sleep(0.05)
        seconds.now += STUCK_SECONDS + 1
        assert health.stuck == ["ledger"]
        await world.stop()
    assert health.stuck == []
    failed = [each for each in logs if each["event"] == "alert.sweep_failed"]
    assert failed
    assert all(each["fault"].startswith("ValueError at ") for each in failed)
    assert PRIVATE not in str(logs)


async def test_a_step_that_fails_says_no_data_in_the_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(MemoryStore())
    monkeypatch.setattr(world.dispatcher, "dispatch", Failing(world.dispatcher.dispatch))
    with capture_logs() as logs:
        await world.hear(made(1))
    (failed, _) = [each for each in logs if each["event"] == "alert.step_failed"]
    assert failed["fault"].startswith("ValueError at ")
    assert PRIVATE not in str(logs)
    assert not any("exc_info" in each for each in logs)


async def test_a_message_that_cannot_be_written_says_no_data_in_the_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    def compose(*_: Any, **__: Any) -> None:
        raise ValueError(PRIVATE)

    monkeypatch.setattr("services.notifications.attempts.compose_parts", compose)
    world = World(MemoryStore())
    with capture_logs() as logs:
        await world.hear(made(1))
    assert await world.states() == {"failed": 2}
    assert [each["fault"][:14] for each in logs if each["event"] == "alert.not_rendered"] == ["ValueError at "] * 2
    assert PRIVATE not in str(logs)
    assert not any("exc_info" in each for each in logs)


@pytest.mark.parametrize("name", ["gatherings", "messages", "deliveries"])
async def test_what_is_stuck_does_not_hide_what_comes_after(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "SWEPT", 2)
    store = MemoryStore()
    email = CountingChannel()
    dead = World(store, email=email)
    await dead.stop()
    await dead.hear(made(1))
    world = World(store, clock=dead.clock, email=email)
    for number in range(5):
        stuck = {"due_at": "2026-01-01T00:00:00.000000Z", "company": f"stuck-{number}"}
        await getattr(world.documents, name).insert(f"stuck-{number}", stuck)
    world.registry.down = True
    with capture_logs():
        for _ in range(3):
            await world.sweep(seconds=190)
        world.registry.down = False
        email.answer = lambda: Attempt(Verdict.RETRY, "smtp_421")
        for _ in range(3):
            await world.sweep(seconds=190)
        assert email.tries
        email.answer = lambda: Attempt(Verdict.SENT, "smtp_250")
        for _ in range(3):
            await world.sweep(seconds=190)
    assert len(email.sent) == 2


async def test_what_waits_for_its_turn_is_not_taken_up_again() -> None:
    email = CountingChannel()
    email.gate = asyncio.Event()
    world = World(MemoryStore(), email=email)
    await world.reaction([event(made(number, need=f"need-{number}"), "proposal.made") for number in range(1, 41)])
    await until(lambda: len(email.tries) == email.at_once)
    asked = world.registry.calls
    for _ in range(3):
        world.clock.advance(seconds=6)
        await world.sender.sweep()
    email.gate.set()
    await world.sender.settle()
    # One message to each side about each need, and one question for each of the messages.
    letters = await world.documents.messages.find()
    assert asked < world.registry.calls <= len(letters)
    assert {*await world.states()} == {"sent"}


def test_a_gathering_may_be_woken_again_a_moment_before_it_is_due() -> None:
    """uvloop's timer for less than a millisecond does not know its own time."""

    async def wake() -> list[str]:
        world = World(MemoryStore(), window=timedelta(microseconds=200))
        world.clock.tick()
        await world.reaction([event(made(1), "proposal.made")])
        for gathering in await world.documents.gatherings.find():
            for later in (300, 200, 100):
                world.sender.wake(gathering.id, world.clock() + timedelta(microseconds=later))
        await asyncio.sleep(0.01)
        await world.sender.settle()
        await world.stop()
        return [state for state, count in (await world.states()).items() for _ in range(count)]

    assert uvloop.run(wake()) == ["sent", "sent"]


async def test_a_probe_that_fails_is_said_and_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prober, "PROBE_SECONDS", 0.001)
    seconds = Seconds()
    health = Health(seconds)
    channel = CountingChannel()
    probing = Failing(channel.probe)
    monkeypatch.setattr(channel, "probe", probing)
    probes = Prober({Channel.EMAIL: channel}, health)
    with capture_logs() as logs:
        probes.start()
        await until(lambda: "a échoué" in (health.check("email").reason or ""))
        channel.answer = lambda: Attempt(Verdict.RETRY, "smtp_unreachable", reachable=False)
        probing.instead = None
        await until(lambda: health.check("email").reason == "ne répond pas (smtp_unreachable)")
        channel.answer = lambda: Attempt(Verdict.SENT, "smtp_250")
        await until(lambda: health.check("email").reason is None)
        health.check("email").down("ne répond pas (smtp_421)")
        probing.instead = forever
        await asyncio.sleep(0.05)
        seconds.now += STUCK_SECONDS + 1
        assert health.stuck == ["email"]
        await probes.stop()
    assert health.stuck == []
    assert PRIVATE not in str(logs)
