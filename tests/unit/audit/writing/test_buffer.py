"""A busy partition is written soon, a quiet one later, and what is held has a limit; nothing leaves it unwritten."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from services.audit.writing import buffer as buffering
from services.audit.writing.buffer import BUSY_ROWS, Buffer, Patience

PATIENCE = Patience(busy=300, quiet=3600)
FACTS = "registry.facts"
WRITER: Any = SimpleNamespace(least_epoch=1, last_epoch=lambda _: 1)


def filled(counts: Iterable[int], now: float = 0) -> Buffer:
    buffer = Buffer()
    for partition, count in enumerate(counts):
        fill(buffer, partition, range(count), now)
    return buffer


def fill(buffer: Buffer, partition: int, offsets: Iterable[int], now: float) -> None:
    for offset in offsets:
        raw: Any = SimpleNamespace(
            topic=FACTS, partition=partition, offset=offset, timestamp=0, key=b"k", value=b"odd", headers=()
        )
        buffer.add(raw, WRITER, now)


def due(buffer: Buffer, now: float) -> list[int]:
    return [partition for _, partition in buffer.due(now, PATIENCE)]


def test_a_busy_partition_waits_minutes_and_a_quiet_one_an_hour() -> None:
    buffer = filled([BUSY_ROWS, BUSY_ROWS - 1, 1])
    assert due(buffer, 299) == []
    assert due(buffer, 300) == [0]
    fill(buffer, 1, [BUSY_ROWS - 1], 310)
    assert due(buffer, 310) == [0, 1]
    assert due(buffer, 3600) == [0, 1, 2]


def test_what_is_written_leaves_and_the_rest_stays() -> None:
    buffer = filled([BUSY_ROWS, 3])
    contents = buffer.due(300, PATIENCE)
    assert [each.offset for each in contents[FACTS, 0].rows] == list(range(BUSY_ROWS))
    buffer.written(contents)
    assert [place for place, _ in buffer.contents().items()] == [(FACTS, 1)]
    fill(buffer, 0, [BUSY_ROWS], 301)
    assert due(buffer, 3600) == [1]
    assert due(buffer, 3901) == [0, 1]


@pytest.mark.parametrize(("name", "limit"), [("FULL_ROWS", 1010), ("FULL_BYTES", 1010 * 515)])
def test_when_it_holds_too_much_the_busy_ones_go_or_else_all(
    monkeypatch: pytest.MonkeyPatch, name: str, limit: int
) -> None:
    monkeypatch.setattr(buffering, name, limit)
    assert due(filled([BUSY_ROWS, 9]), 0) == []
    assert due(filled([BUSY_ROWS, 10]), 0) == [0]
    assert due(filled([505, 505]), 0) == [0, 1]
