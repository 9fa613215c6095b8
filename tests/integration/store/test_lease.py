"""A lease has one holder at a time, on each adapter."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from passerelles.store.lease import Lease
from passerelles.store.port import Store

SECONDS = 10


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 29, 0, 59, 55, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def leases(store: Store, *holders: str, clock: Clock) -> list[Lease]:
    return [Lease(store, "days", holder, SECONDS, clock=clock) for holder in holders]


async def test_the_first_holds_and_the_other_waits(store: Store) -> None:
    one, other = leases(store, "one", "other", clock=Clock())
    assert await one.acquire()
    assert not await other.acquire()


async def test_its_holder_renews(store: Store) -> None:
    clock = Clock()
    one, other = leases(store, "one", "other", clock=clock)
    assert await one.acquire()
    for _ in range(3):
        clock.advance(SECONDS - 1)
        assert await one.acquire()
        assert not await other.acquire()


async def test_it_is_taken_over_once_expired(store: Store) -> None:
    clock = Clock()
    one, other = leases(store, "one", "other", clock=clock)
    assert await one.acquire()
    clock.advance(SECONDS)
    assert await other.acquire()
    assert not await one.acquire()


async def test_who_lets_go_leaves_it_free(store: Store) -> None:
    one, other = leases(store, "one", "other", clock=Clock())
    assert await one.acquire()
    await other.release()  # not its own: nothing happens
    assert not await other.acquire()
    await one.release()
    assert await other.acquire()


async def test_an_expired_one_has_one_taker(store: Store) -> None:
    clock = Clock()
    takers = leases(store, *(f"h{number}" for number in range(8)), clock=clock)
    for _ in range(20):
        won = await asyncio.gather(*(taker.acquire() for taker in takers))
        assert sum(won) == 1
        clock.advance(SECONDS)


async def test_names_are_leased_apart(store: Store) -> None:
    clock = Clock()
    assert await Lease(store, "days", "one", SECONDS, clock=clock).acquire()
    assert await Lease(store, "epochs", "other", SECONDS, clock=clock).acquire()
