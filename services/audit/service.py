"""The service: where the archive is, what signs it, and its health; wiring only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from starlette.applications import Starlette

from passerelles.bus.address import Bus
from passerelles.health import Health, health_routes
from passerelles.settings import Settings
from passerelles.store.lease import Lease
from passerelles.store.port import Store
from services.audit.archive.files import open_files
from services.audit.archive.keys import open_signer
from services.audit.writing.archiver import LEASE_SECONDS, Archiver
from services.audit.writing.writer import ArchiveWriter

LEASE: Final = "archive"


def _now() -> datetime:
    return datetime.now(UTC)


class AuditService:
    """Every topic into the archive of the settings.

    The store serves for the lease only; it is opened and closed by whoever made it.

    Attributes:
        health: the check of the archive: red while it waits for the bus, the disk, or a person.
        app: the ASGI application of `/healthz`, `/readyz` and `/metrics`.
    """

    def __init__(self, settings: Settings, bus: Bus, store: Store, *, clock: Callable[[], datetime] = _now) -> None:
        self.health = Health()
        self.health.check("archive")  # down from the first answer on, which comes before `start`
        self.app = Starlette(routes=health_routes(self.health))
        self._settings = settings
        self._bus = bus
        self._lease = None if bus.embedded else Lease(store, LEASE, f"audit-{uuid4().hex}", LEASE_SECONDS, clock=clock)
        self._clock = clock
        self._archiver: Archiver | None = None

    async def start(self) -> None:
        """Begin to archive. Raises `ArchiveError` when the key or the address is of no use."""
        files = await asyncio.to_thread(open_files, self._settings.archive_address)
        signer = await asyncio.to_thread(open_signer, self._settings.data)
        writer = ArchiveWriter(files, signer, clock=self._clock)
        self._archiver = Archiver(self._bus, writer, self.health, lease=self._lease)
        await self._archiver.start()

    async def stop(self) -> None:
        """Archive what the log holds by now, and sign it."""
        if self._archiver is not None:
            await self._archiver.stop()
