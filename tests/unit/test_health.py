"""Alive, ready, measured: what a probe reads."""

from __future__ import annotations

import httpx
from starlette.applications import Starlette

from passerelles.health import STUCK_SECONDS, Health, health_routes


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def get(health: Health, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=Starlette(routes=health_routes(health)))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        return await client.get(path)


async def test_a_check_that_never_said_up_is_down() -> None:
    health = Health()
    health.check("store")
    answer = await get(health, "/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not_ready",
        "checks": {"store": {"up": False, "reason": "n'a pas encore démarré"}},
    }


async def test_every_check_has_to_be_up() -> None:
    health = Health()
    store, bus = health.check("store"), health.check("bus")
    store.up()
    assert not health.ready
    bus.up()
    bus.figures(lag=3)
    assert (await get(health, "/readyz")).status_code == 200
    store.down("Le stockage ne répond pas.")
    answer = await get(health, "/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "bus": {"up": True, "reason": None, "lag": 3},
        "store": {"up": False, "reason": "Le stockage ne répond pas."},
    }
    assert health.check("store") is store


async def test_alive_means_that_the_loops_move() -> None:
    clock = Clock()
    health = Health(clock)
    check = health.check("bus")
    clock.now = 10 * STUCK_SECONDS
    assert (await get(health, "/healthz")).json() == {"status": "ok", "stuck": []}
    check.moved()
    clock.now += STUCK_SECONDS
    assert (await get(health, "/healthz")).status_code == 200
    clock.now += 1
    answer = await get(health, "/healthz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "stuck", "stuck": ["bus"]}
    check.moved()
    assert (await get(health, "/healthz")).status_code == 200
    clock.now += 2 * STUCK_SECONDS
    check.rested()
    assert (await get(health, "/healthz")).status_code == 200


async def test_metrics_tell_the_checks() -> None:
    health = Health()
    health.check("metrics-test").up()
    answer = await get(health, "/metrics")
    assert answer.status_code == 200
    assert 'passerelles_check_up{check="metrics-test"} 1.0' in answer.text
