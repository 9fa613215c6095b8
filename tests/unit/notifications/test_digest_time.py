"""A digest leaves at the hour that was chosen, once on each of its days, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from passerelles.reference.calendar import paris_time
from schemas.preferences import DigestTime, Every, Preferences
from services.notifications.digest_time import SPREAD, next_digest
from tests.unit.notifications.policy_oracle import digest_hour
from tests.unit.notifications.samples import some_id
from tests.unit.notifications.test_quiet_hours import INSTANTS

TIMES = st.builds(DigestTime, every=st.sampled_from(Every), weekday=st.integers(0, 6), hour=st.integers(0, 23))


@given(TIMES, INSTANTS, st.uuids())
def test_it_is_the_next_hour_that_was_chosen_by_the_clock_of_paris(
    chosen: DigestTime, now: datetime, contact: UUID
) -> None:
    due = next_digest(chosen, contact, now)
    assert due > now
    minute = timedelta(seconds=contact.int % int(SPREAD.total_seconds()))
    # Told by the hour: what is asked within a contact's own minutes is asked as of the hour before.
    assert due - minute == digest_hour(Preferences(digest=chosen), now - minute)


@given(TIMES, INSTANTS)
def test_two_digests_in_a_row_are_a_day_or_a_week_apart(chosen: DigestTime, now: datetime) -> None:
    contact = some_id("rh")
    first = next_digest(chosen, contact, now)
    second = next_digest(chosen, contact, first)
    days = (paris_time(second).date() - paris_time(first).date()).days
    assert days == (7 if chosen.every is Every.WEEK else 3 if paris_time(first).weekday() == 4 else 1)


@given(TIMES, INSTANTS, st.integers(0, 10 * 86_400))
def test_a_later_question_has_no_earlier_answer(chosen: DigestTime, now: datetime, seconds: int) -> None:
    contact = some_id("rh")
    later = now + timedelta(seconds=seconds)
    assert next_digest(chosen, contact, later) >= next_digest(chosen, contact, now)


def test_an_hour_that_is_skipped_or_comes_twice_brings_one_digest() -> None:
    sunday_at_2 = DigestTime(every=Every.WEEK, weekday=6, hour=2)
    contact = some_id("rh")
    for saturday, hour in ((datetime(2026, 3, 28, tzinfo=UTC), 1), (datetime(2026, 10, 24, tzinfo=UTC), 0)):
        due = next_digest(sunday_at_2, contact, saturday)
        assert due.replace(minute=0, second=0) == saturday + timedelta(days=1, hours=hour)
        assert next_digest(sunday_at_2, contact, due) > due + timedelta(days=6)
