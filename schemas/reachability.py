"""What was learnt about a contact's address from a message that left for it: unreached there, or not wanted there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.deliveries import Channel
from schemas.vocabulary import Payload, Version


class ContactUnreachable(Payload):
    """A channel does not reach a contact, by the word of a server or provider.

    Attributes:
        version: 1, 2, 3… by contact and channel.
        code: `dsn_5_1_1` or `brevo_hard_bounce` for instance; never free text.
        sent_at: when the message that did not arrive was made: it says nothing of an address that was given later.
    """

    version: Version
    company_id: UUID
    contact_id: UUID
    channel: Channel
    code: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
    sent_at: datetime
    at: datetime


class ContactOptedOut(Payload):
    """A contact answered STOP, to us or to the provider: it no longer asks for messages by this channel.

    Attributes:
        version: 1, 2, 3… by contact and channel, together with those of `contact.unreachable`.
        at: when it was said; asking for messages after that stands.
    """

    version: Version
    company_id: UUID
    contact_id: UUID
    channel: Channel
    at: datetime
