"""A shard resumed from a copy of its state, or loaded from the log, goes on as the one that folded all of it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passerelles.bus.codec import Record, encode
from passerelles.bus.snapshots import Parts
from passerelles.reference.rulebook import Rulebook, rulebook
from schemas.envelope import Event
from schemas.topics import partition_of_territory
from schemas.vocabulary import Payload
from services.matching.adoption import RuleLibrary, RulesMismatchError
from services.matching.shard import MatchingShard
from services.matching.state import OtherFormatError
from tests.unit.matching.histories import TERRITORIES, histories, long_history
from tests.unit.matching.scenery import adopted, event, need, opened, small_rulebook, staff

LIBRARY = RuleLibrary(lambda _: small_rulebook())
Log = list[Event[Payload]]
_AFTER = 6


def shard() -> MatchingShard:
    """All territories in one partition, with so few pairs kept that sets are full."""
    return MatchingShard(0, 1, LIBRARY)


def copied(parts: Parts) -> Parts:
    """What a file would give back."""
    return {name: memoryview(bytes(part)) for name, part in parts.items()}


def resumed(parts: Parts) -> MatchingShard:
    other = shard()
    other.resume(copied(parts))
    return other


def state(of: MatchingShard) -> dict[str, bytes]:
    return {name: bytes(part) for name, part in of.parts().items()}


def said(of: MatchingShard, log: Log, first: int) -> list[list[Record]]:
    return [[encode(word) for word in of.fold(each, first + place)] for place, each in enumerate(log)]


@given(histories(most=24))
@settings(max_examples=25)
def test_a_restart_at_every_record_says_what_going_on_says(log: Log) -> None:
    straight = shard()
    copies, words = [straight.parts()], []
    for offset, each in enumerate(log):
        words.append([encode(word) for word in straight.fold(each, offset)])
        copies.append(straight.parts())
    for cut in range(len(log) + 1):
        # As every record is a cut, a few after each are enough to tell any state that would say something else later.
        end = cut + _AFTER
        assert said(resumed(copies[cut]), log[cut:end], cut) == words[cut:end], f"from a snapshot at {cut}"


@given(histories(most=24), st.data())
@settings(max_examples=15)
def test_a_snapshot_and_a_silent_tail_lead_to_the_state_of_the_straight_fold(log: Log, data: st.DataObject) -> None:
    kept_at = data.draw(st.integers(0, len(log)), label="snapshot")
    committed = data.draw(st.integers(kept_at, len(log)), label="committed")
    straight = shard()
    said(straight, log[:kept_at], 0)
    again = resumed(straight.parts())
    for offset in range(kept_at, committed):
        again.fold(log[offset], offset)
    said(straight, log[kept_at:committed], kept_at)
    loaded = shard()
    for offset in range(committed):
        loaded.load(log[offset], offset)
    loaded.settle()
    expected = said(straight, log[committed:], committed)
    assert said(again, log[committed:], committed) == expected
    assert said(loaded, log[committed:], committed) == expected
    assert again.odd == straight.odd


def test_a_long_history_goes_on_from_a_snapshot() -> None:
    log = long_history(7, 200)
    straight, half = shard(), len(log) // 2
    said(straight, log[:half], 0)
    again = resumed(straight.parts())
    assert state(again) == state(straight)
    assert said(again, log[half:], half) == said(straight, log[half:], half)
    assert set(again.folds) == set(TERRITORIES)


def ready() -> MatchingShard:
    one = shard()
    for offset, data in enumerate((adopted(book=small_rulebook()), opened(), staff(), need())):
        one.fold(event(data), offset)
    return one


def test_a_copy_is_not_shared_with_the_fold_that_goes_on() -> None:
    one = ready()
    parts = one.parts()
    before = {name: bytes(part) for name, part in parts.items()}
    one.fold(event(staff(1001)), 4)
    assert {name: bytes(part) for name, part in parts.items()} == before


def test_a_copy_in_memory_got_ready_ahead_is_the_same_though_the_fold_outgrew_it() -> None:
    log, one = long_history(5, 60), shard()
    said(one, log, 0)
    plain = one.parts()
    for size in (0, 5_000, 1 << 20):
        one._make_room(size)
        parts = one.parts()
        assert {name: bytes(part) for name, part in parts.items()} == {
            name: bytes(part) for name, part in plain.items()
        }
        said(one, log, 0)  # the copy is not shared
        assert {name: bytes(part) for name, part in parts.items()} == {
            name: bytes(part) for name, part in plain.items()
        }
        one = resumed(plain)


def test_only_a_large_shard_is_prepared_and_once() -> None:
    one = ready()
    assert one.preparation() is None
    needs = next(iter(one.folds.values())).facts.needs
    needs.table = needs.table._replace(tags=np.zeros(1 << 20, dtype=np.int32))
    prepare = one.preparation()
    assert prepare is not None
    prepare()
    assert one.preparation() is None
    one.parts()
    assert one.preparation() is not None


def test_another_format_of_the_columns_is_refused() -> None:
    parts = dict(copied(ready().parts()))
    about = json.loads(bytes(parts["46/about"]))
    parts["46/about"] = memoryview(json.dumps(about | {"format": 0}).encode())
    with pytest.raises(OtherFormatError):
        shard().resume(parts)


def test_other_rules_are_refused() -> None:
    def another(version: int) -> Rulebook:
        return replace(rulebook(version), digest="0" * 64)

    parts = copied(ready().parts())
    with pytest.raises(RulesMismatchError):
        MatchingShard(0, 1, RuleLibrary(another)).resume(parts)
    assert partition_of_territory("46", 1) == 0
