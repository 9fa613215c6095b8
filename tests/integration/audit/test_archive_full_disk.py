"""A disk that is really full: the archiver waits, says why, goes on by itself when there is room, and loses nothing."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from passerelles.bus.address import Bus
from passerelles.bus.codec import encode
from passerelles.settings import Settings
from passerelles.store.sqlite import SqliteStore
from services.audit.archive.segment import Filed
from services.audit.reading.segments import SegmentArchive
from services.audit.service import AuditService
from services.audit.verify.proof import verify
from services.audit.writing import archiver
from services.audit.writing.buffer import Patience
from tests.integration.bus.conversation import eventually, fact, publish_all, running
from tests.unit.audit.archive_made import Quiet

DISK_BYTES = 512 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(folder)]
    try:
        refused = subprocess.run(mount, check=False, capture_output=True, text=True).stderr
    except FileNotFoundError as error:
        refused = str(error)
    if not os.path.ismount(folder):
        pytest.skip(f"no disk to fill without the right to mount one: {refused.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def _records(data: Path, address: str) -> list[Filed]:
    return [kept.row for kept in SegmentArchive(address, index=data / "index.sqlite").kept()]


@pytest.mark.parametrize("when", ["while it runs", "before it starts"])
async def test_nothing_is_lost_when_the_disk_is_full(
    when: str, embedded_bus: Bus, disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiver, "EMBEDDED_PATIENCE", Patience(0.2, 0.2))
    address, ballast = str(disk / "archive"), disk / "ballast"
    store = SqliteStore(tmp_path / "store.sqlite")
    await store.open()
    service = AuditService(Settings(data=tmp_path, archive=address), embedded_bus, store)
    check = service.health.check("archive")
    if when == "before it starts":
        _fill(ballast)
    async with running(service):
        if when == "while it runs":
            await publish_all(embedded_bus, [fact(1)])
            await eventually(lambda: service.health.ready and len(_records(tmp_path, address)) == 1)
            _fill(ballast)
        await publish_all(embedded_bus, [fact(number) for number in range(2, 40)])
        await eventually(lambda: check.reason is not None and "plein" in check.reason)
        ballast.unlink()
        await publish_all(embedded_bus, [fact(40)])
        expected = [encode(fact(number)) for number in range(1 if when == "while it runs" else 2, 41)]
        await eventually(lambda: service.health.ready and len(_records(tmp_path, address)) == len(expected))
    await store.close()
    assert [row.record for row in _records(tmp_path, address)] == expected
    assert verify(address, None, Quiet()).findings == []
    assert [file.name for file in (disk / "archive").rglob(".tmp-*")] == []


def _fill(ballast: Path) -> None:
    """Leave no byte."""
    with ballast.open("wb", buffering=0) as out, contextlib.suppress(OSError):
        while out.write(bytes(1024)):
            pass
