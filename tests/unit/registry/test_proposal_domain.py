"""A proposal decides the same whoever asks, in whatever order matching's words come, and takes each step once."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelles.errors import ConflictError
from schemas.decisions import Standing
from schemas.envelope import EPOCH_STRIDE, revision_of
from schemas.proposals import ProposalMade, ProposalWithdrawn, WithdrawalReason
from schemas.vocabulary import Party
from services.registry.domain.availability import new_availability
from services.registry.domain.company import new_company
from services.registry.domain.need import new_need
from services.registry.domain.proposal import Proposal, first_heard
from services.registry.domain.telling import outcome_of
from tests.unit.registry.world import START, company_draft, made, need_draft, staff_draft, withdrawn

TODAY = START.date()
BORROWER = new_company(company_draft(732829320, status="joined"), uuid4(), START)
LENDER = new_company(company_draft(443061841, status="joined"), uuid4(), START)
NEED = new_need(need_draft(BORROWER.id), BORROWER, UUID(int=1), TODAY, START)
STAFF = new_availability(staff_draft(LENDER.id), LENDER, UUID(int=2), TODAY, START)


def word(revision: int, kind: str, territory: str) -> ProposalMade | ProposalWithdrawn:
    if kind == "made":
        return made(NEED, STAFF, revision=revision, territory=territory, score=revision % 100)
    return withdrawn(NEED, STAFF, WithdrawalReason(kind), revision=revision).model_copy(update={"territory": territory})


words = st.lists(
    st.tuples(
        st.integers(1, 8),
        st.sampled_from(["made", "outranked", "need_moved"]),
        st.sampled_from(["46", "12"]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda each: (each[0], each[2]),
)


def heard(said: list[tuple[int, str, str]]) -> Proposal:
    proposal: Proposal | None = None
    for revision, kind, territory in said:
        epoch, offset = divmod(revision, EPOCH_STRIDE)
        time = START + timedelta(days=epoch, seconds=offset)
        each = word(revision, kind, territory)
        proposal = first_heard(each, time) if proposal is None else proposal.with_word(each, time)
    assert proposal is not None
    return proposal


@given(words, st.data())
def test_words_lead_to_the_same_proposal_in_any_order_and_told_twice(
    said: list[tuple[int, str, str]], data: st.DataObject
) -> None:
    twice = data.draw(st.lists(st.sampled_from(said), max_size=5))
    shuffled = data.draw(st.permutations([*said, *twice]))
    assert heard(shuffled) == heard(sorted(said))


def test_the_last_word_of_a_territory_counts_and_content_outlives_a_withdrawal() -> None:
    proposal = heard([(5, "made", "46"), (7, "outranked", "46"), (6, "made", "46")])
    assert (proposal.status, proposal.withdrawal_reason) == ("withdrawn", WithdrawalReason.OUTRANKED)
    assert proposal.score == 6


def test_a_need_that_moved_is_proposed_by_its_new_territory_whatever_the_revisions() -> None:
    """The two partitions count their offsets apart: the later word may have the lower revision."""
    proposal = heard([(8, "made", "46"), (2, "made", "12"), (9, "need_moved", "46")])
    assert (proposal.status, proposal.territory, proposal.word.revision) == ("open", "12", 2)


def test_what_a_territory_said_in_an_earlier_epoch_keeps_nothing_open() -> None:
    """The withdrawal that answers it was left behind with its epoch."""
    second = revision_of(1, 0)
    proposal = heard([(8, "made", "46"), (9, "made", "12"), (second + 1, "made", "12")])
    assert (proposal.status, proposal.territory) == ("open", "12")
    proposal = proposal.with_word(word(second + 2, "outranked", "12"), START + timedelta(days=2))
    assert (proposal.status, proposal.territory) == ("withdrawn", "12")


def test_a_withdrawal_of_a_pair_never_seen_makes_a_withdrawn_one() -> None:
    proposal = heard([(3, "outranked", "46")])
    assert (proposal.status, proposal.score) == ("withdrawn", 0)
    assert proposal.with_word(word(4, "made", "46"), START).status == "open"


class TestSteps:
    """Each step is taken from the one before it only, so that a process that comes late changes nothing."""

    @pytest.fixture
    def reserving(self) -> Proposal:
        opened = heard([(1, "made", "46")])
        return opened.accepted(Party.LENDER, START).accepted(Party.BORROWER, START)

    def test_the_second_accept_is_not_told_before_the_agreement(self, reserving: Proposal) -> None:
        assert (reserving.standing, reserving.version, reserving.attempts) == (Standing.ACCEPTED, 1, 1)

    def test_agreed_or_undone_and_never_both(self, reserving: Proposal) -> None:
        undoing = reserving.undoing(1, "le besoin a été retiré")
        assert undoing.agreed(1, 2) is undoing
        agreed = reserving.agreed(1, 2)
        assert agreed.undoing(1, "trop tard") is agreed
        assert agreed.undone(1) is agreed

    def test_a_step_of_another_attempt_is_not_taken(self, reserving: Proposal) -> None:
        again = reserving.undoing(1, "non").undone(1).accepted(Party.BORROWER, START)
        assert again.attempts == 2
        assert again.agreed(1, 2) is again
        assert again.undoing(1, "non") is again
        assert again.agreed(2, 2).standing is Standing.AGREED

    def test_undone_leaves_the_first_accept_and_says_why(self, reserving: Proposal) -> None:
        undone = reserving.undoing(1, "le besoin a pris fin").undone(1)
        assert (undone.status, undone.saga, set(undone.decisions)) == ("open", None, {Party.LENDER})
        assert undone.refused is not None
        assert undone.refused.why == "le besoin a pris fin"

    def test_cancelled_only_after_releasing(self, reserving: Proposal) -> None:
        agreed = reserving.agreed(1, 2).settled(1)
        assert agreed.cancelled(START) is agreed
        cancelled = agreed.releasing(Party.LENDER, None, START).cancelled(START)
        assert (cancelled.status, cancelled.version, outcome_of(cancelled).by) == ("cancelled", 3, Party.LENDER)
        assert cancelled.cancelled(START) is cancelled


@pytest.mark.parametrize("reason", [each for each in WithdrawalReason if each is not WithdrawalReason.OUTRANKED])
def test_a_withdrawn_pair_takes_no_decision(reason: WithdrawalReason) -> None:
    proposal = heard([(1, "made", "46")]).accepted(Party.LENDER, START)
    proposal = proposal.with_word(withdrawn(NEED, STAFF, reason, revision=2), START)
    for decide in (
        lambda: proposal.accepted(Party.BORROWER, START),
        lambda: proposal.declined(Party.LENDER, None, START),
    ):
        with pytest.raises(ConflictError, match="retirée"):
            decide()
