"""The fold and the brute force go through the same random histories, and agree after every event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passerelles.bus.codec import encode
from passerelles.reference.rulebook import Rulebook, rulebook
from schemas.envelope import EPOCH_STRIDE, Event
from schemas.epochs import EpochOpened, RulesAdopted
from schemas.vocabulary import Payload, proposal_id
from services.matching.adoption import RuleLibrary
from services.matching.shard import MatchingShard
from tests.unit.matching.histories import histories, long_history, pair_of
from tests.unit.matching.oracle import Oracle, Said
from tests.unit.matching.scenery import small_rulebook

long = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

Log = Sequence[Event[Payload]]


def shard(book: Rulebook) -> MatchingShard:
    return MatchingShard(0, 1, RuleLibrary(lambda _: book))


def as_said(event: Event[Payload]) -> Said:
    data: Any = event.data
    if event.type == "proposal.withdrawn":
        return ("withdrawn", pair_of(data), data.reason.value)
    proposed = data.model_dump(mode="json", include={"score", "distance_metres", "overlap_days", "reasons"})
    return ("made", pair_of(data), proposed)


def assert_agrees(log: Log, book: Rulebook) -> None:
    fold, oracle = shard(book), Oracle(book.least_kept, book.kept_per_head)
    view: dict[Any, Any] = {}
    contents: dict[Any, str] = {}
    for offset, event in enumerate(log):
        words = fold.fold(event, offset)
        assert [as_said(word) for word in words] == oracle.feed(event), (offset, event)
        for word in words:
            assert_well_formed(word, event, offset)
            kind, pair, proposed = as_said(word)
            key = (word.territory, pair)
            if kind == "withdrawn":
                view.pop(key, None)
            else:
                data: Any = word.data
                if not isinstance(event.data, EpochOpened):
                    assert (data.content == contents.get(key)) == (proposed == view.get(key))
                view[key], contents[key] = proposed, data.content
        for territory, pair in list(view):
            if oracle.lands[territory].standing(pair) == "over":
                del view[territory, pair]  # the registry's word: matching leaves it in silence
        contents = {key: contents[key] for key in view}
        assert view == oracle.open_pairs()


def assert_well_formed(word: Event[Payload], cause: Event[Payload], offset: int) -> None:
    data: Any = word.data
    assert data.id == proposal_id(*pair_of(data))
    assert (word.subject, word.key) == (str(data.id), str(data.id))
    assert data.revision == cause.epoch * EPOCH_STRIDE + offset
    assert (word.time, word.epoch, word.territory) == (cause.time, cause.epoch, cause.territory)
    assert (word.causation_id, data.territory) == (cause.id, cause.territory)


@given(histories())
@settings(long, max_examples=80)
def test_agrees_with_few_pairs_kept(log: Log) -> None:
    assert_agrees(log, small_rulebook())


@given(histories())
@settings(long, max_examples=40)
def test_agrees_with_the_rules_that_ship(log: Log) -> None:
    assert_agrees(log, rulebook(1))


@pytest.mark.parametrize("seed", range(6))
def test_agrees_through_a_long_history(seed: int) -> None:
    assert_agrees(long_history(seed, 250), rulebook(1) if seed == 0 else small_rulebook(least_kept=1 + seed))


@given(histories(most=20))
@settings(long, max_examples=25)
def test_two_folds_of_one_log_agree_to_the_byte(log: Log) -> None:
    one, other = shard(small_rulebook()), shard(small_rulebook())
    for offset, event in enumerate(log):
        said = [encode(word) for word in one.fold(event, offset)]
        assert said == [encode(word) for word in other.fold(event, offset)]


@given(histories(), st.integers(0, 200))
@settings(long, max_examples=50)
def test_a_prefix_loaded_in_silence_leads_to_the_same(log: Log, cut: int) -> None:
    cut = min(cut, len(log))
    straight, restored = shard(small_rulebook()), shard(small_rulebook())
    for offset, event in enumerate(log[:cut]):
        straight.fold(event, offset)
        restored.load(event, offset)
    restored.settle()
    assert state(restored) == state(straight)
    for offset, event in enumerate(log[cut:], cut):
        assert restored.fold(event, offset) == straight.fold(event, offset)
    assert state(restored) == state(straight)
    assert restored.odd == straight.odd


@given(histories(), st.integers(1, 7))
@settings(long, max_examples=25)
def test_a_territory_is_folded_alike_in_any_number_of_partitions(log: Log, partitions: int) -> None:
    together = shard(small_rulebook())
    apart = [MatchingShard(n, partitions, RuleLibrary(lambda _: small_rulebook())) for n in range(partitions)]
    for offset, event in enumerate(log):
        said = [word for each in apart for word in each.fold(event, offset)]
        assert said == list(together.fold(event, offset))


@given(histories(most=20), st.randoms(use_true_random=False))
@settings(long, max_examples=40)
def test_the_order_of_what_is_loaded_does_not_matter(log: Log, random: Any) -> None:
    first = [event for event in log if isinstance(event.data, RulesAdopted)]
    loaded = [event for event in log if not isinstance(event.data, RulesAdopted | EpochOpened)]
    # Two contents under one version are the one thing that depends on order: the first stays.
    loaded = list({(event.id, event.type): event for event in reversed(loaded)}.values())
    opening = [event for event in log if isinstance(event.data, EpochOpened)]
    shuffled = loaded.copy()
    random.shuffle(shuffled)
    said = []
    for order in (loaded, shuffled):
        fold = shard(small_rulebook())
        for event in (*first, *order):
            assert fold.fold(event, 0) == ()
        said.append([word for event in opening for word in fold.fold(event, 7)])
    assert said[0] == said[1]


def state(fold: MatchingShard) -> dict[Any, Any]:
    """Every open set, by territory and need, with what a word about each pair would say."""
    return {
        (territory, need_id): list(each.open_set(need_id))
        for territory, each in fold.folds.items()
        for need_id in each.open_needs()
    }
