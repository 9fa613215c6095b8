"""Times that have one text, and revisions that an epoch never takes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import EPOCH_STRIDE, format_time, parse_time, revision_of

offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
first, last = datetime(1900, 1, 2, tzinfo=UTC), datetime(9998, 12, 30, tzinfo=UTC)
times = st.builds(
    lambda passed, zone: (first + passed).astimezone(zone), st.timedeltas(timedelta(0), last - first), offsets
)


@given(times)
def test_a_time_reads_back_as_the_same_instant_in_utc(time: datetime) -> None:
    read = parse_time(format_time(time))
    assert read == time
    assert read.tzinfo is UTC


@given(times, offsets)
def test_one_instant_has_one_text_wherever_it_was_written(time: datetime, zone: timezone) -> None:
    assert format_time(time.astimezone(zone)) == format_time(time)


@given(times, times)
def test_texts_sort_as_instants(one: datetime, other: datetime) -> None:
    assert (format_time(one) < format_time(other)) == (one < other)


def test_microseconds_are_always_written() -> None:
    assert format_time(datetime(2026, 11, 23, 8, tzinfo=UTC)) == "2026-11-23T08:00:00.000000Z"


@pytest.mark.parametrize("text", ["2026-11-23T08:00:00", "2026-11-23", "hier", ""])
def test_a_time_without_its_offset_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_time(text)


@given(st.integers(0, 1000), st.integers(0, EPOCH_STRIDE - 1), st.integers(0, EPOCH_STRIDE - 1))
def test_a_later_epoch_is_above_whatever_came_before(epoch: int, one: int, other: int) -> None:
    assert revision_of(epoch, one) < revision_of(epoch + 1, other)
    assert (revision_of(epoch, one) < revision_of(epoch, other)) == (one < other)


@pytest.mark.parametrize("offset", [-1, EPOCH_STRIDE])
def test_an_offset_beyond_its_epoch_is_refused(offset: int) -> None:
    with pytest.raises(ValueError, match=r"2\^40"):
        revision_of(1, offset)
