"""A registry on a SQLite file of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from passerelles.store.sqlite import SqliteStore
from tests.unit.registry.world import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    store = SqliteStore(tmp_path / "registry.sqlite")
    world = World(store)
    await store.open()
    yield world
    await store.close()
