"""The embedded stack in a process of its own, with the settings of its environment: what the alert bench measures."""

from __future__ import annotations

import asyncio

import uvloop

from passerelles import logging
from passerelles.bus.embedded import EmbeddedBroker
from passerelles.garbage import collect_seldom, pass_over_what_is_loaded
from passerelles.settings import read_settings
from passerelles.store.address import open_store
from services.stack import ServiceName, Stack, until_told_to_stop


async def run() -> None:
    settings = read_settings()
    collect_seldom()
    told = until_told_to_stop()
    with EmbeddedBroker() as broker:
        ports = {ServiceName.REGISTRY: settings.http_port, ServiceName.MATCHING: 0, ServiceName.NOTIFICATIONS: 0}
        async with Stack(settings, broker.bus, open_store(settings.store), ports) as stack:
            async with asyncio.timeout(60):
                await stack.ready()
            pass_over_what_is_loaded()
            print("ready", flush=True)
            await told.wait()


if __name__ == "__main__":
    logging.configure(level="warning", json=True)
    uvloop.run(run())
