"""A copy of the fold's columns, taken at any record, gives a fold that says the same words from there on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from passerelles.bus.codec import encode
from passerelles.reference.rulebook import rulebook
from schemas.envelope import Event
from schemas.vocabulary import Payload
from services.matching.adoption import RuleLibrary, RulesMismatchError
from services.matching.shard import MatchingShard
from services.matching.state import Columns, OtherFormatError, columns, from_columns
from tests.unit.matching.fed_log import Log
from tests.unit.matching.histories import histories, long_history
from tests.unit.matching.scenery import need, small_rulebook, staff


def copied(shard: MatchingShard) -> MatchingShard:
    """A shard whose folds were made from the columns of this one's."""
    other = MatchingShard(0, 1, shard._library)
    other.odd.update(shard.odd)
    for territory, fold in shard.folds.items():
        other._folds[territory] = from_columns(read_only(columns(fold)), library=shard._library, odd=other.odd)
    return other


def read_only(copy: Columns) -> Columns:
    """As mapped from a file."""
    for value in copy.values():
        if not isinstance(value, bytes):
            value.flags.writeable = False
    return copy


def said(shard: MatchingShard, event: Event[Payload], offset: int) -> list[Any]:
    return [encode(word) for word in shard.fold(event, offset)]


def assert_restores_everywhere(log: Sequence[Event[Payload]]) -> None:
    """At every record, the copy takes over: what differs anywhere is seen in a word, at once or later."""
    straight, restored = (MatchingShard(0, 1, RuleLibrary(lambda _: small_rulebook())) for _ in range(2))
    for offset, event in enumerate(log):
        restored = copied(restored)
        assert said(restored, event, offset) == said(straight, event, offset)
        assert restored.odd == straight.odd


@given(histories(most=40))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_copy_taken_at_every_record_takes_over(log: Sequence[Event[Payload]]) -> None:
    assert_restores_everywhere(log)


def test_a_copy_taken_at_every_record_of_a_long_history_takes_over() -> None:
    assert_restores_everywhere(long_history(11, 200))


def test_a_copy_shares_nothing_with_the_fold() -> None:
    log = Log(loaded=[staff(1000)])
    log.say(need(1))
    copy = columns(log.shard.folds["46"])
    before = {name: bytes(value) for name, value in copy.items()}
    log.say(staff(1001))
    log.say(need(2))
    assert {name: bytes(value) for name, value in copy.items()} == before


def test_another_format_and_other_rules_are_refused() -> None:
    log = Log(loaded=[staff(1000)])
    copy = columns(log.shard.folds["46"])
    other = copy | {"about": bytes(copy["about"]).replace(b'"format": 1', b'"format": 0')}
    with pytest.raises(OtherFormatError):
        from_columns(other, library=log.shard._library, odd=log.shard.odd)
    library = RuleLibrary(lambda _: replace(rulebook(1), digest="0" * 64))
    with pytest.raises(RulesMismatchError):
        from_columns(copy, library=library, odd=log.shard.odd)
