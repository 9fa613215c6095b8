"""Reading the segments gives what reading from memory gives, whatever is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelles.bus.codec import Record
from schemas.decisions import Standing
from schemas.topics import TOPICS
from services.audit.archive.errors import ArchiveError, NoArchiveError
from services.audit.archive.files import open_files
from services.audit.reading.port import ArchivedEvent, Filters
from services.audit.reading.segments import SegmentArchive
from tests.unit.audit.archive_made import Scribe
from tests.unit.audit.memory_archive import MemoryArchive
from tests.unit.matching.scenery import MONDAY, adopted, company, day, decision, event, need, number, opened, staff

START = datetime(2026, 3, 2, 7, tzinfo=UTC)
SUBJECTS = [number(1), number(2), number(1000), number(1001), company("552100554"), number(99)]


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[SegmentArchive, MemoryArchive]:
    scribe = Scribe(tmp_path_factory.mktemp("data"))
    for epoch in (1, 2):
        for territory in ("46", "12"):
            facts = (
                adopted(territory, epoch=epoch),
                day(MONDAY, territory),
                staff(1000),
                staff(1001),
                opened(territory, epoch=epoch),
                need(1, territories=(territory,)),
                need(2, territories=(territory,)),
                decision(1, 1000, Standing.DECLINED, territory=territory),
            )
            for place, data in enumerate(facts):
                scribe.write([event(data, territory=territory, epoch=epoch, place=place)])
                if place % 3 == 2:
                    scribe.end_segment()
        scribe.write_record("registry.facts", 1, Record(None, b'{"id":"x"', (("ce_type", b"\xff"),)), epoch, 0)
        scribe.end_segment()
        scribe.new_log()
    archive = scribe.made.reader()
    return archive, MemoryArchive(archive.events())


def in_order(events: list[ArchivedEvent]) -> dict[tuple[int, str, int], list[int]]:
    found: dict[tuple[int, str, int], list[int]] = {}
    for each in events:
        found.setdefault((each.epoch, each.topic, each.partition), []).append(each.offset)
    return found


def test_all_is_there_in_order(archives: tuple[SegmentArchive, MemoryArchive]) -> None:
    events = list(archives[0].events())
    assert len(events) == 34
    assert [each.epoch for each in events] == sorted(each.epoch for each in events)
    assert all(offsets == list(range(len(offsets))) for offsets in in_order(events).values())
    assert sum(each.event is None for each in events) == 2


def some(values: list[object]) -> st.SearchStrategy[object]:
    return st.none() | st.sets(st.sampled_from(values), min_size=1, max_size=3)


INSTANTS = st.none() | st.integers(-1, 9).map(lambda seconds: START + timedelta(seconds=seconds))


@given(
    topics=some(sorted(TOPICS)),
    types=some(["need.recorded", "availability.recorded", "rules.adopted"]),
    subjects=some(list(SUBJECTS)),
    epochs=some([1, 2, 3]),
    partitions=some([0, 1, 2, 3]),
    territory=st.sampled_from([None, "46", "12", "31-0"]),
    since=INSTANTS,
    until=INSTANTS,
)
def test_filters_are_those_of_an_archive_in_memory(
    archives: tuple[SegmentArchive, MemoryArchive], **filters: Unpack[Filters]
) -> None:
    on_disk, in_memory = archives

    def asked(archive: SegmentArchive | MemoryArchive) -> list[ArchivedEvent]:
        return sorted(archive.events(**filters), key=lambda each: each.key)

    assert asked(on_disk) == asked(in_memory)


def test_an_index_that_is_spoilt_or_lost_is_made_again(tmp_path: Path) -> None:
    scribe = Scribe(tmp_path)
    scribe.write([event(need(1)), event(need(2))])
    scribe.end_segment()
    for spoil in (lambda file: file.unlink(missing_ok=True), lambda file: file.write_bytes(b"no database" * 1000)):
        for leftover in tmp_path.glob("index.sqlite-*"):
            leftover.unlink()
        spoil(scribe.made.index)
        archive = scribe.made.reader()
        assert [each.offset for each in archive.events(subjects=[number(2)])] == [1]
    scribe.write([event(need(2, 2))])
    scribe.end_segment()
    assert [each.offset for each in scribe.made.reader().events(subjects=[number(2)])] == [1, 2]


def test_a_missing_archive_and_a_missing_segment_are_told(tmp_path: Path) -> None:
    with pytest.raises(NoArchiveError):
        SegmentArchive(str(tmp_path / "nowhere"), index=tmp_path / "index.sqlite")
    scribe = Scribe(tmp_path)
    scribe.write([replace(event(need(1)), epoch=3)])
    scribe.end_segment()
    archive = scribe.made.reader()
    (segment,) = archive.segments
    scribe.made.files.remove(segment.file)
    with pytest.raises(ArchiveError, match=r"registry\.facts"):
        list(archive.events())


def test_a_bucket_serves_as_a_folder_does() -> None:
    files = open_files("memory://bucket/archive")
    files.write("chain/1.json", b"one")
    with pytest.raises(FileExistsError):
        files.write("chain/1.json", b"two")
    files.write("chain/1.json", b"two", replace=True)
    assert (files.read("chain/1.json"), files.size("chain/1.json")) == (b"two", 3)
    assert files.names("chain") == ["chain/1.json"]
    assert files.names("nowhere") == []
    with files.open("chain/1.json") as file:
        assert file.read() == b"two"
    files.remove("chain/1.json")
    files.remove("chain/1.json")
    with pytest.raises(FileNotFoundError):
        files.read("chain/1.json")


def test_an_address_that_nothing_serves_is_told() -> None:
    with pytest.raises(ArchiveError, match="ne peut pas être ouverte"):
        open_files("nothing://bucket")
