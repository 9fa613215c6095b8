"""Where the consumers under test park what they cannot take."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from passerelles.bus.parking import Parking
from passerelles.store.sqlite import SqliteStore


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "parked.sqlite")
    Parking(store)
    await store.open()
    yield store
    await store.close()
