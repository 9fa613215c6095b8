"""Looks again at the channels that do not answer: with nothing to send, nothing else would say that they are back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog

from passerelles.bus.faults import fault
from passerelles.health import Health
from schemas.deliveries import Channel
from services.notifications.channels.port import ChannelPort

PROBE_SECONDS: Final = 10.0

log = structlog.get_logger()


class Prober:
    """One loop for all channels; the check of each goes red when its channel, or the probe itself, fails."""

    def __init__(self, channels: Mapping[Channel, ChannelPort], health: Health) -> None:
        self._channels = channels
        self._health = health
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Probe now, then from time to time; in the background, since a silent server must hold nobody up."""
        self._task = asyncio.create_task(self._probe_on())

    async def stop(self) -> None:
        """Leave the last look where it is."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for name in self._channels:
            self._health.check(name).rested()

    async def _probe_on(self) -> None:
        while True:
            for name, channel in self._channels.items():
                check = self._health.check(name)
                check.moved()
                if check.reason is not None:
                    await self._probe(name, channel)
            await asyncio.sleep(PROBE_SECONDS)

    async def _probe(self, name: Channel, channel: ChannelPort) -> None:
        check = self._health.check(name)
        try:
            attempt = await channel.probe()
        except Exception as error:  # noqa: BLE001 (a loop that died would leave the check red for ever)
            # Without the message, which may quote an address: hence not `exception`.
            log.error("channel.probe_failed", channel=name, fault=fault(error))  # noqa: TRY400
            check.down("la vérification du canal a échoué")
            return
        check.figures(via=channel.via)
        if attempt.reachable:
            check.up()
        else:
            check.down(f"ne répond pas ({attempt.code})")
