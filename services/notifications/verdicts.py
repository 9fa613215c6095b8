"""Whether one contact is told one thing by one channel at once, later or not at all: a pure decision, time given.

The rules, in their order; the first that holds decides, and its name is recorded:

| rule | holds when | verdict |
|---|---|---|
| `told_before`, `not_told` | the contact knows it already, or never knew what it ends | suppressed |
| `unreachable` | the channel's last word is that it does not reach the contact | suppressed |
| `sms_not_asked` | a text message that the contact did not ask for | suppressed |
| `preference` | the contact wants this kind never, or in its digest | suppressed, gathered |
| `pair_limit` | matching's word about a pair that the contact was told of in the last 7 days | gathered |
| `need_limit` | an alert about a need of which one left in the last 24 hours | gathered |
| `contact_limit` | an alert, when 8 left in the last 24 hours | gathered |
| `quiet_hours` | a text message, at an hour at which none leaves | waiting |
| `preference` | otherwise: the contact wants this kind at once | sent |

What would be gathered for a text message is suppressed there (`email_digest` when that was its pace), since the digest
that tells it is the email's. Where email tells this contact nothing of the kind, it is gathered for a text of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from schemas.deliveries import AlertRule, AlertVerdict, Channel, MessageKind
from schemas.preferences import Pace, Preferences
from services.notifications.digest_time import next_digest
from services.notifications.policy import CLOSING, LADDER
from services.notifications.quiet_hours import QuietHours

PROMPTED: Final = frozenset({MessageKind.PROPOSED, *CLOSING})
"""Matching's words: of these a pair brings no second one within the limit of pairs, outside a digest. What a company
decides is news each time, and a reminder comes when it was announced."""

ALERTS: Final = PROMPTED | frozenset(LADDER)
"""What nobody decided: of these a need brings one at once within the limit of needs."""

INFORMS_FOR: Final = timedelta(days=7)
"""How long what only informs waits for a digest that has something to do, before it is old news."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How often a contact is alerted.

    Attributes:
        need: between two alerts about one need that leave at once. A day: with the digest, two mails a day at most
            about what matching finds for a need, however it comes in; the first comes within seconds.
        pair: between two alerts about one pair that leave at once (the domain's "no duplicate contact within 7 days").
        quiet: the hours of text messages.
        contact: how many may leave at once to one contact by one channel within the time of `need`; 0: any number. A
            company that twenty needs look at in a morning reads one digest of them, not twenty mails.
    """

    need: timedelta = timedelta(hours=24)
    pair: timedelta = timedelta(days=7)
    quiet: QuietHours = field(default_factory=QuietHours)
    contact: int = 8


@dataclass(frozen=True, slots=True)
class Reader:
    """A contact by one channel, as far as the policy looks at it.

    Attributes:
        asked: it asked for what comes by this channel; email needs no asking.
        reachable: nothing says that the channel does not reach it.
        mailbox: it has an address, and nothing says that email does not reach it.
    """

    id: UUID
    channel: Channel
    preferences: Preferences = field(default_factory=Preferences)
    asked: bool = True
    reachable: bool = True
    mailbox: bool = True

    def told_by_email(self, kind: MessageKind) -> bool:
        """Whether email tells it this kind of news, now or later. The second reminder follows a first, by email."""
        asked = MessageKind.REMINDED if kind is MessageKind.REMINDED_AGAIN else kind
        return self.mailbox and self.preferences.pace(asked, Channel.EMAIL) is not Pace.NEVER


@dataclass(frozen=True, slots=True)
class Past:
    """What the ledger says of earlier messages to a contact by a channel.

    Attributes:
        against: the rule by which what was told before settles it; none when it may be told.
        pair_at: when it was last told of the pair.
        need_at: when an alert about the need last left at once.
        alerts: how many other messages alerted at once, within the time that the limit of needs looks back.
    """

    against: AlertRule | None = None
    pair_at: datetime | None = None
    need_at: datetime | None = None
    alerts: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done, by which rule; `until` is when what waits, or is gathered, has its turn."""

    verdict: AlertVerdict
    rule: AlertRule
    until: datetime | None = None


_SENT: Final = Decision(AlertVerdict.SENT, AlertRule.PREFERENCE)


def suppressed(rule: AlertRule) -> Decision:
    """Not told, by this rule."""
    return Decision(AlertVerdict.SUPPRESSED, rule)


def decide(
    kind: MessageKind, reader: Reader, past: Past, now: datetime, limits: Limits, *, awaited: bool = False
) -> Decision:
    """What is done about telling this, now; `awaited` as in `policy`."""
    against = _against(reader, past)
    if against is not None:
        return suppressed(against)
    pace = reader.preferences.pace(kind, reader.channel, awaited=awaited)
    if pace is Pace.NEVER:
        return suppressed(AlertRule.PREFERENCE)
    later = _gathering_rule(kind, pace, past, now, limits)
    if later is not None:
        return _gathered(kind, later, reader, now)
    if reader.channel is Channel.SMS:
        opening = limits.quiet.open_from(now)
        if opening > now:
            return Decision(AlertVerdict.WAITING, AlertRule.QUIET_HOURS, opening)
    return _SENT


@dataclass(frozen=True, slots=True)
class Gathered:
    """What waited for a digest that is about to leave.

    Attributes:
        true: it still is.
        against: the rule by which what was told meanwhile settles it; none when it may be told.
        since: when it was gathered.
        informs: as in `policy`; a digest of nothing else does not leave.
    """

    kind: MessageKind
    true: bool
    against: AlertRule | None
    since: datetime
    informs: bool


def digest(gathered: Sequence[Gathered], reader: Reader, now: datetime) -> list[Decision]:
    """What is done about each: told in this digest, kept for the next, or not told.

    A digest leaves when something in it calls for an action, or ends a wait. What only informs goes with it, or waits
    for the next one that leaves, for as long as it is news.
    """
    rules = [_against_in_digest(each, reader) for each in gathered]
    leaves = any(rule is None and not each.informs for each, rule in zip(gathered, rules, strict=True))
    return [
        suppressed(rule) if rule is not None else _SENT if leaves else _kept(each, reader, now)
        for each, rule in zip(gathered, rules, strict=True)
    ]


def _against_in_digest(each: Gathered, reader: Reader) -> AlertRule | None:
    if not each.true:
        return AlertRule.NO_LONGER_TRUE
    if reader.preferences.pace(each.kind, reader.channel) is Pace.NEVER:
        return AlertRule.PREFERENCE
    return each.against or (None if reader.reachable else AlertRule.UNREACHABLE)


def _kept(each: Gathered, reader: Reader, now: datetime) -> Decision:
    if now - each.since >= INFORMS_FOR:
        return suppressed(AlertRule.NOTHING_TO_DO)
    until = next_digest(reader.preferences.digest, reader.id, now)
    return Decision(AlertVerdict.GATHERED, AlertRule.NOTHING_TO_DO, until)


def _against(reader: Reader, past: Past) -> AlertRule | None:
    if past.against is not None:
        return past.against
    if not reader.reachable:
        return AlertRule.UNREACHABLE
    return None if reader.asked else AlertRule.SMS_NOT_ASKED


def _gathering_rule(kind: MessageKind, pace: Pace, past: Past, now: datetime, limits: Limits) -> AlertRule | None:
    if pace is Pace.DIGEST:
        return AlertRule.PREFERENCE
    if kind in PROMPTED and past.pair_at is not None and now - past.pair_at < limits.pair:
        return AlertRule.PAIR_LIMIT
    if kind in ALERTS and past.need_at is not None and now - past.need_at < limits.need:
        return AlertRule.NEED_LIMIT
    if kind in ALERTS and 0 < limits.contact <= past.alerts:
        return AlertRule.CONTACT_LIMIT
    return None


def _gathered(kind: MessageKind, rule: AlertRule, reader: Reader, now: datetime) -> Decision:
    if reader.channel is Channel.SMS and reader.told_by_email(kind):
        return suppressed(AlertRule.EMAIL_DIGEST if rule is AlertRule.PREFERENCE else rule)
    return Decision(AlertVerdict.GATHERED, rule, next_digest(reader.preferences.digest, reader.id, now))
