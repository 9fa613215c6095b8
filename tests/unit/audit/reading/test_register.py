"""To open an archive again reads its new entries only; a register that is not of this chain is made anew."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from services.audit.archive.errors import ArchiveError
from services.audit.archive.files import FolderFiles
from services.audit.archive.manifest import entry_file
from services.audit.writing.retention import drop
from tests.unit.audit.archive_made import NOON, Scribe
from tests.unit.matching.scenery import event, need, number


def scribe_of(data: Path, needs: int) -> Scribe:
    scribe = Scribe(data)
    for each in range(1, needs + 1):
        add(scribe, each)
    return scribe


def add(scribe: Scribe, of: int) -> None:
    scribe.write([event(need(of))])
    scribe.end_segment()


def found(scribe: Scribe, of: int) -> int:
    return len(list(scribe.made.reader().events(subjects=[number(of)])))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The entries of chains that are read."""
    names: list[str] = []
    reading = FolderFiles.read

    def noting(files: FolderFiles, name: str) -> bytes:
        content = reading(files, name)
        if name.startswith("chain/"):
            names.append(name)
        return content

    monkeypatch.setattr(FolderFiles, "read", noting)
    return names


def test_opening_again_reads_the_last_entry_and_the_new_ones(tmp_path: Path, read: list[str]) -> None:
    scribe = scribe_of(tmp_path, 20)
    assert len(scribe.made.reader().segments) == 20
    read.clear()
    scribe.made.reader()
    assert read == [entry_file(21)]
    add(scribe, 21)
    read.clear()
    assert len(scribe.made.reader().segments) == 21
    assert read == [entry_file(21), entry_file(22)]


def test_an_archive_that_is_open_does_not_see_what_comes_later(tmp_path: Path) -> None:
    scribe = scribe_of(tmp_path, 2)
    archive = scribe.made.reader()
    add(scribe, 3)
    assert found(scribe, 3) == 1
    assert list(archive.events(subjects=[number(3)])) == []
    assert len(archive.segments) == 2


def test_another_chain_in_the_same_place_is_read_anew(tmp_path: Path) -> None:
    scribe = scribe_of(tmp_path, 3)
    assert [found(scribe, each) for each in (1, 2, 3)] == [1, 1, 1]
    older, kept = tmp_path / "archive", tmp_path / "index.sqlite"
    shutil.rmtree(older)
    other = scribe_of(tmp_path, 1)
    assert kept.exists()
    assert [found(other, each) for each in (1, 2, 3)] == [1, 0, 0]


def test_a_register_that_says_otherwise_where_it_ends_is_made_again(tmp_path: Path) -> None:
    scribe = scribe_of(tmp_path, 3)
    assert found(scribe, 2) == 1
    with sqlite3.connect(scribe.made.index) as database:
        database.execute("DELETE FROM segment")
        database.execute("UPDATE chain SET digest = (SELECT substr(digest, 2) || substr(digest, 1, 1) FROM chain)")
    database.close()
    assert found(scribe, 2) == 1


@pytest.mark.parametrize("seen", [False, True])
@pytest.mark.parametrize("gone", [2, 4])
def test_a_chain_that_is_cut_or_has_a_hole_is_told(tmp_path: Path, *, seen: bool, gone: int) -> None:
    scribe = scribe_of(tmp_path, 2)
    if seen:
        scribe.made.reader()
    for each in (3, 4):
        add(scribe, each)
    scribe.made.files.remove(entry_file(gone))
    if seen and gone == 2:
        # What was read before is known; `verify` is who finds that it is no longer there.
        assert found(scribe, 4) == 1
        return
    with pytest.raises(ArchiveError, match=f"L'entrée {gone} de la chaîne"):
        scribe.made.reader()


def test_an_entry_that_is_not_tied_is_told(tmp_path: Path) -> None:
    scribe = scribe_of(tmp_path, 4)
    files = scribe.made.files
    one = files.read(entry_file(3))
    files.write(entry_file(3), one.replace(b'"count":1', b'"count":2'), replace=True)
    with pytest.raises(ArchiveError, match="L'entrée 4 de la chaîne"):
        scribe.made.reader()


def test_what_retention_removes_is_forgotten(tmp_path: Path) -> None:
    scribe = scribe_of(tmp_path, 3)
    assert found(scribe, 1) == 1
    drop(scribe.made.address, tmp_path, NOON.replace(year=NOON.year + 50), clock=lambda: NOON)
    assert found(scribe, 1) == 0
    with sqlite3.connect(scribe.made.index) as database:
        assert database.execute("SELECT count(*) FROM mention").fetchone() == (0,)
    database.close()
