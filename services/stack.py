"""The composition root: which services run in this process, on which bus and store, and in which order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from enum import StrEnum
from typing import Any, Final, Protocol, Self

import structlog

from passerelles.bus.address import Bus
from passerelles.errors import SettingsError
from passerelles.garbage import collect_seldom, pass_over_what_is_loaded
from passerelles.health import Health
from passerelles.settings import Settings
from passerelles.store.address import open_store
from passerelles.store.port import Store
from services.audit.service import AuditService
from services.matching.service import MatchingService
from services.notifications.service import NotificationsService
from services.registry.service import RegistryService
from services.serving import HttpServer, listen

READY_POLL_SECONDS: Final = 0.02

log = structlog.get_logger(__name__)


class ServiceName(StrEnum):
    """The services that a process may run."""

    REGISTRY = "registry"
    MATCHING = "matching"
    NOTIFICATIONS = "notifications"
    AUDIT = "audit"


class Service(Protocol):
    """What the stack asks of a service."""

    app: Any
    health: Health

    async def start(self) -> None:
        """Work from here on."""

    async def stop(self) -> None:
        """Finish what is under way, commit, leave."""


SERVICES: Final[Mapping[ServiceName, Callable[[Settings, Bus, Store], Service]]] = {
    ServiceName.REGISTRY: RegistryService,
    ServiceName.MATCHING: MatchingService,
    ServiceName.NOTIFICATIONS: NotificationsService,
    ServiceName.AUDIT: AuditService,
}


def bus_of(settings: Settings) -> Bus:
    """The broker that the settings name.

    Raises:
        SettingsError: the embedded broker lives inside the demo only, so that no other process can be told to use it.
    """
    if settings.bus == "embedded:":
        raise SettingsError(
            "PASSERELLES_BUS vaut « embedded: », qui n'existe que dans `passerelles demo`.",
            remedy="Indiquer un Apache Kafka : PASSERELLES_BUS=kafka://hôte:port.",
        )
    return Bus.parse(settings.bus)


class Stack:
    """Services of one process, started in the order of `ports`: each with its HTTP on its own (0: any free one)."""

    def __init__(self, settings: Settings, bus: Bus, store: Store, ports: Mapping[ServiceName, int]) -> None:
        self._store = store
        self._closing = AsyncExitStack()
        self._services: list[tuple[ServiceName, Service, HttpServer]] = []
        for name, port in ports.items():
            service = SERVICES[name](settings, bus, store)
            self._services.append((name, service, HttpServer(service.app, listen(settings.http_host, port))))

    def port(self, name: ServiceName) -> int:
        """The port of a service's HTTP."""
        return next(server.port for each, _, server in self._services if each is name)

    def service(self, name: ServiceName) -> Service:
        """A service of this process."""
        return next(service for each, service, _ in self._services if each is name)

    async def start(self) -> None:
        """Open the store, then start the services in the order given; health is answered from the first moment on."""
        for _, _, server in self._services:
            await server.start()
            self._closing.push_async_callback(server.stop)
        await self._store.open()
        self._closing.push_async_callback(self._store.close)
        for name, service, server in self._services:
            self._closing.push_async_callback(service.stop)
            await service.start()
            log.info("service.started", service=name, port=server.port)

    async def ready(self) -> None:
        """Return once every service is ready: its groups joined, its shards restored."""
        while not all(service.health.ready for _, service, _ in self._services):  # noqa: ASYNC110 - health is looked at
            await asyncio.sleep(READY_POLL_SECONDS)

    async def stop(self) -> None:
        """Stop the services in reverse order, then the store and HTTP."""
        await self._closing.aclose()
        log.info("stack.stopped")

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def until_told_to_stop() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    return told


def _must_have_tokens(settings: Settings, names: Sequence[ServiceName]) -> None:
    """Nobody could enter a registry without an operator's token, and no alert would leave without the services'."""
    needed = {"OPERATOR_TOKEN": settings.operator_token} if ServiceName.REGISTRY in names else {}
    if set(names) & {ServiceName.REGISTRY, ServiceName.NOTIFICATIONS}:
        needed["SERVICE_TOKEN"] = settings.service_token
    missing = [f"PASSERELLES_{name}" for name, token in needed.items() if token is None]
    if missing:
        raise SettingsError(
            f"Il manque {' et '.join(missing)}.", remedy="Choisir un secret long, et donner à chaque service le même."
        )


async def _start(stack: Stack) -> None:
    await stack.start()
    # Some load in the background what they hold for good: shards, and what compiled code stands on.
    await stack.ready()
    pass_over_what_is_loaded()


async def run(settings: Settings, names: Sequence[ServiceName]) -> None:
    """Run services against the bus and store of the settings until SIGTERM or SIGINT, also while they start.

    The first has its HTTP on `HTTP_PORT`, the next ones just above.

    Raises:
        SettingsError: what these services cannot do without is missing.
    """
    _must_have_tokens(settings, names)
    collect_seldom()
    told = asyncio.create_task(until_told_to_stop().wait())
    ports = {name: settings.http_port + place if settings.http_port else 0 for place, name in enumerate(names)}
    stack = Stack(settings, bus_of(settings), open_store(settings.store), ports)
    starting = asyncio.create_task(_start(stack))
    try:
        await asyncio.wait({told, starting}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await told
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await stack.stop()
