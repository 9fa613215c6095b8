"""The archiver on Apache Kafka, killed at random moments: its archive has every record once, in a folder and on S3."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from passerelles.bus.address import Bus
from passerelles.bus.codec import Record, encode
from passerelles.bus.producer import Publisher
from schemas.envelope import Event
from schemas.vocabulary import Payload
from services.audit.archive.files import open_files
from services.audit.archive.rows import batches
from services.audit.archive.segment import records_of
from services.audit.reading.segments import SegmentArchive
from services.audit.verify.proof import verify
from tests.e2e import processes
from tests.e2e.processes import Process
from tests.integration.bus.conversation import fact, running
from tests.real.s3 import bucket
from tests.unit.audit.archive_made import Quiet

KILLS = 3
SOON = (
    "from services.audit.writing import archiver as a; a.PATIENCE = a.Patience(0.02, 0.02); a.LEASE_SECONDS = 0.5; "
    "from services.cli import main; main()"
)
"""Segments far more often than in real life, so that a kill finds one under way; the lease of the dead ends soon."""

Place = tuple[str, dict[str, str]]


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """An archive's address, and what a process needs to reach it."""
    if request.param == "folder":
        yield str(tmp_path / "archive"), {}
        return
    with bucket() as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made.url, made.environment


async def test_every_record_once_whenever_it_is_killed(
    kafka_bus: Bus, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "COMMAND", (sys.executable, "-c", SOON))
    address, more = place
    environment = (
        os.environ
        | more
        | {
            "PASSERELLES_BUS": f"kafka://{kafka_bus.bootstrap_servers}",
            "PASSERELLES_STORE": f"sqlite:///{tmp_path / 'store.sqlite'}",
            "PASSERELLES_DATA": str(tmp_path),
            "PASSERELLES_ARCHIVE": address,
        }
    )
    archiver = Process("audit", dict(environment), tmp_path)
    over = asyncio.Event()
    publishing = asyncio.create_task(_publish(kafka_bus, over))
    chance = random.Random(5)
    for _ in range(KILLS):
        archiver.start()
        await asyncio.to_thread(_wait_for_more, archiver, address)
        await asyncio.sleep(chance.uniform(0, 0.4))
        archiver.kill()
        _every_object_is_whole(address, tmp_path)
    over.set()
    events = await publishing
    archiver.start()
    await asyncio.to_thread(archiver.wait_until_ready)
    assert await asyncio.to_thread(archiver.stop) == 0, archiver.log()
    archive = SegmentArchive(address, index=tmp_path / "index.sqlite")
    assert sorted(_records(archive)) == sorted(_told(encode(event)) for event in events)
    proof = verify(address, None, Quiet())
    assert proof.findings == []
    assert proof.chain.records == len(events)
    assert len(open_files(address).names("segments")) == len(archive.segments)


async def _publish(bus: Bus, over: asyncio.Event) -> list[Event[Payload]]:
    """Facts of two territories, a few at a time, for as long as the killing lasts; gives all of them."""
    said: list[Event[Payload]] = []
    async with running(Publisher(bus)) as (publisher,):
        while not over.is_set():
            some = [fact(len(said) + number, "46" if number % 2 else "12") for number in range(10)]
            await publisher.publish(some)
            said += some
            await asyncio.sleep(0.05)
    return said


def _wait_for_more(archiver: Process, address: str) -> None:
    """Until it has written a segment of its own."""
    files = open_files(address)
    before, deadline = len(files.names("segments")), time.monotonic() + 60
    while len(files.names("segments")) <= before:
        assert time.monotonic() < deadline, archiver.log()
        time.sleep(0.05)


def _every_object_is_whole(address: str, folder: Path) -> None:
    """Whatever the killed process left there can be read to its end."""
    archive = SegmentArchive(address, index=folder / "index.sqlite")
    for segment in archive.segments:
        assert sum(batch.num_rows for batch in batches(archive.files, segment)) == segment.count


def _records(archive: SegmentArchive) -> Iterator[bytes]:
    for segment in archive.segments:
        for batch in batches(archive.files, segment):
            yield from (_told(row.record) for row in records_of(batch))


def _told(record: Record) -> bytes:
    return repr((record.key, record.value, record.headers)).encode()
