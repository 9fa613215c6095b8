"""What is known of a pair of which several territories speak, each with revisions of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import EPOCH_STRIDE
from schemas.proposals import Pair, WithdrawalReason
from schemas.vocabulary import Party
from services.notifications.pairs import KnownPair, after
from services.notifications.policy import MOVING, owed
from tests.unit.notifications.samples import NOW, made, withdrawn

MOVED = WithdrawalReason.NEED_MOVED


def known(words: Sequence[Pair]) -> KnownPair:
    pair = None
    for word in words:
        pair = after(pair, word, NOW + timedelta(seconds=word.revision % EPOCH_STRIDE))
    assert pair is not None
    return pair


def test_a_need_that_moves_stays_proposed_though_its_revision_falls() -> None:
    here, gone, there = made(9_999), withdrawn(10_000, reason=MOVED), made(5, territory="12", score=60)
    for order in ([here, gone, there], [here, there, gone], [there, here, gone]):
        pair = known(order)
        assert pair.open
        assert pair.score == 60, "as the territory says that proposes it"
        assert pair.withdrawal is None


def test_what_moves_without_a_gap_is_still_the_same_run() -> None:
    here, there, gone = made(9_999), made(5, territory="12"), withdrawn(10_000, reason=MOVED)
    pair = known([here])
    assert known([here, there]).since == known([here, there, gone]).since == pair.since
    assert [owed(known([here, there]), there), owed(known([here, there, gone]), gone)] == [[], []]


def test_what_moves_with_a_gap_is_held_in_between() -> None:
    here, gone, there = made(9_999), withdrawn(10_000, reason=MOVED), made(5, territory="12")
    debts = owed(known([here, gone]), gone)
    assert [(debt.party, debt.heard_only, debt.hold) for debt in debts] == [
        (party, True, MOVING) for party in (Party.BORROWER, Party.LENDER)
    ]
    pair = known([here, gone, there])
    assert owed(pair, gone) == []
    assert all(debt.hold == timedelta() for debt in owed(pair, there))


def test_why_it_ended_is_what_was_said_last() -> None:
    ended = withdrawn(30_000, territory="12", reason=WithdrawalReason.NEED_FILLED)
    pair = known([made(9_999), made(10_001, territory="12"), ended, withdrawn(10_000, reason=MOVED)])
    assert not pair.open
    assert pair.withdrawal is WithdrawalReason.NEED_FILLED


def test_words_of_an_epoch_that_is_over_no_longer_count() -> None:
    old, again = made(9_999), withdrawn(EPOCH_STRIDE + 3, territory="12")
    pair = known([old, again])
    assert pair.closed
    assert after(pair, made(10_001), NOW) is pair
    assert set(pair.words) == {"12"}
    restated = known([old, made(EPOCH_STRIDE + 3, territory="12")])
    assert restated.since == known([old]).since, "an open pair that a new epoch states again is news to nobody"


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Pair], list[Pair]]:
    """What two territories say, each in its order, and one interleaving."""
    said: list[list[Pair]] = []
    for territory, first in (("46", 10_000), ("12", 0)):
        revisions = range(first, first + draw(st.integers(1, 5)))
        reasons = st.none() | st.sampled_from(WithdrawalReason)
        drawn = [(revision, draw(reasons)) for revision in revisions]
        said.append(
            [
                made(revision, territory=territory)
                if reason is None
                else withdrawn(revision, territory=territory, reason=reason)
                for revision, reason in drawn
            ]
        )
    left = [list(said[0]), list(said[1])]
    mixed: list[Pair] = []
    while left[0] or left[1]:
        side = draw(st.booleans())
        mixed.append((left[side] or left[not side]).pop(0))
    return [*said[0], *said[1]], mixed


@given(streams())
def test_the_order_between_territories_changes_nothing_but_the_runs(both: tuple[list[Pair], list[Pair]]) -> None:
    apart, mixed = (known(words) for words in both)
    assert mixed.model_copy(update={"since": None}) == apart.model_copy(update={"since": None})
    assert (mixed.open, mixed.withdrawal) == (apart.open, apart.withdrawal)
    assert all(after(mixed, word, NOW) is mixed for word in both[0])
