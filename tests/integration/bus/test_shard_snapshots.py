"""A restart from a snapshot says what a restart from the log says; a snapshot in doubt is refused and told of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from passerelles.bus.address import Bus
from passerelles.bus.codec import Record, encode
from passerelles.bus.snapshots import Anchor, Header, Parts, Refused, SnapshotFolder
from passerelles.store.sqlite import SqliteStore
from schemas.territories import CURRENT
from tests.integration.bus.conversation import (
    FACTS,
    PROPOSALS,
    CountingShard,
    counts_said,
    eventually,
    everything,
    fact,
    partition_of,
    publish_all,
    running,
)
from tests.integration.bus.test_shards import GROUP, Member


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot after each slice."""
    monkeypatch.setattr("passerelles.bus.shard_snapshots.EVERY_FACTS", 1)


def folder_of(tmp_path: Path, bus: Bus) -> SnapshotFolder:
    return SnapshotFolder(tmp_path / "snapshots", FACTS, bus.partitions(FACTS))


async def work(bus: Bus, shelf: SqliteStore, folder: SnapshotFolder, first: int, last: int) -> CountingShard:
    """Let a member fold these facts too, and keep what it knows; the shard that folded them."""
    async with running(Member(bus, shelf, snapshots=folder)) as (member,):
        await eventually(member.at_work)
        for number in range(first, last):
            await member.publisher.publish([fact(number)])
        if last > first:
            await eventually(lambda: sum(sum(shard.counts.values()) for shard in member.shards) == last)
        return next(shard for shard in member.shards if shard.partition == partition_of(bus, fact(0)))


async def test_a_restart_goes_on_from_the_snapshot_and_its_tail(bus: Bus, shelf: SqliteStore, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, bus)
    await work(bus, shelf, folder, 0, 20)
    paths = folder.of(partition_of(bus, fact(0)))
    assert paths
    assert len(paths) <= 2
    covered = folder.read(paths[0])[0].position
    shard = await work(bus, shelf, folder, 20, 25)
    assert shard.loaded == []
    assert shard.resumed == covered
    assert shard.folded == list(range(covered, 25))
    words = await everything(bus, PROPOSALS)
    assert len(words) == 25
    assert counts_said(words) == list(range(1, 26))


def rewritten(**changes: Any) -> Callable[[SnapshotFolder, Path], None]:
    def rewrite(folder: SnapshotFolder, path: Path) -> None:
        header, parts = folder.read(path)
        path.unlink()
        folder.write(replace(header, **changes), {name: bytes(part) for name, part in parts.items()})

    return rewrite


