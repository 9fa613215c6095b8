"""An audit service on a bus, and what its archive holds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from passerelles.bus.address import Bus
from passerelles.settings import Settings
from passerelles.store.sqlite import SqliteStore
from services.audit.archive.chain import read_chain
from services.audit.archive.files import FolderFiles
from services.audit.archive.keys import Signer, open_signer
from services.audit.archive.manifest import Segment
from services.audit.archive.rows import batches
from services.audit.archive.segment import Filed, records_of
from services.audit.service import AuditService
from tests.integration.bus.conversation import eventually, running

Held = dict[tuple[int, str, int], list[Filed]]
"""By epoch, topic and partition."""


@asynccontextmanager
async def archiving(bus: Bus, data: Path, *, ready: bool = True) -> AsyncIterator[AuditService]:
    store = SqliteStore(data / "store.sqlite")
    service = AuditService(Settings(data=data), bus, store)
    await store.open()
    try:
        async with running(service):
            if ready:
                await eventually(lambda: service.health.ready)
            yield service
    finally:
        await store.close()


def folder(data: Path) -> FolderFiles:
    return FolderFiles(data / "archive")


def signer(data: Path) -> Signer:
    return open_signer(data)


def segments(data: Path) -> Sequence[Segment]:
    if not (data / "archive" / "chain").exists():
        return []
    return [each for each in read_chain(folder(data), signer(data).verifier) if isinstance(each, Segment)]


def held(data: Path) -> Held:
    """What the archive holds; each segment's file is as its entry says."""
    found: Held = {}
    for segment in segments(data):
        rows = [row for batch in batches(folder(data), segment) for row in records_of(batch)]
        assert [row.offset for row in rows] == list(range(segment.first, segment.last + 1))
        found.setdefault((segment.epoch, segment.topic, segment.partition), []).extend(rows)
    return found
