"""The policy once more, written apart from it: slow, by walking the hours and by lists of what was told before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import holidays

from schemas.preferences import Every, Preferences

PARIS = ZoneInfo("Europe/Paris")
UTC_ZONE = ZoneInfo("UTC")
FRANCE = holidays.country_holidays("FR")
HOUR = timedelta(hours=1)
"""Paris is whole hours from UTC: nothing begins or ends between two of them."""


@dataclass(frozen=True)
class Telling:
    """Something that left at once, by the channel that is asked about."""

    at: datetime
    need: str
    pair: str
    kind: str


def hours(after: datetime) -> Iterator[datetime]:
    at = after.astimezone(UTC_ZONE).replace(minute=0, second=0, microsecond=0)
    while True:
        at += HOUR
        yield at


def may_text(at: datetime) -> bool:
    wall = at.astimezone(PARIS)
    return wall.weekday() != 6 and wall.date() not in FRANCE and 8 <= wall.hour < 20


def text_opens(now: datetime) -> datetime:
    return now if may_text(now) else next(filter(may_text, hours(now)))


def digest_hour(preferences: Preferences, now: datetime) -> datetime:
    """The first full hour after `now` at which a digest is due, walking the clock of Paris."""
    chosen = preferences.digest

    def due(at: datetime) -> bool:
        wall, before = at.astimezone(PARIS), (at - HOUR).astimezone(PARIS)
        if chosen.every is Every.WEEK and wall.weekday() != chosen.weekday:
            return False
        if chosen.every is Every.DAY and wall.weekday() > 4:
            return False
        if (wall.date(), wall.hour) == (before.date(), before.hour):
            return False
        skipped = wall.date() == before.date() and wall.hour == before.hour + 2 and chosen.hour == before.hour + 1
        return wall.hour == chosen.hour or skipped

    return next(filter(due, hours(now)))


USUAL = {
    "email": dict.fromkeys(("proposed", "accepted", "agreed", "cancelled", "reminded", "escalated"), "at_once")
    | {"declined": "digest", "withdrawn": "digest"},
    "sms": dict.fromkeys(("proposed", "accepted", "agreed", "reminded_again"), "at_once"),
}
MACHINE = {"proposed", "withdrawn", "reminded", "reminded_again", "escalated"}


def pace_of(kind: str, channel: str, preferences: Preferences) -> str:
    if (channel, kind) in {("email", "reminded_again"), ("sms", "reminded"), ("sms", "escalated")}:
        return "never"
    choices = preferences.email if channel == "email" else preferences.sms
    chosen = {each.value: pace.value for each, pace in choices.items()}
    return chosen.get(kind, USUAL[channel].get(kind, "never"))


def later_rule(case: tuple[str, str, str, str], pace: str, past: Sequence[Telling], now: datetime) -> str | None:
    kind, _, need, pair = case
    if pace == "digest":
        return "preference"
    week = [each for each in past if each.at > now - timedelta(days=7)]
    if kind in {"proposed", "withdrawn"} and any(each.pair == pair for each in week):
        return "pair_limit"
    day = [each for each in past if each.at > now - timedelta(hours=24)]
    if kind in MACHINE and any(each.need == need and each.kind in MACHINE for each in day):
        return "need_limit"
    return None


def expected(
    case: tuple[str, str, str, str],
    preferences: Preferences,
    past: Sequence[Telling],
    now: datetime,
) -> tuple[str, str, Callable[[], datetime] | None]:
    """Verdict, rule, and how to find until when; `case` is a kind, a channel, a need and a pair."""
    kind, channel, *_ = case
    pace = pace_of(kind, channel, preferences)
    later = later_rule(case, pace, past, now)
    if pace == "never":
        return "suppressed", "preference", None
    by_email = "reminded" if kind == "reminded_again" else kind
    if later and channel == "sms" and pace_of(by_email, "email", preferences) != "never":
        return "suppressed", "email_digest" if later == "preference" else later, None
    if later:
        return "gathered", later, lambda: digest_hour(preferences, now)
    if channel == "sms" and not may_text(now):
        return "waiting", "quiet_hours", lambda: text_opens(now)
    return "sent", "preference", None
