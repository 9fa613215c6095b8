"""A provider's HTTP answers, and its silences, end in the states that they justify."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from passerelles.channel_settings import SmsSettings
from services.notifications.channels.port import Attempt, Recipient, Verdict
from services.notifications.channels.sms.channel import SmsChannel
from services.notifications.channels.sms.provider import read_providers
from services.notifications.rendering import Rendered

ID = UUID("8a1f8a53-6f0e-5b1d-9d62-3f2d0e0b7a11")
TO = Recipient("Claire Vidal", "+33612345678")
TEXT = Rendered("Passerelles industries : un profil pour votre besoin. http://127.0.0.1:8000/p/jeton")


def now() -> datetime:
    return datetime.now(UTC)


class Provider:
    """A bare HTTP endpoint: one answer for all requests; none at all when `status` is 0."""

    def __init__(self, status: int, headers: str = "", *, silent: bool = False) -> None:
        self._status, self._headers, self._silent = status, headers, silent
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.released = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(next(line for line in head.lower().split("\r\n") if line.startswith("content-length"))[15:])
        self.requests.append((head, json.loads(await reader.readexactly(length))))
        if self._silent:
            await self.released.wait()
        elif self._status:
            writer.write(f"HTTP/1.1 {self._status} X\r\n{self._headers}Content-Length: 0\r\n\r\n".encode())
        writer.close()


@asynccontextmanager
async def listening(provider: Provider) -> AsyncIterator[str]:
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/sms"
    finally:
        provider.released.set()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.02)


async def send(url: str, *, seconds: float = 5.0) -> Attempt:
    settings = SmsSettings(sms="http", sms_url=url)
    channel = SmsChannel(read_providers(settings, None, clock=now, seconds=seconds), clock=now)
    try:
        return await channel.send(ID, TO, TEXT)
    finally:
        await channel.stop()


async def test_a_text_message_is_posted_with_its_key() -> None:
    provider = Provider(202)
    async with listening(provider) as url:
        assert await send(url) == Attempt(Verdict.SENT, "sms_202")
    ((head, body),) = provider.requests
    assert body == {"id": str(ID), "to": TO.address, "text": TEXT.text}
    assert f"idempotency-key: {ID}" in head.lower()


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (400, Verdict.FAILED),
        (408, Verdict.RETRY),
        (429, Verdict.RETRY),
        (500, Verdict.UNKNOWN),
        (502, Verdict.UNKNOWN),
        (503, Verdict.RETRY),
        (504, Verdict.UNKNOWN),
    ],
)
async def test_what_an_answer_makes_certain(status: int, verdict: Verdict) -> None:
    async with listening(Provider(status)) as url:
        assert await send(url) == Attempt(verdict, f"sms_{status}")


async def test_an_address_that_is_not_open_to_us_is_out_of_order() -> None:
    async with listening(Provider(401)) as url:
        assert await send(url) == Attempt(Verdict.RETRY, "sms_401", reachable=False)


async def test_the_wait_that_the_provider_asks_for_is_kept_within_an_hour() -> None:
    async with listening(Provider(429, "Retry-After: 90\r\n")) as url:
        assert (await send(url)).wait == timedelta(seconds=90)
    async with listening(Provider(503, "Retry-After: 999999\r\n")) as url:
        assert (await send(url)).wait == timedelta(hours=1)


async def test_silence_after_the_request_leaves_the_outcome_unknown() -> None:
    async with listening(Provider(0, silent=True)) as url:
        assert await send(url, seconds=0.2) == Attempt(Verdict.UNKNOWN, "sms_no_answer")
    async with listening(Provider(0)) as url:
        assert await send(url) == Attempt(Verdict.UNKNOWN, "sms_no_answer")


async def test_no_provider_at_all() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert await send(f"http://127.0.0.1:{port}/") == Attempt(Verdict.RETRY, "sms_unreachable", reachable=False)
