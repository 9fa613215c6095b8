"""What became of a message owed to a contact."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.vocabulary import Party, Payload, Version


class Channel(StrEnum):
    """How a message travels."""

    EMAIL = "email"
    SMS = "sms"


class MessageKind(StrEnum):
    """What a message tells.

    `reminded`, by email, and `reminded_again`, by text message: an answer is still awaited from the contact's company.
    `escalated` says the same to the coordinator of its département.
    """

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    AGREED = "agreed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    REMINDED = "reminded"
    REMINDED_AGAIN = "reminded_again"
    ESCALATED = "escalated"


class DeliveryState(StrEnum):
    """Where a delivery ended, or stands.

    `unknown`: handed over without an answer; nobody can know, and it is never sent again by itself. `dropped`: no
    longer true, or nobody to tell, when its time came.
    """

    RESERVED = "reserved"
    ATTEMPTING = "attempting"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DROPPED = "dropped"


class Receipt(StrEnum):
    """What was heard about a message after it was handed over, from whoever was to bring it."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


class DeliveryRecorded(Payload):
    """One proposal was told, or not, to one contact by one channel.

    Attributes:
        id: the delivery's: one message to one contact by one channel, which may tell several proposals.
        version: 1, 2, 3… by delivery.
        contact_id: of the company, or the coordinator to whom it is `escalated`.
        attempts: how often the channel was tried.
        code: the channel's own word, `smtp_550` for instance; never free text.
        receipt: what was heard since it was handed over; none as long as nothing was.
    """

    id: UUID
    version: Version
    message_id: UUID
    proposal_id: UUID
    company_id: UUID
    contact_id: UUID
    party: Party
    channel: Channel
    kind: MessageKind
    state: DeliveryState
    at: datetime
    attempts: int
    code: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")] | None = None
    receipt: Receipt | None = None


class AlertVerdict(StrEnum):
    """What the policy decided.

    `sent`: handed to the channel at once. `gathered`: kept for the contact's next digest. `waiting`: handed to the
    channel once it may be used again. `suppressed`: not told.
    """

    SENT = "sent"
    GATHERED = "gathered"
    WAITING = "waiting"
    SUPPRESSED = "suppressed"


class AlertRule(StrEnum):
    """The rule by which the policy decided.

    `preference`: what the contact chose, or the default of what it never chose. `email_digest`: it waits for the
    digest, and a text message has none. `need_limit`: an alert about the same need left not long ago. `contact_limit`:
    several about other needs did. `pair_limit`: the contact was told of the same pair in the last days. `quiet_hours`:
    no text messages at this hour. `told_before`: the contact was told the same, and not the contrary since. `not_told`:
    it is only for those who were told of the pair. `unreachable`: the channel says that it does not reach this contact.
    `sms_not_asked`: the contact did not ask for text messages. `channel_off`: this installation has no such channel.
    `no_coordinator`: the département has none. `nothing_to_do`: a digest that calls for no action is not sent.
    `no_longer_true`: overtaken while it waited.
    """

    PREFERENCE = "preference"
    EMAIL_DIGEST = "email_digest"
    NEED_LIMIT = "need_limit"
    CONTACT_LIMIT = "contact_limit"
    PAIR_LIMIT = "pair_limit"
    QUIET_HOURS = "quiet_hours"
    TOLD_BEFORE = "told_before"
    NOT_TOLD = "not_told"
    UNREACHABLE = "unreachable"
    SMS_NOT_ASKED = "sms_not_asked"
    CHANNEL_OFF = "channel_off"
    NO_COORDINATOR = "no_coordinator"
    NOTHING_TO_DO = "nothing_to_do"
    NO_LONGER_TRUE = "no_longer_true"


class AlertDecided(Payload):
    """What the policy decided about telling one contact, by one channel, one thing about one proposal.

    Attributes:
        id: of the delivery that it decides about, whether or not one leaves.
        version: 1, 2, 3… by delivery, together with those of `delivery.recorded`; the last decision holds.
        contact_id: of the company, or the coordinator to whom it is `escalated`; none where there is no coordinator.
        at: when it was decided.
        until: when the digest leaves, or the channel may be used again; none when it does not wait.
    """

    id: UUID
    version: Version
    message_id: UUID
    proposal_id: UUID
    company_id: UUID
    contact_id: UUID | None
    party: Party
    channel: Channel
    kind: MessageKind
    verdict: AlertVerdict
    rule: AlertRule
    at: datetime
    until: datetime | None = None
