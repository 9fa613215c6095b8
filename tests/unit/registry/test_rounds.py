"""A loop outlives what one round meets, says so in its check, and ends when told to."""

from __future__ import annotations

import asyncio

import pytest

from passerelles.errors import UnavailableError
from passerelles.health import Health
from services.registry import rounds as module
from services.registry.rounds import Rounds


async def test_rounds_go_on_after_an_outage_and_after_a_surprise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.001)
    check, reasons, done = Health().check("work"), [], asyncio.Event()

    async def work() -> None:
        reasons.append(check.reason)
        if len(reasons) == 1:
            raise UnavailableError("La base ne répond pas.")
        if len(reasons) == 2:
            raise ZeroDivisionError
        if len(reasons) == 4:
            done.set()

    rounds = Rounds(work, check, pause=lambda: 0.001)
    rounds.start()
    await done.wait()
    await rounds.stop()
    assert reasons[1:4] == ["La base ne répond pas.", "une erreur imprévue : voir le journal", None]
    assert check.reason is None
