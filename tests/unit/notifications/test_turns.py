"""Turns: few at once, each company's in its order, and nobody behind what another company has waiting."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.turns import Turns


async def _taken(turns: Turns, companies: list[str]) -> list[tuple[str, int]]:
    """The order in which steps that are asked for at once have their turns; each with its number."""
    order: list[tuple[str, int]] = []
    under_way = 0

    async def step(company: str, number: int) -> None:
        nonlocal under_way
        async with turns.of(company):
            under_way += 1
            assert under_way <= 2
            order.append((company, number))
            await asyncio.sleep(0)
            under_way -= 1

    await asyncio.gather(*(step(company, number) for number, company in enumerate(companies)))
    return order


async def test_a_company_that_comes_last_does_not_wait_for_a_crowd() -> None:
    order = await _taken(Turns(2), ["crowd"] * 500 + ["other"])
    assert order.index(("other", 500)) <= 4


@given(st.lists(st.sampled_from("abc"), max_size=40))
def test_everybody_has_a_turn_in_the_order_of_its_company(companies: list[str]) -> None:
    order = asyncio.run(_taken(Turns(2), companies))
    for company in "abc":
        mine = [number for name, number in order if name == company]
        assert mine == [number for number, name in enumerate(companies) if name == company]


async def test_a_turn_that_is_given_up_goes_to_the_next() -> None:
    turns = Turns(1)
    async with turns.of("first"):
        waiting = [asyncio.create_task(_taken(turns, [name])) for name in ("left", "next")]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.gather(waiting[0], return_exceptions=True)
    assert await asyncio.wait_for(waiting[1], 5) == [("next", 0)]


async def test_a_step_that_fails_passes_its_turn_on() -> None:
    turns = Turns(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with turns.of("one"):
                _ = 1 / 0
    assert await asyncio.wait_for(_taken(turns, ["two"]), 5) == [("two", 0)]
