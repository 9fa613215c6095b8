"""A process that runs services never looks for garbage in what they have loaded, also once they had started."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest
from starlette.applications import Starlette

from passerelles.bus.address import Bus
from passerelles.garbage import THRESHOLDS
from passerelles.health import Health
from passerelles.settings import Settings
from passerelles.store.port import Store
from services import stack
from services.stack import ServiceName
from tests.integration.bus.conversation import eventually

pytestmark = pytest.mark.usefixtures("collector")


class Shards:
    """Loads in the background, as matching does."""

    loaded: list[list[int]] | None = None

    def __init__(self, *_: Settings | Bus | Store) -> None:
        self.app = Starlette()
        self.health = Health()
        self.check = self.health.check("shards")
        self.may_load = asyncio.Event()
        self.started = asyncio.Event()

    async def start(self) -> None:
        self._loading = asyncio.create_task(self._load())
        self.started.set()

    async def _load(self) -> None:
        await self.may_load.wait()
        self.loaded = [[]]
        self.check.up()

    async def stop(self) -> None:
        await self._loading


async def test_what_a_service_loads_after_it_has_started_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Shards()
    told = asyncio.Event()
    monkeypatch.setattr(stack, "until_told_to_stop", lambda: told)
    monkeypatch.setitem(stack.SERVICES, ServiceName.MATCHING, lambda *_: service)  # type: ignore[arg-type]
    gc.unfreeze()
    settings = Settings(bus="kafka://127.0.0.1:9", store=f"sqlite:///{tmp_path / 's'}", http_port=0)
    running = asyncio.create_task(stack.run(settings, [ServiceName.MATCHING]))
    try:
        async with asyncio.timeout(20):
            await service.started.wait()
            await asyncio.sleep(0.1)
            assert gc.get_threshold() == THRESHOLDS
            assert not gc.get_freeze_count()
            service.may_load.set()
            await eventually(gc.get_freeze_count)
        assert not any(each is service.loaded for each in gc.get_objects())
    finally:
        service.may_load.set()
        told.set()
        await running
