"""Old segments leave behind a signed checkpoint; what stays verifies, is read, and is added to."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from services.audit.archive.errors import ArchiveError
from services.audit.archive.files import FolderFiles
from services.audit.verify.proof import Proof, verify
from services.audit.writing.retention import drop, older
from services.matching.shard import MatchingShard
from tests.unit.audit.archive_made import NOON, Quiet, Scribe, history, matched, written
from tests.unit.matching.scenery import event, need


class KilledError(BaseException):
    """The process dies here."""


HALFWAY = NOON.replace(hour=7) + timedelta(seconds=16)


def proof_of(scribe: Scribe) -> Proof:
    return verify(scribe.made.address, MatchingShard, Quiet())


@pytest.fixture
def scribe(tmp_path: Path) -> Scribe:
    scribe = Scribe(tmp_path)
    log = history()
    written(scribe, log, matched(log))
    return scribe


def test_what_stays_verifies_and_is_read(scribe: Scribe) -> None:
    before = list(scribe.made.reader().events())
    would_go = older(scribe.made.address, HALFWAY)
    gone = drop(scribe.made.address, scribe.made.data, HALFWAY, clock=lambda: NOON)
    assert gone == would_go
    assert 0 < len(gone) < len(proof_of(scribe).chain.entries)
    assert not any((scribe.made.files.root / each.file).exists() for each in gone)
    lost = {(each.topic, each.partition, offset) for each in gone for offset in range(each.first, each.last + 1)}
    after = list(scribe.made.reader().events())
    assert after == [each for each in before if (each.topic, each.partition, each.offset) not in lost]
    proof = proof_of(scribe)
    assert proof.findings == []
    assert proof.fold is not None
    assert proof.fold.beyond > 0
    assert older(scribe.made.address, HALFWAY) == []


def test_words_alone_that_left_are_not_missed(scribe: Scribe) -> None:
    words = [each for each in proof_of(scribe).chain.segments if each.topic == "matching.proposals"]
    facts = [each for each in proof_of(scribe).chain.segments if each.topic == "registry.facts"]
    oldest = min(each.last_at for each in words)
    assert all(each.last_at > oldest for each in facts if each.partition == words[0].partition) is False
    drop(scribe.made.address, scribe.made.data, oldest + timedelta(milliseconds=1), clock=lambda: NOON)
    assert proof_of(scribe).findings == []


def test_archiving_goes_on_after_it(scribe: Scribe) -> None:
    drop(scribe.made.address, scribe.made.data, NOON + timedelta(days=9), clock=lambda: NOON)
    writer = scribe.made.writer()
    assert dict(writer.positions) == dict(scribe.writer.positions)
    assert all(writer.last_record(place) is None for place in writer.positions)
    scribe.writer = writer
    scribe.write([event(need(7))])
    scribe.end_segment()
    assert proof_of(scribe).findings == []


def test_a_crash_before_the_files_are_removed_is_made_good(scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> None:
    def dying(*_: object) -> None:
        raise KilledError

    monkeypatch.setattr(FolderFiles, "remove", dying)
    with pytest.raises(KilledError):
        drop(scribe.made.address, scribe.made.data, HALFWAY, clock=lambda: NOON)
    monkeypatch.undo()
    assert proof_of(scribe).findings == []
    scribe.made.writer()
    assert len(scribe.made.files.names("segments")) == len(proof_of(scribe).chain.segments)


def test_a_writer_that_runs_meanwhile_takes_the_chain_up_again(scribe: Scribe) -> None:
    drop(scribe.made.address, scribe.made.data, HALFWAY, clock=lambda: NOON)
    scribe.write([event(need(7))])
    with pytest.raises(FileExistsError):
        scribe.end_segment()
    scribe.writer.open(None)
    scribe.end_segment()
    assert proof_of(scribe).findings == []


def test_without_the_key_nothing_is_dropped(scribe: Scribe, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="clé"):
        drop(scribe.made.address, tmp_path / "elsewhere", HALFWAY)
    with pytest.raises(ArchiveError):
        drop(str(tmp_path / "nowhere"), tmp_path, HALFWAY)