def torn(_: SnapshotFolder, path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def flipped(_: SnapshotFolder, path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def empty(_: SnapshotFolder, path: Path) -> None:
    path.write_bytes(b"")


def strange(folder: SnapshotFolder, path: Path) -> None:
    header, _ = folder.read(path)
    path.unlink()
    folder.write(header, {"other": b"x"})


DOUBTS: dict[str, tuple[Callable[[SnapshotFolder, Path], None], Refused]] = {
    "torn": (torn, Refused.CORRUPT),
    "flipped": (flipped, Refused.CORRUPT),
    "empty": (empty, Refused.CORRUPT),
    "of another topic": (rewritten(partitions=7), Refused.OTHER_LAYOUT),
    "of another log": (rewritten(anchor=Anchor(3, "0" * 64)), Refused.OTHER_LOG),
    "ahead of the group": (rewritten(position=1_000), Refused.AHEAD),
    "before the log": (rewritten(anchor=Anchor(-1, "0" * 64)), Refused.LOG_TRIMMED),
    "of another state": (strange, Refused.OTHER_CONTENT),
}


@pytest.mark.parametrize("names", [sorted(DOUBTS)[:4], sorted(DOUBTS)[4:]], ids=["some", "others"])
async def test_a_snapshot_in_doubt_is_refused_and_the_log_gives_the_same(
    embedded_bus: Bus, shelf: SqliteStore, tmp_path: Path, names: list[str]
) -> None:
    bus, folder = embedded_bus, folder_of(tmp_path, embedded_bus)
    territories = CURRENT.names[: bus.partitions(FACTS)]  # one a partition
    partitions = {
        partition_of(bus, fact(0, territory)): name for territory, name in zip(territories, names, strict=True)
    }
    await publish_all(bus, [fact(number, territory) for number in range(10) for territory in territories])
    async with running(Member(bus, shelf, snapshots=folder)) as (member,):
        await eventually(lambda: all(folder.of(partition) for partition in partitions))
        await eventually(lambda: sum(len(shard.folded) for shard in member.shards) == 40)
    for partition, name in partitions.items():
        newest, *before = folder.of(partition)
        for path in before:
            path.unlink()
        DOUBTS[name][0](folder, newest)
    with capture_logs() as logs:
        async with running(Member(bus, shelf, snapshots=folder)) as (member,):
            await eventually(member.at_work)
            await member.publisher.publish([fact(10, territory) for territory in territories])
            await eventually(lambda: sum(len(shard.folded) for shard in member.shards) == 4)
            assert all(shard.loaded == list(range(10)) for shard in member.shards if shard.folded)
    told = [line for line in logs if line["event"] == "shard.snapshot_refused"]
    reasons = {partition: DOUBTS[name][1].value for partition, name in partitions.items()}
    assert {line["partition"]: line["reason"] for line in told} == reasons
    assert len(told) == len(partitions)
    for territory in territories:
        assert counts_said(await everything(bus, PROPOSALS), territory) == list(range(1, 12))


async def test_the_one_before_serves_when_the_newest_does_not(
    embedded_bus: Bus, shelf: SqliteStore, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path, embedded_bus)
    partition = partition_of(embedded_bus, fact(0))
    await work(embedded_bus, shelf, folder, 0, 10)
    await work(embedded_bus, shelf, folder, 10, 14)
    newest, before = folder.of(partition)
    torn(folder, newest)
    covered = folder.read(before)[0].position
    shard = await work(embedded_bus, shelf, folder, 14, 16)
    assert shard.resumed == covered
    assert counts_said(await everything(embedded_bus, PROPOSALS)) == list(range(1, 17))


async def test_a_disk_that_takes_no_snapshot_stops_nothing(
    embedded_bus: Bus, shelf: SqliteStore, tmp_path: Path
) -> None:
    (tmp_path / "snapshots").write_text("a file where the folder should be")
    with capture_logs() as logs:
        await work(embedded_bus, shelf, folder_of(tmp_path, embedded_bus), 0, 10)
    assert "shard.snapshot_failed" in {line["event"] for line in logs}
    assert counts_said(await everything(embedded_bus, PROPOSALS)) == list(range(1, 11))


async def test_health_shows_each_shard(embedded_bus: Bus, shelf: SqliteStore, tmp_path: Path) -> None:
    await publish_all(embedded_bus, [fact(number) for number in range(5)])
    async with running(Member(embedded_bus, shelf, snapshots=folder_of(tmp_path, embedded_bus))) as (member,):
        place = str(partition_of(embedded_bus, fact(0)))

        def row() -> dict[str, Any]:
            shards = member.health.report()["checks"][f"bus.{GROUP}"]["shards"]
            return dict(shards.get(place, {}))

        await eventually(lambda: row().get("position") == 5 and "snapshot_age_seconds" in row())
        assert row()["state"] == "working"
        assert row()["lag"] == 0
        assert "oldest_seconds" not in row()
    assert row() == {"state": "revoked"}


def test_a_snapshot_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = SnapshotFolder(tmp_path, FACTS, 4)
    header = Header(FACTS, 1, 4, 10, Anchor(9, "0" * 64), 0.0)
    folder.write(header, {"a": b"1", "b": b"22"})

    class Unreadable(dict[str, bytes]):
        def values(self) -> Any:
            yield b"x"
            raise OSError("the disk is full")

    unreadable: Parts = Unreadable(a=b"x")
    with pytest.raises(OSError, match="full"):
        folder.write(replace(header, position=11), unreadable)
    assert [path.name for path in tmp_path.iterdir()] == [path.name for path in folder.of(1)]
    read, parts = folder.read(folder.of(1)[0])
    assert (read, {name: bytes(part) for name, part in parts.items()}) == (header, {"a": b"1", "b": b"22"})


def test_old_snapshots_go_and_those_of_others_stay(tmp_path: Path) -> None:
    folder = SnapshotFolder(tmp_path, FACTS, 4)
    for position in (5, 10, 200, 20):
        folder.write(Header(FACTS, 1, 4, position, Anchor(position - 1, "0" * 64), 0.0), {})
    folder.write(Header(FACTS, 2, 4, 7, Anchor(6, "0" * 64), 0.0), {})
    assert [folder.read(path)[0].position for path in folder.of(1)] == [200, 20, 10]
    assert len(folder.of(2)) == 1


def test_an_anchor_tells_records_apart() -> None:
    class Raw:
        offset, timestamp = 3, 1_000

        def __init__(self, record: Record) -> None:
            self.key, self.value, self.headers = record.key, record.value, record.headers

    assert Anchor.of(Raw(encode(fact(1)))) == Anchor.of(Raw(encode(fact(1))))
    assert Anchor.of(Raw(encode(fact(1)))) != Anchor.of(Raw(encode(fact(2))))
