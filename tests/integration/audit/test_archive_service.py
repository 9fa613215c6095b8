"""The archive of a bus: everything, once, across restarts, crashes, new logs and a full disk."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from passerelles.bus.address import Bus
from passerelles.bus.codec import Record, encode
from passerelles.bus.embedded import EmbeddedBroker
from passerelles.bus.poison import PoisonReason
from passerelles.bus.producer import Publisher
from passerelles.settings import Settings
from passerelles.store.sqlite import SqliteStore
from schemas.topics import partition_of_territory
from services.audit.archive.files import FolderFiles
from services.audit.archive.segment import Filed
from services.audit.service import AuditService
from services.audit.writing import archiver
from services.audit.writing.buffer import Patience
from services.audit.writing.writer import ArchiveWriter
from tests.integration.audit.archiving import archiving, held, segments, signer
from tests.integration.bus.conversation import FACTS, eventually, fact, poison, publish_all, running


@pytest.fixture(autouse=True)
def _short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PATIENCE", "EMBEDDED_PATIENCE"):
        monkeypatch.setattr(archiver, name, Patience(0.2, 0.2))
    monkeypatch.setattr(archiver, "LEASE_SECONDS", 2.0)


def records(data: Path) -> list[Record]:
    return [row.record for rows in held(data).values() for row in rows]


async def test_everything_is_archived_once_over_restarts(bus: Bus, tmp_path: Path) -> None:
    first, second = [fact(number) for number in range(20)], [fact(number) for number in range(20, 30)]
    async with archiving(bus, tmp_path) as service:
        await publish_all(bus, first)
        await eventually(lambda: service.health.ready and len(records(tmp_path)) == 20)
    await publish_all(bus, second)
    async with archiving(bus, tmp_path):
        pass
    assert records(tmp_path) == [encode(each) for each in first + second]


async def test_what_cannot_be_decoded_is_archived_as_it_is(bus: Bus, tmp_path: Path) -> None:
    partition = partition_of_territory("46", bus.partitions(FACTS))
    spoilt = poison(3)
    async with archiving(bus, tmp_path), running(Publisher(bus)) as (publisher,):
        await publisher.publish([replace(fact(1), epoch=7)])
        for record in spoilt.values():
            await publisher.publish_record(FACTS, partition, record)
    assert list(held(tmp_path)) == [(7, FACTS, partition)]
    assert records(tmp_path)[1:] == list(spoilt.values())
    assert len(spoilt) >= len(PoisonReason) - 3


async def test_a_new_embedded_log_is_filed_above_the_old_one(tmp_path: Path) -> None:
    for epoch in (1, 2):
        with EmbeddedBroker() as broker:
            async with archiving(broker.bus, tmp_path):
                await publish_all(broker.bus, [replace(fact(1), epoch=epoch), replace(fact(2), epoch=1)])
    partition = partition_of_territory("46", 4)
    assert {key: [row.offset for row in rows] for key, rows in held(tmp_path).items()} == {
        (1, FACTS, partition): [0, 1],
        (2, FACTS, partition): [0, 1],
    }


async def test_epochs_of_one_log_are_filed_apart(bus: Bus, tmp_path: Path) -> None:
    async with archiving(bus, tmp_path):
        await publish_all(bus, [replace(fact(number), epoch=epoch) for number, epoch in enumerate((1, 1, 2, 2, 2))])
    assert [(each.epoch, each.first, each.last) for each in segments(tmp_path)] == [(1, 0, 1), (2, 2, 4)]


class KilledError(BaseException):
    """The process dies here."""


STEPS = ["segment", "entry", "head"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_crash_at_any_write_leaves_no_gap_and_no_duplicate(
    step: str, when: str, embedded_bus: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = embedded_bus
    events = [replace(fact(number), epoch=1 + number // 5) for number in range(15)]
    async with archiving(bus, tmp_path):
        await publish_all(bus, events[:5])
    write = FolderFiles.write

    def dying(self: FolderFiles, name: str, content: bytes, **how: Any) -> None:
        if name.startswith({"segment": "segments", "entry": "chain", "head": "head"}[step]) and _is_new(self):
            if when == "after":
                write(self, name, content, **how)
            raise KilledError
        write(self, name, content, **how)

    def _is_new(files: FolderFiles) -> bool:
        return len(files.names("segments")) >= (1 if step == "segment" else 2)

    writer = ArchiveWriter(FolderFiles(tmp_path / "archive"), signer(tmp_path))
    writer.open(None)
    with monkeypatch.context() as patched:
        patched.setattr(FolderFiles, "write", dying)
        place = (FACTS, partition_of_territory("46", 4))
        rows = [Filed(number, 0, encode(event)) for number, event in enumerate(events[5:10], 5)]

        def archive_them() -> None:
            writer.write(place, [2] * 5, rows)
            writer.sign_head()

        with pytest.raises(KilledError):
            archive_them()
    await publish_all(bus, events[5:])
    async with archiving(bus, tmp_path):
        pass
    assert records(tmp_path) == [encode(each) for each in events]
    assert sum(1 for _ in (tmp_path / "archive" / "segments").rglob("*.parquet")) == len(segments(tmp_path))


async def test_a_full_disk_turns_it_red_and_nothing_is_lost(
    embedded_bus: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = [False]
    write = FolderFiles.write

    def filling(self: FolderFiles, name: str, content: bytes, **how: Any) -> None:
        if full[0] and name.startswith("chain"):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, name, content, **how)

    monkeypatch.setattr(FolderFiles, "write", filling)
    async with archiving(embedded_bus, tmp_path) as service:
        await publish_all(embedded_bus, [fact(1)])
        await eventually(lambda: len(records(tmp_path)) == 1)
        full[0] = True
        await publish_all(embedded_bus, [fact(2)])
        check = service.health.check("archive")
        await eventually(lambda: check.reason is not None and "plein" in check.reason)
        full[0] = False
        await eventually(lambda: service.health.ready and len(records(tmp_path)) == 2)
    assert records(tmp_path) == [encode(fact(1)), encode(fact(2))]


async def test_the_archive_of_another_cluster_is_left_alone(kafka_bus: Bus, tmp_path: Path) -> None:
    writer = ArchiveWriter(FolderFiles(tmp_path / "archive"), signer(tmp_path))
    writer.open("another-cluster")
    async with archiving(kafka_bus, tmp_path, ready=False) as service:
        check = service.health.check("archive")
        await eventually(lambda: check.reason is not None and "another-cluster" in check.reason)
    assert records(tmp_path) == []


async def test_it_is_not_ready_before_it_has_started(embedded_bus: Bus, tmp_path: Path) -> None:
    service = AuditService(Settings(data=tmp_path), embedded_bus, SqliteStore(tmp_path / "store.sqlite"))
    assert not service.health.ready
