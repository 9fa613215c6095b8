"""When the steps of the ladder are due: not sooner than announced, together for a company, spread over the hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.notifications.ladder import FURTHER, PATIENCE, due
from tests.unit.notifications.test_quiet_hours import INSTANTS

HOUR = timedelta(hours=1)


@given(st.uuids(), INSTANTS, st.sampled_from((PATIENCE, FURTHER)))
def test_a_step_is_due_after_its_wait_and_within_the_hour(company: UUID, now: datetime, wait: timedelta) -> None:
    at = due(company, now, wait)
    assert now + wait < at <= now + wait + HOUR
    assert at.tzinfo is UTC


@given(st.uuids(), INSTANTS, st.integers(0, 3_599), st.integers(0, 3_599))
def test_what_waits_for_one_company_is_due_together(company: UUID, now: datetime, one: int, two: int) -> None:
    first, second = (due(company, now + timedelta(seconds=each), PATIENCE) for each in sorted((one, two)))
    assert second - first in {timedelta(), HOUR}


def test_companies_come_one_after_the_other() -> None:
    now = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    times = {due(UUID(int=number * 7919), now, PATIENCE) for number in range(600)}
    by_minute = [sum(1 for at in times if at.minute == minute) for minute in range(60)]
    assert max(by_minute) <= 20
