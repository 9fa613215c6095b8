"""What left the log before it was read is noticed, and what is read again is no gap."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from structlog.testing import capture_logs

from passerelles.bus.continuity import Continuity
from passerelles.health import Check, Health


class Place(NamedTuple):
    partition: int
    offset: int
    topic: str = "matching.proposals"


class Member:
    """One that reads, and what its check and the log say of it."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self.continuity = Continuity("notifications", check)

    def reads(self, *places: tuple[int, int]) -> list[tuple[int, str]]:
        records: list[Any] = [Place(*each) for each in places]
        with capture_logs() as logs:
            self.continuity.follow(records)
        return [(each["partition"], each["offsets"]) for each in logs if each["event"] == "bus.records_gone"]

    @property
    def gone(self) -> object:
        return self._check.report().get("gone")


@pytest.fixture
def member() -> Member:
    return Member(Health().check("bus.notifications"))


def test_offsets_that_follow_one_another_are_no_gap(member: Member) -> None:
    assert member.reads((0, 7), (1, 0), (0, 8), (1, 1)) == []
    assert member.reads((1, 2), (0, 9)) == []
    assert member.gone is None


def test_a_gap_is_counted_and_said_with_its_place(member: Member) -> None:
    member.reads((0, 7), (1, 0))
    assert member.reads((1, 1), (0, 11), (0, 12)) == [(0, "8-10")]
    assert member.reads((1, 3)) == [(1, "2-2")]
    assert member.gone == 4


def test_what_is_read_again_is_no_gap(member: Member) -> None:
    member.reads((0, 7), (0, 8))
    assert member.reads((0, 7), (0, 8), (0, 9)) == []
    member.continuity.forget()
    assert member.reads((0, 50)) == []
