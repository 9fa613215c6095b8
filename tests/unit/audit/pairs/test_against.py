"""Why not another agrees with matching's own fold, through random histories: who is proposed, and at which rank."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest

from passerelles.bus.codec import encode
from passerelles.reference.rulebook import rulebook
from schemas.envelope import Event
from schemas.facts import AvailabilityRecorded
from schemas.proposals import ProposalMade
from schemas.topics import TopicName
from schemas.vocabulary import Payload
from services.audit.explain.entity import explain
from services.audit.pairs.comparison import Verdict
from services.audit.reading.port import ArchivedEvent
from services.audit_bridge import MatchingJudge
from services.matching.adoption import RuleLibrary
from services.matching.shard import MatchingShard
from tests.unit.audit.memory_archive import MemoryArchive
from tests.unit.matching.histories import long_history

ONE_IN = 12
"""Each comparison tells a whole story: some of them are enough."""


@pytest.mark.parametrize("seed", range(2))
def test_the_comparison_is_what_the_fold_held(seed: int) -> None:
    verdicts = _compared(long_history(seed, 120))
    assert verdicts[Verdict.PROPOSED] > 10
    assert verdicts[Verdict.REFUSED] > 20


def _compared(log: Sequence[Event[Payload]]) -> Counter[Verdict]:
    shard = MatchingShard(0, 1, RuleLibrary(lambda _: rulebook(1)))
    records: list[ArchivedEvent] = []
    verdicts: Counter[Verdict] = Counter()
    said = 0
    for offset, event in enumerate(log):
        at = event.time + timedelta(milliseconds=1)
        records.append(ArchivedEvent(event.epoch, TopicName.FACTS, 0, offset, at, event, encode(event)))
        for word in shard.fold(event, offset):
            records.append(ArchivedEvent(event.epoch, TopicName.PROPOSALS, 0, said, at, word, encode(word)))
            said += 1
            if said % ONE_IN == 0 and isinstance(word.data, ProposalMade):
                verdicts.update(_agrees(MemoryArchive(records), shard, word.data))
    return verdicts


def _agrees(archive: MemoryArchive, shard: MatchingShard, word: ProposalMade) -> Counter[Verdict]:
    held = shard.folds[word.territory].open_set(word.need_id)
    proposed = {place.staff.id: place for place in held}
    everyone = {
        each.event.data.id
        for each in archive.events(types=("availability.recorded",))
        if each.event and isinstance(each.event.data, AvailabilityRecorded)
    }
    verdicts: Counter[Verdict] = Counter()
    for other in sorted(everyone - {word.availability_id}, key=lambda id_: id_.int):
        comparison = explain(archive, word.id, judge=MatchingJudge(), against=other).comparison
        assert comparison is not None
        verdicts[comparison.verdict] += 1
        assert (comparison.verdict is Verdict.PROPOSED) == (other in proposed), comparison.sentence
        assert (comparison.verdict is Verdict.REFUSED) == (comparison.first_failed is not None)
        if other in proposed:
            assert comparison.other is not None
            appraisal = proposed[other].appraisal
            assert (comparison.other.score, comparison.other.metres) == (appraisal.score, appraisal.metres)
        assert comparison.chosen is not None
        assert comparison.chosen.score == word.score
    return verdicts
