"""A snapshot's file is refused when another build laid it out otherwise."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from passerelles.bus.snapshots import FORMAT, Anchor, Header, Refused, SnapshotFolder, SnapshotRefusedError


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    folder = SnapshotFolder(tmp_path, "facts", 4)
    header = Header("facts", 1, 4, position=9, anchor=Anchor(8, "0" * 64), taken_at=0.0)
    path = folder.write(header, {"one": b"123"})
    assert folder.read(path)[0] == header
    _, line, parts = path.read_bytes().split(b"\n", 2)
    other = json.dumps(json.loads(line) | {"format": FORMAT + 1}).encode()
    path.write_bytes(hashlib.sha256(other).hexdigest().encode() + b"\n" + other + b"\n" + parts)
    with pytest.raises(SnapshotRefusedError) as refused:
        folder.read(path)
    assert refused.value.reason is Refused.OTHER_FORMAT
