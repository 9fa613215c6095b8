"""Retention beside the archiver and beside itself, each in its process: the chain stays whole, nothing goes twice."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from passerelles.bus.codec import encode
from services.audit.archive.chain import read_chain
from services.audit.archive.files import FolderFiles
from services.audit.archive.manifest import Dropped
from services.audit.archive.segment import Filed
from services.audit.verify.proof import verify
from services.audit.writing.retention import drop
from tests.unit.audit.archive_made import NOON, PARTITIONS, Made, Quiet
from tests.unit.matching.scenery import event, need

ROOT = Path(__file__).parents[4]
DROPPING = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from services.audit.writing.retention import drop
data, before = Path(sys.argv[1]), datetime(2027, 1, 1, tzinfo=UTC)
print("ready", flush=True)
while not (data / "over").exists():
    drop(str(data / "archive"), data, before)
"""
SEGMENTS = 60


def test_retention_twice_beside_the_archiver(tmp_path: Path) -> None:
    made = Made(tmp_path)
    writer = made.writer()
    writer.begin_log(PARTITIONS)
    command = [sys.executable, "-c", DROPPING, str(tmp_path)]
    others = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    try:
        for other in others:
            assert other.stdout is not None
            assert other.stdout.readline() == b"ready\n"
        place, overtaken = ("registry.facts", 1), 0
        for offset in range(SEGMENTS):
            rows, is_written = [Filed(offset, 1_772_000_000_000, encode(event(need(1))))], False
            while not is_written:
                try:
                    writer.write(place, [1], rows)
                    writer.sign_head()
                    is_written = True
                except FileExistsError:
                    overtaken += 1
                    writer.open(None)
    finally:
        (tmp_path / "over").touch()
        told = [other.communicate(timeout=60)[1] for other in others]
    assert told == [b"", b""]
    drop(made.address, tmp_path, NOON.replace(year=2027))
    entries = read_chain(made.files)
    dropped = Counter(sequence for each in entries if isinstance(each, Dropped) for sequence in each.sequences)
    assert sorted(dropped.values()) == [1] * SEGMENTS
    assert overtaken > 0, "they never met"
    assert made.reader().segments == []
    assert made.files.names("segments") == []
    assert verify(made.address, None, Quiet()).findings == []


def test_a_name_is_given_once_in_a_folder(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path)
    files.write("chain/0.json", b"one")
    with pytest.raises(FileExistsError):
        files.write("chain/0.json", b"two")
    assert files.read("chain/0.json") == b"one"
