"""Waiting grows, ends when told, and shows."""

from __future__ import annotations

import asyncio

import pytest

from passerelles.bus.faults import fault
from passerelles.bus.patience import Backoff, LeftError, patiently, unless
from passerelles.errors import UnavailableError
from passerelles.health import Health


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []

    async def at_once(waiting: object, timeout: float) -> None:  # noqa: ASYNC109 (the signature of asyncio.wait_for)
        waiting.close()  # type: ignore[attr-defined]
        seconds.append(timeout)
        raise TimeoutError

    monkeypatch.setattr("asyncio.wait_for", at_once)
    return seconds


async def test_waits_double_up_to_the_longest_with_jitter(waits: list[float]) -> None:
    backoff = Backoff(1, 8)
    for _ in range(6):
        await backoff.wait(asyncio.Event())
    for seconds, whole in zip(waits, [1, 2, 4, 8, 8, 8], strict=True):
        assert whole / 2 <= seconds <= whole


async def test_the_event_ends_a_wait() -> None:
    told = asyncio.Event()
    told.set()
    await asyncio.wait_for(Backoff(3600, 3600).wait(told), 5)


async def test_what_is_away_is_asked_again_and_the_check_follows(waits: list[float]) -> None:
    check = Health().check("bus.test")
    check.up()
    reasons: list[str | None] = []

    async def call() -> str:
        reasons.append(check.reason)
        if len(reasons) < 4:
            message = "Le stockage ne répond pas."
            raise UnavailableError(message)
        return "answer"

    assert await patiently(call, group="test", check=check, left=asyncio.Event()) == "answer"
    assert reasons == [None, *["Le stockage ne répond pas."] * 3]
    assert check.reason is None
    assert len(waits) == 3


async def test_being_told_to_leave_ends_the_patience() -> None:
    left = asyncio.Event()
    check = Health().check("bus.test")

    async def call() -> None:
        left.set()
        raise UnavailableError("Le stockage ne répond pas.")

    with pytest.raises(LeftError):
        await patiently(call, group="test", check=check, left=left)


async def test_work_is_given_up_when_the_event_comes_first() -> None:
    event = asyncio.Event()
    ended = []

    async def work(seconds: float) -> str:
        try:
            await asyncio.sleep(seconds)
        finally:
            ended.append(seconds)
        return "done"

    assert await unless(event, work(0)) == "done"
    asyncio.get_running_loop().call_later(0.01, event.set)
    assert await unless(event, work(3600)) is None
    assert ended == [0, 3600]


def test_a_fault_tells_where_and_not_what() -> None:
    try:
        int("Mme Dupont")
    except ValueError as error:
        told = fault(error)
    assert told.startswith("ValueError at unit/bus/test_patience.py:")
    assert "Dupont" not in told
    assert fault(KeyError("x")) == "KeyError"
