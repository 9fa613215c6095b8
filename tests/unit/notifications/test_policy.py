"""Which event owes what to whom, over random histories of both topics."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from schemas.decisions import Outcome, ProposalAccepted, ProposalAgreed, ProposalCancelled, ProposalDeclined, Standing
from schemas.deliveries import MessageKind
from schemas.proposals import Pair, WithdrawalReason
from schemas.vocabulary import Party
from services.notifications.pairs import KnownPair, after
from services.notifications.policy import LADDER, other, owed, owed_anew, still_true
from tests.unit.notifications.samples import BORROWER, LENDER, NEED, NOW, made, outcome, withdrawn

Word = Pair | Outcome

TERRITORIES = ("46", "12")
OUTCOMES = (ProposalAccepted, ProposalAgreed, ProposalDeclined, ProposalCancelled)


@st.composite
def words(draw: st.DrawFn) -> list[Word]:
    """Words of matching and of the registry, each numbered in order, interleaved at random."""
    said: list[Word] = []
    version = 0
    revisions = {"46": 10_000, "12": 0}
    for _ in range(draw(st.integers(1, 12))):
        if draw(st.booleans()):
            territory = draw(st.sampled_from(TERRITORIES))
            revisions[territory] = revision = revisions[territory] + draw(st.integers(1, 3))
            reason = draw(st.sampled_from(WithdrawalReason))
            said.append(
                made(revision, territory=territory)
                if draw(st.booleans())
                else withdrawn(revision, reason=reason, territory=territory)
            )
        else:
            version += 1
            said.append(outcome(draw(st.sampled_from(OUTCOMES)), version, draw(st.sampled_from(Party))))
    return said


def hear(pair: KnownPair | None, word: Word) -> KnownPair:
    return after(pair, word, NOW)


def told(history: Sequence[Word]) -> KnownPair:
    pair = None
    for word in history:
        pair = hear(pair, word)
    assert pair is not None
    return pair


@given(words())
def test_what_is_owed_is_true_and_goes_to_the_company_of_its_party(history: list[Word]) -> None:
    pair = None
    for word in history:
        pair = hear(pair, word)
        for debt in owed(pair, word):
            assert still_true(pair, debt.kind, debt.party)
            borrower = debt.party is Party.BORROWER
            assert debt.company_id == (BORROWER if borrower else LENDER)
            assert debt.subject == (NEED if borrower else LENDER)


@given(words())
def test_the_same_word_again_owes_the_same_and_changes_nothing(history: list[Word]) -> None:
    pair = told(history)
    for word in history:
        assert hear(pair, word) is pair
    last = history[-1]
    assert owed(pair, last) == owed(hear(pair, last), last)


@given(words())
def test_the_order_between_the_topics_does_not_change_what_is_known(history: list[Word]) -> None:
    pairs = [word for word in history if isinstance(word, Pair)]
    outcomes = [word for word in history if isinstance(word, Outcome)]
    assert told([*pairs, *outcomes]) == told([*outcomes, *pairs]) == told(history)


@given(words(), st.sampled_from(TERRITORIES))
def test_an_open_pair_that_is_stated_again_alerts_nobody(history: list[Word], territory: str) -> None:
    pair = told(history)
    again = made(1 << 40, territory=territory)
    restated = hear(pair, again)
    if pair.open:
        assert owed(restated, again) == []
    elif pair.standing is None:
        assert {debt.kind for debt in owed(restated, again)} == {MessageKind.PROPOSED}


@given(words())
def test_a_batch_cut_short_by_a_crash_still_owes_what_is_true(history: list[Word]) -> None:
    """The whole batch is written before anything is gathered; given again, each word is judged by the last state."""
    pair = told(history)
    debts = [debt for word in history for debt in owed(pair, word)]
    if pair.open and pair.standing is None:
        assert sorted(debt.party for debt in debts if debt.kind is MessageKind.PROPOSED) == sorted(Party)
        assert set(debts) == set(owed_anew(pair))
    if pair.standing is Standing.AGREED:
        assert sorted(debt.party for debt in debts if debt.kind is MessageKind.AGREED) == sorted(Party)
    if still_true(pair, MessageKind.ACCEPTED, Party.BORROWER):
        assert {(debt.kind, debt.party) for debt in debts} == {(MessageKind.ACCEPTED, Party.BORROWER)}
    by_kind = {(debt.kind, debt.party) for debt in debts}
    assert len(by_kind) == len(set(debts)), "whichever word makes it owed, it is the same"


@given(words(), st.sampled_from(MessageKind), st.sampled_from(Party))
def test_at_most_one_thing_is_true_of_a_pair(history: list[Word], kind: MessageKind, party: Party) -> None:
    pair = told(history)
    true = [each for each in MessageKind if each not in LADDER and still_true(pair, each, party)]
    if MessageKind.ACCEPTED in true and MessageKind.WITHDRAWN in true:
        raise AssertionError(true)
    assert len(true) <= 1
    awaited = true[:1] in ([MessageKind.PROPOSED], [MessageKind.ACCEPTED])
    assert all(still_true(pair, each, party) is awaited for each in LADDER)
    if kind in true:
        assert still_true(pair, kind, party, "open")


def test_the_one_who_acts_is_not_alerted_of_it() -> None:
    for type_, kind in (
        (ProposalAccepted, MessageKind.ACCEPTED),
        (ProposalDeclined, MessageKind.DECLINED),
        (ProposalCancelled, MessageKind.CANCELLED),
    ):
        for by in Party:
            word = outcome(type_, 1, by)
            assert [(debt.kind, debt.party) for debt in owed(hear(hear(None, made(1)), word), word)] == [
                (kind, other(by))
            ]


def test_a_withdrawal_and_a_decline_are_for_those_who_heard() -> None:
    gone = withdrawn(2)
    pair = hear(hear(None, made(1)), gone)
    assert all(debt.heard_only for debt in owed(pair, gone))
    declined = outcome(ProposalDeclined, 1, Party.LENDER)
    (debt,) = owed(hear(hear(None, made(1)), declined), declined)
    assert debt.heard_only
    accepted = outcome(ProposalAccepted, 1, Party.BORROWER)
    declined = outcome(ProposalDeclined, 2, Party.LENDER)
    (debt,) = owed(told([made(1), accepted, declined]), declined)
    assert not debt.heard_only, "it had accepted: it knows of the pair, by whichever way"


def test_an_accepted_pair_that_is_outranked_stays() -> None:
    gone = withdrawn(2, reason=WithdrawalReason.OUTRANKED)
    pair = told([made(1), outcome(ProposalAccepted, 1, Party.LENDER), gone])
    assert owed(pair, gone) == []
    assert still_true(pair, MessageKind.ACCEPTED, Party.BORROWER)
    moved = withdrawn(3, reason=WithdrawalReason.NEED_MOVED)
    assert not still_true(hear(pair, moved), MessageKind.ACCEPTED, Party.BORROWER)


def test_what_the_registry_decided_contradicts_a_proposal() -> None:
    pair = told([made(1)])
    assert still_true(pair, MessageKind.PROPOSED, Party.LENDER, None)
    assert still_true(pair, MessageKind.PROPOSED, Party.LENDER, "withdrawn"), "its projection may lag behind"
    assert not still_true(pair, MessageKind.PROPOSED, Party.LENDER, "declined")
