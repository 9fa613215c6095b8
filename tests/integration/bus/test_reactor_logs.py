"""Whatever a consumer has to tell, FastStream's words included, leaves in this project's own format."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

# In a process of its own: FastStream takes hold of the streams when it is imported.
CONSUMER = """
import asyncio, sys
from passerelles.logging import configure

configure(sys.argv[2], json=True)

from passerelles.bus.embedded import EmbeddedBroker
from passerelles.bus.parking import Parking
from passerelles.bus.reactor import Reactor
from passerelles.health import Health
from passerelles.store.sqlite import SqliteStore
from tests.integration.bus.conversation import FACTS, eventually, fact, publish_all, running

async def main(bus):
    store, health, heard = SqliteStore(sys.argv[1]), Health(), []

    async def hear(events):
        heard.extend(events)

    reactor = Reactor(bus, Parking(store), health, group="listeners")
    reactor.on(FACTS, hear)
    await store.open()
    async with running(reactor):
        await eventually(lambda: health.ready)
        await publish_all(bus, [fact(0)])
        await eventually(lambda: heard)
    await store.close()

with EmbeddedBroker() as broker:
    asyncio.run(main(broker.bus))
"""


@pytest.mark.parametrize("level", ["debug", "info"])
def test_every_line_of_a_consumer_is_ours(tmp_path: Path, level: str) -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", CONSUMER, str(tmp_path / "parked.sqlite"), level],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    assert done.stdout == ""
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert "bus.batch_handled" in {line["event"] for line in lines}
