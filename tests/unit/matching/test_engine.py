"""What one territory says, by examples: who stays beside the best, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.decisions import Standing
from schemas.envelope import revision_of
from schemas.vocabulary import PostingStatus, proposal_id
from tests.unit.matching.fed_log import Log
from tests.unit.matching.scenery import (
    CAHORS,
    CAPDENAC,
    DECAZEVILLE,
    decision,
    need,
    number,
    small_rulebook,
    staff,
)


def test_a_new_need_meets_the_staff_available_and_new_staff_the_open_needs() -> None:
    log = Log(loaded=[staff(1000)])
    assert log.say(need(1)) == [("made", 1, 1000, 100)]
    assert log.say(staff(1001, commune=CAPDENAC)) == [("made", 1, 1001, 97)]
    assert log.say(need(2, occupation="H2906")) == [("made", 2, 1000, 88), ("made", 2, 1001, 85)]


def test_what_a_word_carries() -> None:
    log = Log(loaded=[staff(1000, 3)])
    log.say(need(1, 2))
    (event,) = log.events
    data: Any = event.data
    assert data.id == proposal_id(number(1), number(1000))
    assert (data.need_version, data.availability_version, data.rules_version) == (2, 3, 1)
    assert data.revision == revision_of(1, log.offset - 1)
    assert (data.borrower_id, data.lender_id) == (need().company_id, staff().company_id)
    assert [reason.rule for reason in data.reasons] == [
        "occupation",
        "skills",
        "distance",
        "period",
        "pay",
        "mode",
        "certificates",
        "capacity",
    ]


@pytest.mark.parametrize(("headcount", "kept"), [(1, 10), (5, 10), (6, 12), (1000, 14)])
def test_a_need_keeps_ten_pairs_or_two_a_person(headcount: int, kept: int) -> None:
    log = Log(loaded=[staff(1000 + n) for n in range(14)])
    assert log.say(need(headcount=headcount)) == [("made", 1, 1000 + n, 100) for n in range(kept)]


def test_fewer_people_left_keep_fewer_pairs() -> None:
    log = Log(loaded=[staff(1000 + n) for n in range(14)])
    log.say(need(headcount=7))
    words = log.say(need(version=2, headcount=7, headcount_left=6))
    assert words[:2] == [("withdrawn", 1, 1012, "outranked"), ("withdrawn", 1, 1013, "outranked")]
    assert [word[0] for word in words[2:]] == ["made"] * 12  # the figure of the people left is one of the reasons


def test_a_better_newcomer_pushes_the_last_out() -> None:
    log = Log(small_rulebook(2), loaded=[staff(1000, commune=CAPDENAC), staff(1001, commune=DECAZEVILLE)])
    log.say(need())
    assert log.say(staff(1002)) == [("withdrawn", 1, 1001, "outranked"), ("made", 1, 1002, 100)]
    assert log.say(staff(1003, commune=DECAZEVILLE)) == []


def test_equal_scores_go_by_distance_then_by_id() -> None:
    # 17 points for the distance on both sides: 7.3 km of 50, and 24.5 km of 165.
    near, far = staff(1005, commune=CAPDENAC), staff(1001, commune=DECAZEVILLE, mobility_km=165)
    log = Log(small_rulebook(2), loaded=[near, far])
    assert log.say(need()) == [("made", 1, 1005, 97), ("made", 1, 1001, 97)]
    ties = Log(small_rulebook(2), loaded=[staff(1009), staff(1004), staff(1007)])
    assert [word[2] for word in ties.say(need())] == [1004, 1007]
    assert ties.say(staff(1003)) == [("withdrawn", 1, 1007, "outranked"), ("made", 1, 1003, 100)]
    assert ties.say(staff(1008)) == []


def test_when_one_leaves_the_next_best_comes_up() -> None:
    people = [staff(1000 + n) for n in range(3)]
    log = Log(small_rulebook(2), loaded=people)
    log.say(need())
    gone = log.say(staff(1000, 2, status=PostingStatus.WITHDRAWN))
    assert gone == [("withdrawn", 1, 1000, "availability_withdrawn"), ("made", 1, 1002, 100)]
    assert log.say(decision(1, 1001, Standing.DECLINED)) == []
    log.say(staff(1005))
    assert log.say(decision(1, 1002, Standing.DECLINED)) == []


def test_a_declined_pair_leaves_in_silence_and_never_comes_back() -> None:
    log = Log(small_rulebook(1), loaded=[staff(1000), staff(1001)])
    log.say(need())
    assert log.say(decision(1, 1000, Standing.DECLINED)) == [("made", 1, 1001, 100)]
    assert log.say(staff(1000, 2, skills=("1",))) == []
    assert log.say(need(version=2, headcount=3)) == [("made", 1, 1001, 100)]


@pytest.mark.parametrize("standing", [Standing.AGREED, Standing.DECLINED, Standing.CANCELLED])
def test_what_the_registry_ended_is_not_withdrawn_again(standing: Standing) -> None:
    log = Log(loaded=[staff(1000)])
    log.say(need())
    assert log.say(decision(1, 1000, standing)) == []
    assert log.say(need(version=2, status=PostingStatus.WITHDRAWN)) == []


def test_an_accepted_pair_stands_beside_the_best() -> None:
    log = Log(small_rulebook(1), loaded=[staff(1000, commune=CAPDENAC), staff(1001, commune=DECAZEVILLE)])
    log.say(need())
    assert log.say(decision(1, 1000, Standing.ACCEPTED)) == [("made", 1, 1001, 90)]
    assert log.say(staff(1002)) == [("withdrawn", 1, 1001, "outranked"), ("made", 1, 1002, 100)]
    assert log.say(decision(1, 1000, Standing.ACCEPTED)) == []
    assert log.say(staff(1000, 2, commune=CAHORS, mobility_km=90)) == [("made", 1, 1000, 85)]
    assert log.say(staff(1000, 3, mobility_km=1, commune=CAHORS)) == [("withdrawn", 1, 1000, "no_longer_eligible")]


def test_an_accept_brings_back_a_pair_that_was_outranked() -> None:
    log = Log(small_rulebook(1), loaded=[staff(1001, commune=CAPDENAC)])
    log.say(need())
    log.say(staff(1000))
    assert log.say(decision(1, 1001, Standing.ACCEPTED)) == [("made", 1, 1001, 97)]


def test_an_agreement_known_by_its_facts_first_is_not_told_as_a_withdrawal() -> None:
    agreed = proposal_id(number(1), number(1000))
    log = Log(loaded=[staff(1000), staff(1001)])
    log.say(need())
    log.say(decision(1, 1000, Standing.ACCEPTED))
    filled = need(version=2, headcount_left=0, proposal_id=agreed)
    assert log.say(filled) == [("withdrawn", 1, 1001, "need_filled")]
    assert log.say(staff(1000, 2, headcount_left=0, proposal_id=agreed)) == []
    assert log.say(decision(1, 1000, Standing.AGREED, 2)) == []


def test_two_needs_race_for_one_person() -> None:
    agreed = proposal_id(number(1), number(1000))
    log = Log(loaded=[staff(1000), need(1), need(2)])
    log.say(decision(1, 1000, Standing.ACCEPTED))
    log.say(decision(2, 1000, Standing.ACCEPTED))
    taken = staff(1000, 2, headcount_left=0, proposal_id=agreed)
    assert log.say(taken) == [("withdrawn", 2, 1000, "availability_filled")]


def test_an_edit_that_changes_nothing_between_the_two_says_nothing() -> None:
    log = Log(loaded=[staff(1000)])
    log.say(need())
    assert log.say(need(version=2)) == []
    assert log.say(staff(1000, 5, skills=("8",))) == []
    assert log.say(staff(1000, 6, headcount=9)) == [("made", 1, 1000, 100)]
