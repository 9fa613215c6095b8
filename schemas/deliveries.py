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
    """What a message tells."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    AGREED = "agreed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"


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


class DeliveryRecorded(Payload):
    """One proposal was told, or not, to one contact by one channel.

    Attributes:
        id: the delivery's: one message to one contact by one channel, which may tell several proposals.
        version: 1, 2, 3… by delivery.
        attempts: how often the channel was tried.
        code: the channel's own word, `smtp_550` for instance; never free text.
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
