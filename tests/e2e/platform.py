"""The whole platform for a test: every service on a given bus and store, a real SMTP server and a real SMS endpoint."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from passerelles.bus.address import Bus
from passerelles.settings import Settings
from passerelles.store.address import open_store
from services.demo.sink import Message, Sink
from services.serving import HttpServer, listen
from services.stack import ServiceName, Stack

OPERATOR, SERVICE = "operateur-de-test", "service-de-test"
FIGEAC, CAPDENAC, RODEZ, CAHORS = "46102", "12052", "12202", "46042"


def siret(number: int) -> str:
    """A made-up SIRET with valid keys."""

    def keyed(digits: str) -> str:
        total = sum(
            sum(divmod(int(digit) * 2, 10)) if place % 2 == 0 else int(digit)
            for place, digit in enumerate(reversed(digits))
        )
        return digits + str(-total % 10)

    return keyed(keyed(f"{number:08d}") + "0001")


async def eventually(check: Callable[[], Any], *, seconds: float = 30) -> Any:
    """What `check` gives as soon as it gives something true; it may be a coroutine function."""
    deadline = time.monotonic() + seconds
    while True:
        value = check()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        assert time.monotonic() < deadline, "it did not come"
        await asyncio.sleep(0.03)


class Platform:
    """What a test does to the platform, and sees of it."""

    def __init__(
        self, sink: Sink, api: httpx.AsyncClient, numbers: Iterator[int], settings: Settings | None = None
    ) -> None:
        self.sink, self.api, self.settings = sink, api, settings
        self._numbers = numbers

    async def post(self, path: str, body: dict[str, Any], **options: Any) -> dict[str, Any]:
        answer = await self.api.post(path, json=body, **options)
        assert answer.is_success, answer.text
        return dict(answer.json()) if answer.content else {}

    async def get(self, path: str, **options: Any) -> dict[str, Any]:
        answer = await self.api.get(path, **options)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def company(
        self, name: str, commune: str = FIGEAC, branch: str = "metal", *, sms: bool = False, **contacts: Any
    ) -> str:
        """`contacts` are fields of its one contact."""
        number = next(self._numbers)
        contact = {
            "name": f"RH de {name}",
            "role": "DRH",
            "email": f"rh.{name.lower()}@example.org",
            "phone": f"+336399800{number % 100:02d}",
            "sms": sms,
            **contacts,
        }
        body = {"siret": siret(number), "name": name, "branch": branch, "commune": commune, "status": "joined"}
        return str((await self.post("/v1/companies", body | {"contacts": [contact]}))["id"])

    async def need(self, company: str, **changes: Any) -> dict[str, Any]:
        start = date.today() + timedelta(days=7)  # noqa: DTZ011 - a day from now on, whatever the zone
        body = {
            "company_id": company,
            "occupation": "H2102",
            "title": "Opérateur de production",
            "mode": "loan",
            "headcount": 1,
            "start": start.isoformat(),
            "end": (start + timedelta(days=60)).isoformat(),
            "skills": [],
            "certificates": [],
        }
        return await self.post("/v1/needs", body | changes)

    async def availability(self, company: str, **changes: Any) -> dict[str, Any]:
        start = date.today()  # noqa: DTZ011 - idem
        body = {
            "company_id": company,
            "occupation": "H2102",
            "modes": ["loan", "hire"],
            "headcount": 1,
            "start": start.isoformat(),
            "end": None,
            "mobility_km": 40,
            "skills": [],
            "certificates": [],
            "volunteers": True,
        }
        return await self.post("/v1/availabilities", body | changes)

    async def proposals(self, **filters: str) -> list[dict[str, Any]]:
        return list((await self.get("/v1/proposals", params=filters))["items"])

    def mails(self, name: str, *words: str) -> list[Message]:
        """The emails to a company, of which the subject or the text has every word; oldest first."""
        to = f"rh.{name.lower()}@example.org"
        return [
            each
            for each in reversed(self.sink.messages)
            if each.channel == "email" and each.to == to and all(word in each.subject + each.text for word in words)
        ]

    def texts(self) -> list[Message]:
        return [each for each in reversed(self.sink.messages) if each.channel == "sms"]


class Box:
    """A mail server and an SMS endpoint that outlive the platform's restarts."""

    def __init__(self, sink: Sink, smtp_port: int, sms_url: str) -> None:
        self.sink, self.smtp_port, self.sms_url = sink, smtp_port, sms_url


@asynccontextmanager
async def box() -> AsyncIterator[Box]:
    sink, app = Sink(), FastAPI()
    app.include_router(sink.router())
    server = HttpServer(app, listen("127.0.0.1", 0))
    smtp_port = await sink.start()
    await server.start()
    try:
        yield Box(sink, smtp_port, f"http://127.0.0.1:{server.port}/demo/sms")
    finally:
        await server.stop()
        await sink.stop()


def settings_for(
    mails: Box, folder: Path, port: int, *, bus: str, store: str, window_ms: int = 100, **more: Any
) -> Settings:
    url = f"http://127.0.0.1:{port}"
    usual: dict[str, Any] = {
        "bus": bus,
        "store": store,
        "data": folder,
        "http_port": port,
        "public_url": url,
        "registry_url": url,
        "operator_token": SecretStr(OPERATOR),
        "service_token": SecretStr(SERVICE),
        "smtp": f"smtp://127.0.0.1:{mails.smtp_port}",
        "sms": "http",
        "sms_url": mails.sms_url,
        "alert_window_ms": window_ms,
        # Each need is waited for, however many a company has.
        "alert_contact_most": 0,
        # These tests run at any hour.
        "sms_hours": "0-24",
        "sms_days": "1234567",
        "sms_holidays": True,
    }
    return Settings(**{**usual, **more})


def free_port() -> int:
    with listen("127.0.0.1", 0) as listener:
        return int(listener.getsockname()[1])


@asynccontextmanager
async def platform(
    bus: Bus,
    store_url: str,
    mails: Box,
    folder: Path,
    *,
    numbers: Iterator[int] | None = None,
    window_ms: int = 100,
    archived: bool = False,
    **more: Any,
) -> AsyncIterator[Platform]:
    """The services in this process (`archived`: audit too); enter it again on the same store for a restart.

    `more` are settings; notifications has its HTTP where its `webhook_url` says.
    """
    port, webhooks = free_port(), free_port()
    address = "embedded:" if bus.embedded else f"kafka://{bus.bootstrap_servers}"
    more["webhook_url"] = f"http://127.0.0.1:{webhooks}"
    settings = settings_for(mails, folder, port, bus=address, store=store_url, window_ms=window_ms, **more)
    async with AsyncExitStack() as closing:
        ports = {ServiceName.REGISTRY: port, ServiceName.MATCHING: 0, ServiceName.NOTIFICATIONS: webhooks}
        ports |= {ServiceName.AUDIT: 0} if archived else {}
        stack = await closing.enter_async_context(Stack(settings, bus, open_store(store_url), ports))
        async with asyncio.timeout(90):
            await stack.ready()
        api = await closing.enter_async_context(
            httpx.AsyncClient(base_url=settings.public_url, headers={"Authorization": f"Bearer {OPERATOR}"}, timeout=30)
        )
        yield Platform(mails.sink, api, numbers or iter(range(1, 1000)), settings)
