"""A contact's preferences: what was chosen holds, what was not has a sensible default."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.deliveries import Channel, MessageKind
from schemas.preferences import DigestTime, Every, Pace, Preferences


def test_by_default_what_only_informs_waits_for_the_digest_of_the_day() -> None:
    preferences = Preferences()

    assert preferences.pace(MessageKind.PROPOSED, Channel.EMAIL) is Pace.AT_ONCE
    assert preferences.pace(MessageKind.WITHDRAWN, Channel.EMAIL) is Pace.DIGEST
    assert preferences.digest == DigestTime(every=Every.DAY, hour=8)


def test_by_default_a_text_message_brings_only_what_calls_for_an_action() -> None:
    preferences = Preferences()

    paces = {kind: preferences.pace(kind, Channel.SMS) for kind in MessageKind}

    told = {kind for kind, pace in paces.items() if pace is Pace.AT_ONCE}
    assert told == {MessageKind.PROPOSED, MessageKind.ACCEPTED, MessageKind.AGREED, MessageKind.REMINDED_AGAIN}
    assert Pace.DIGEST not in paces.values()


def test_a_choice_changes_that_kind_and_channel_alone() -> None:
    preferences = Preferences(email={MessageKind.PROPOSED: Pace.NEVER})

    assert preferences.pace(MessageKind.PROPOSED, Channel.EMAIL) is Pace.NEVER
    assert preferences.pace(MessageKind.PROPOSED, Channel.SMS) is Pace.AT_ONCE
    assert preferences.pace(MessageKind.AGREED, Channel.EMAIL) is Pace.AT_ONCE


def test_no_choice_moves_a_reminder_to_another_channel() -> None:
    paces = dict.fromkeys(MessageKind, Pace.AT_ONCE)
    preferences = Preferences(email=paces, sms=paces)

    assert preferences.pace(MessageKind.REMINDED_AGAIN, Channel.EMAIL) is Pace.NEVER
    assert preferences.pace(MessageKind.REMINDED, Channel.SMS) is Pace.NEVER
    assert preferences.pace(MessageKind.REMINDED, Channel.EMAIL) is Pace.AT_ONCE


def test_they_read_back_from_json() -> None:
    preferences = Preferences(
        sms={MessageKind.AGREED: Pace.NEVER}, digest=DigestTime(every=Every.WEEK, weekday=4, hour=17)
    )

    assert Preferences.model_validate_json(preferences.model_dump_json()) == preferences


def test_an_hour_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValidationError):
        DigestTime(hour=24)
