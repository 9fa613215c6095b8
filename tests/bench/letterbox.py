"""A mail server that notes when it has each message, and reads no more of it than a marker: it must keep up."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

from aiosmtpd.smtp import SMTP

MARKER = re.compile(rb"Poste-\d{5}")


class Letterbox:
    """When the first message with each marker was accepted, for one kind of recipient."""

    def __init__(self, recipients: str) -> None:
        self._recipients = recipients
        self._server: asyncio.Server | None = None
        self.accepted: dict[str, int] = {}
        self.count = 0

    async def start(self) -> int:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, loop=loop), "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        now = time.perf_counter_ns()
        self.count += 1
        if envelope.rcpt_tos[0].startswith(self._recipients) and (found := MARKER.search(envelope.content)):
            self.accepted.setdefault(found[0].decode(), now)
        return "250 OK"
