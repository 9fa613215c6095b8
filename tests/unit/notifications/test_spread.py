"""Calls that are made together have all ended before any of them is said to have failed."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from services.notifications.ledger.spread import AT_ONCE, spread

MANY = 2 * AT_ONCE


class Calls:
    def __init__(self) -> None:
        self.ended: list[int] = []

    async def slow(self, number: int) -> int:
        for _ in range(5):
            await asyncio.sleep(0)
        self.ended.append(number)
        return number

    async def fails(self, error: BaseException) -> int:
        raise error


async def test_results_are_in_the_order_of_the_calls() -> None:
    assert await spread(partial(Calls().slow, number) for number in range(MANY)) == list(range(MANY))


@pytest.mark.parametrize("error", [ValueError(), asyncio.CancelledError()])
@pytest.mark.parametrize("place", [0, AT_ONCE, MANY])
async def test_a_failure_is_raised_once_all_have_ended(error: BaseException, place: int) -> None:
    calls = Calls()
    asked = [partial(calls.slow, number) for number in range(MANY)]
    with pytest.raises(type(error)):
        await spread([*asked[:place], partial(calls.fails, error), *asked[place:]])
    assert sorted(calls.ended) == list(range(MANY))


async def test_whoever_cancels_it_cancels_all() -> None:
    calls = Calls()
    spreading = asyncio.create_task(spread(partial(calls.slow, number) for number in range(MANY)))
    await asyncio.sleep(0)
    spreading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await spreading
    await asyncio.sleep(0.05)
    assert calls.ended == []
