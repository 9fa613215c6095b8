"""The policy against an oracle written apart, and what it promises over whole histories of one contact."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.deliveries import AlertRule, AlertVerdict, Channel, MessageKind
from schemas.preferences import DigestTime, Every, Pace, Preferences
from services.notifications.digest_time import SPREAD
from services.notifications.verdicts import ALERTS, PROMPTED, Decision, Limits, Past, Reader, decide
from tests.unit.notifications.policy_oracle import Telling, expected
from tests.unit.notifications.samples import NOW, some_id
from tests.unit.notifications.test_quiet_hours import INSTANTS

LIMITS = Limits()
CONTACT = some_id("rh")
PACES = st.dictionaries(st.sampled_from(MessageKind), st.sampled_from(Pace))
PREFERENCES = st.builds(
    Preferences,
    email=PACES,
    sms=PACES,
    digest=st.builds(DigestTime, every=st.sampled_from(Every), weekday=st.integers(0, 6), hour=st.integers(0, 23)),
)
HOURS = st.integers(0, 10 * 24)


@st.composite
def tellings(draw: st.DrawFn, now: datetime) -> list[Telling]:
    return [
        Telling(
            now - timedelta(hours=draw(HOURS), minutes=draw(st.integers(0, 1))),
            draw(st.sampled_from("mn")),
            draw(st.sampled_from("pq")),
            draw(st.sampled_from(MessageKind)).value,
        )
        for _ in range(draw(st.integers(0, 4)))
    ]


def past_of(said: Sequence[Telling], need: str, pair: str) -> Past:
    return Past(
        pair_at=max((each.at for each in said if each.pair == pair), default=None),
        need_at=max((each.at for each in said if each.need == need and each.kind in ALERTS), default=None),
    )


@given(st.data(), INSTANTS, st.sampled_from(MessageKind), st.sampled_from(Channel), PREFERENCES)
def test_it_is_what_the_oracle_says(
    data: st.DataObject, now: datetime, kind: MessageKind, channel: Channel, preferences: Preferences
) -> None:
    said = data.draw(tellings(now))
    decision = decide(kind, Reader(CONTACT, channel, preferences), past_of(said, "m", "p"), now, LIMITS)
    verdict, rule, until = expected((kind, channel, "m", "p"), preferences, said, now)
    assert (decision.verdict, decision.rule) == (verdict, rule)
    if until is None:
        assert decision.until is None
    else:
        assert decision.until is not None
        hour = until()
        # An hour of digests lasts for ten minutes, and the contact's minute in it may still come.
        assert hour <= decision.until < hour + SPREAD or now < decision.until < now + SPREAD


@given(INSTANTS, st.sampled_from(MessageKind), st.sampled_from(Channel), PREFERENCES, st.sampled_from(AlertRule))
def test_what_was_told_settles_it_first(
    now: datetime, kind: MessageKind, channel: Channel, preferences: Preferences, rule: AlertRule
) -> None:
    reader = Reader(CONTACT, channel, preferences)
    assert decide(kind, reader, Past(against=rule), now, LIMITS) == Decision(AlertVerdict.SUPPRESSED, rule)
    for reader, reason in (
        (Reader(CONTACT, channel, preferences, reachable=False), AlertRule.UNREACHABLE),
        (Reader(CONTACT, channel, preferences, asked=False), AlertRule.SMS_NOT_ASKED),
    ):
        assert decide(kind, reader, Past(), now, LIMITS) == Decision(AlertVerdict.SUPPRESSED, reason)


@given(
    INSTANTS,
    st.lists(
        st.tuples(st.sampled_from(MessageKind), st.sampled_from("mn"), st.sampled_from("pqr"), st.integers(0, 40)),
        max_size=40,
    ),
    st.sampled_from(Channel),
    PREFERENCES,
)
def test_over_a_whole_history_nobody_is_alerted_twice_within_a_window_and_nothing_is_lost(
    now: datetime, news: Sequence[tuple[MessageKind, str, str, int]], channel: Channel, preferences: Preferences
) -> None:
    reader = Reader(CONTACT, channel, preferences)
    said: list[Telling] = []
    for kind, need, pair, hours in news:
        now += timedelta(hours=hours)
        decision = decide(kind, reader, past_of(said, need, pair), now, LIMITS)
        waits = decision.verdict in {AlertVerdict.GATHERED, AlertVerdict.WAITING}
        assert waits is (decision.until is not None)
        assert decision.until is None or decision.until > now
        assert (decision.verdict is AlertVerdict.GATHERED) <= (
            channel is Channel.EMAIL or not reader.told_by_email(kind)
        )
        assert (decision.verdict is AlertVerdict.WAITING) <= (channel is Channel.SMS)
        if decision.verdict in {AlertVerdict.SENT, AlertVerdict.WAITING}:
            said.append(Telling(now, need, pair, kind))
        elif preferences.pace(kind, channel) is Pace.AT_ONCE:
            assert decision.rule in {AlertRule.PAIR_LIMIT, AlertRule.NEED_LIMIT}, "nothing else stands in its way"
    for need in "mn":
        alerts = [each.at for each in said if each.need == need and each.kind in ALERTS]
        assert all(two - one >= LIMITS.need for one, two in pairwise(alerts))
    for pair in "pqr":
        about = [each for each in said if each.pair == pair]
        assert all(two.at - one.at >= LIMITS.pair for one, two in pairwise(about) if two.kind in PROMPTED)


@given(
    INSTANTS,
    st.integers(0, 30 * 86_400),
    st.sampled_from(MessageKind),
    st.builds(Reader, st.just(CONTACT), st.sampled_from(Channel), PREFERENCES),
    st.data(),
)
def test_as_time_passes_what_may_leave_stays_so_and_turns_come_no_earlier(
    now: datetime, seconds: int, kind: MessageKind, reader: Reader, data: st.DataObject
) -> None:
    past = past_of(data.draw(tellings(now)), "m", "p")
    early = decide(kind, reader, past, now, LIMITS)
    late = decide(kind, reader, past, now + timedelta(seconds=seconds), LIMITS)
    leaves = {AlertVerdict.SENT, AlertVerdict.WAITING}
    if early.verdict in leaves:
        assert late.verdict in leaves
    if early.until is not None and late.until is not None:
        assert late.until >= early.until


@given(st.sampled_from(sorted(ALERTS)), st.integers(0, 20), st.integers(0, 20))
def test_as_many_alerts_leave_at_once_as_may(kind: MessageKind, most: int, before: int) -> None:
    preferences = Preferences(email=dict.fromkeys(MessageKind, Pace.AT_ONCE))
    reader = Reader(CONTACT, Channel.EMAIL, preferences)
    decision = decide(kind, reader, Past(alerts=before), NOW, Limits(contact=most))
    if kind is MessageKind.REMINDED_AGAIN:
        assert decision.verdict is AlertVerdict.SUPPRESSED
    elif most and before >= most:
        assert (decision.verdict, decision.rule) == (AlertVerdict.GATHERED, AlertRule.CONTACT_LIMIT)
    else:
        assert decision.verdict is AlertVerdict.SENT


@pytest.mark.parametrize("kind", [MessageKind.ACCEPTED, MessageKind.AGREED, MessageKind.CANCELLED])
def test_what_a_company_decided_is_news_however_much_was_told_before(kind: MessageKind) -> None:
    moment_ago = NOW - timedelta(minutes=1)
    past = Past(pair_at=moment_ago, need_at=moment_ago, alerts=99)
    decision = decide(kind, Reader(CONTACT, Channel.EMAIL), past, NOW, LIMITS)
    assert decision.verdict is AlertVerdict.SENT
