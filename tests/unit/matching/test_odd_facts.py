"""Epochs, and the odd facts of a log: left aside and counted, or refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from passerelles.reference.rulebook import Rulebook, UnknownRulebookError, rulebook
from schemas.decisions import Standing
from schemas.envelope import revision_of
from schemas.facts import CompanyRecorded
from schemas.vocabulary import CompanyStatus, PostingStatus
from services.matching.adoption import RuleLibrary, RulesMismatchError
from services.matching.odd import Odd
from services.matching.shard import MatchingShard
from tests.unit.matching import scenery
from tests.unit.matching.fed_log import Log
from tests.unit.matching.scenery import (
    MONDAY,
    decision,
    need,
    number,
    small_rulebook,
    staff,
)


def test_a_day_not_after_the_last_one_is_ignored() -> None:
    log = Log(loaded=[scenery.day(MONDAY)])
    assert log.say(scenery.day(MONDAY)) == []
    assert log.say(scenery.day(MONDAY - timedelta(days=1))) == []
    assert log.shard.odd == {Odd.EARLIER_DAY: 2}


def test_odd_versions() -> None:
    log = Log(loaded=[staff(1000, 4)])
    assert log.say(need(1, 2)) == [("made", 1, 1000, 100)]
    assert log.say(staff(1000, 3, status=PostingStatus.WITHDRAWN)) == []
    assert log.say(staff(1000, 4, status=PostingStatus.WITHDRAWN)) == []
    assert log.say(staff(1000, 4)) == []
    assert log.shard.odd == {Odd.OLDER_VERSION: 2, Odd.OTHER_CONTENT: 1}


def test_a_version_gap_is_counted_and_the_fact_taken() -> None:
    log = Log(loaded=[staff(1000, 4)])
    assert log.say(need(1, 2)) == [("made", 1, 1000, 100)]
    assert log.say(staff(1000, 5)) == []
    assert log.shard.odd == {}  # what is met first is no gap, whatever its version: an epoch begins with live facts
    gap = staff(1000, 40, status=PostingStatus.WITHDRAWN)
    assert log.say(gap) == [("withdrawn", 1, 1000, "availability_withdrawn")]
    assert log.say(need(1, 4)) == []
    assert log.shard.odd == {Odd.GAP: 2}


def test_each_kind_is_logged_once_in_a_territory() -> None:
    with capture_logs() as logs:
        log = Log(loaded=[staff(1000, 4), need(1, 2)])
        for _ in range(3):
            log.say(staff(1000, 3))
            log.say(staff(1000, 4, skills=("5",)))
            log.say(need(2, commune="99999"))
            log.say(scenery.day(MONDAY))
        log.say(need(1, 9))
        log.say(need(1, 19))
    seen = [(line["event"], line["odd"], line["territory"], line["partition"]) for line in logs if "odd" in line]
    assert seen == [
        ("matching.left_aside", "older_version", "46", 0),
        ("matching.left_aside", "other_content", "46", 0),
        ("matching.left_aside", "unknown_commune", "46", 0),
        ("matching.left_aside", "earlier_day", "46", 0),
        ("matching.version_gap", "gap", "46", 0),
    ]
    assert log.shard.odd == {
        Odd.OLDER_VERSION: 3,
        Odd.OTHER_CONTENT: 3,
        Odd.UNKNOWN_COMMUNE: 3,
        Odd.EARLIER_DAY: 2,
        Odd.GAP: 2,
    }


def test_an_availability_with_another_content_in_each_territory_is_two() -> None:
    shard = MatchingShard(0, 1)
    for territory, skills in (("46", ("5",)), ("12", ("6",))):
        for data in (scenery.adopted(territory), scenery.opened(territory), staff(1000, skills=skills)):
            shard.fold(scenery.event(data, territory=territory), 0)
    said = []
    for territory in ("46", "12"):
        wanted = need(1, skills=("5",), territories=(territory,))
        words = shard.fold(scenery.event(wanted, territory=territory), 7)
        said += [(word.territory, word.data.score) for word in words]  # type: ignore[attr-defined]
    assert said == [("46", 100), ("12", 80)]
    assert shard.odd == {}


def test_older_and_equal_decisions_are_ignored() -> None:
    log = Log(loaded=[staff(1000), need()])
    log.say(decision(1, 1000, Standing.ACCEPTED, 3))
    assert log.say(decision(1, 1000, Standing.DECLINED, 3)) == []
    assert log.say(decision(1, 1000, Standing.OPEN, 0)) == []
    assert log.shard.odd == {Odd.OLDER_VERSION: 1, Odd.OTHER_CONTENT: 1}
    assert log.say(staff(1000, 2, headcount=2)) == [("made", 1, 1000, 100)]


def test_an_unknown_commune_and_other_facts_are_left_aside() -> None:
    log = Log(loaded=[staff(1000)])
    assert log.say(need(commune="99999")) == []
    recorded = CompanyRecorded(
        id=number(5), version=1, siren=scenery.BORROWER, status=CompanyStatus.JOINED, branch="x", commune="46102"
    )
    assert log.say(recorded) == []
    assert log.shard.odd == {Odd.UNKNOWN_COMMUNE: 1}


def test_an_epoch_restates_its_pairs_and_withdraws_what_was_stated_and_is_no_more() -> None:
    stated = [
        decision(1, 1000, Standing.OPEN, 0),
        decision(1, 1001, Standing.ACCEPTED, 1),
        decision(1, 1002, Standing.DECLINED, 1),
        decision(1, 1003, Standing.OPEN, 0),
        decision(1, 1004, Standing.OPEN, 0),
        decision(9, 1000, Standing.ACCEPTED, 2),
        decision(9, 1000, Standing.OPEN, 0),
    ]
    people = [staff(1000), staff(1001), staff(1002), staff(1003, headcount_left=0)]
    log = Log(loaded=[*stated, *people, need()])
    assert log.opening == [
        ("withdrawn", 1, 1003, "availability_filled"),
        ("withdrawn", 1, 1004, "availability_withdrawn"),
        ("withdrawn", 9, 1000, "need_withdrawn"),
        ("made", 1, 1000, 100),
        ("made", 1, 1001, 100),
    ]
    assert log.say(scenery.opened()) == []
    assert log.shard.odd == {Odd.OLDER_VERSION: 1, Odd.OPENED_AGAIN: 1}


def test_a_new_epoch_begins_anew() -> None:
    log = Log(loaded=[staff(1000), need()])
    assert log.say(scenery.adopted(epoch=2), epoch=2) == []
    assert log.say(staff(1001), epoch=1) == []
    assert log.say(need(), epoch=2) == []
    assert log.say(staff(1003), epoch=2) == []
    assert log.say(scenery.opened(epoch=2), epoch=2) == [("made", 1, 1003, 100)]
    assert log.events[0].data.revision == revision_of(2, log.offset - 1)  # type: ignore[attr-defined]
    assert log.say(scenery.adopted(epoch=1), epoch=1) == []
    assert log.shard.odd == {Odd.OTHER_EPOCH: 2}


def test_facts_of_a_territory_that_is_not_laid_out_here_are_left_aside() -> None:
    shard = MatchingShard(0, 4)
    for territory in ("46", "12"):  # both in partition 2 of 4
        for data in (scenery.adopted(territory), staff(1000)):
            assert shard.fold(scenery.event(data, territory=territory), 0) == ()
    assert shard.odd == {Odd.ELSEWHERE: 4}
    assert shard.fold(scenery.event(staff(1000), territory="09"), 0) == ()
    assert shard.odd[Odd.NOT_ADOPTED] == 1


def test_rules_that_are_not_those_of_this_build_are_refused() -> None:
    log = Log()
    other = replace(rulebook(1), digest="0" * 64)
    with pytest.raises(RulesMismatchError, match="empreinte"):
        log.say(scenery.adopted(book=other))
    with pytest.raises(RulesMismatchError, match="empreinte"):
        MatchingShard(0, 1).load(scenery.event(scenery.adopted(book=other)), 0)

    def none(_: int) -> Rulebook:
        raise UnknownRulebookError

    with pytest.raises(RulesMismatchError, match="version 1"):
        MatchingShard(0, 1, RuleLibrary(none)).fold(scenery.event(scenery.adopted()), 0)


def test_the_same_rules_adopted_again_change_nothing_and_others_match_anew() -> None:
    books = {1: small_rulebook(1), 2: replace(small_rulebook(2), version=2, digest="2" * 64)}
    log = Log(books[1], loaded=[staff(1000), staff(1001)])
    log.shard._library._rulebooks = books.__getitem__
    log.say(need())
    assert log.say(scenery.adopted(book=books[1])) == []
    assert log.say(scenery.adopted(book=books[2])) == [("made", 1, 1001, 100)]
