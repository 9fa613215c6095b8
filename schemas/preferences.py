"""What a contact wants to be told, how soon and by which channel: what registry keeps and notifications obeys.

It never travels on the bus: it comes with the contact, when a message is about to be written.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from schemas.deliveries import Channel, MessageKind


class Pace(StrEnum):
    """How soon a kind of news is told."""

    AT_ONCE = "at_once"
    DIGEST = "digest"
    NEVER = "never"


class Every(StrEnum):
    """How often a digest leaves."""

    DAY = "day"
    WEEK = "week"


DIGEST_BY_DEFAULT: Final = frozenset({MessageKind.DECLINED, MessageKind.WITHDRAWN})
"""What only informs, unless the company waited for it. Whatever asks for an answer, or undoes what was agreed, is told
at once."""

SMS_BY_DEFAULT: Final = frozenset(
    {MessageKind.PROPOSED, MessageKind.ACCEPTED, MessageKind.AGREED, MessageKind.REMINDED_AGAIN}
)
"""A text message interrupts: by default it brings only what calls for an action, to whom asked for text messages."""

NEVER_BY: Final = {
    Channel.EMAIL: frozenset({MessageKind.REMINDED_AGAIN}),
    Channel.SMS: frozenset({MessageKind.REMINDED, MessageKind.ESCALATED}),
}
"""What is no matter of choice: the first reminder is an email, the second a text message, and what is told to a
coordinator is an email. No choice changes that."""

SENT_ANYWAY: Final = frozenset({MessageKind.AGREED, MessageKind.CANCELLED})
"""What ending alerts by email leaves: an agreement of one's own company, with whom to call, and its end. They are part
of carrying out what it decided, and are turned off one by one in the preferences."""


class DigestTime(BaseModel):
    """When a contact's digest leaves, in Paris time.

    Attributes:
        weekday: 0 is Monday; of a weekly digest. A daily one leaves from Monday to Friday.
    """

    model_config = ConfigDict(frozen=True)

    every: Every = Every.DAY
    weekday: Annotated[int, Field(ge=0, le=6)] = 0
    hour: Annotated[int, Field(ge=0, le=23)] = 8


class Preferences(BaseModel):
    """The choices of one contact; what a contact never chose is as it is by default.

    A kind that is absent from `email` or `sms` has its default pace. `digest` of a text message means that the news
    waits for the email's; for one of its own, where no email tells it.
    """

    model_config = ConfigDict(frozen=True)

    email: Mapping[MessageKind, Pace] = Field(default_factory=dict)
    sms: Mapping[MessageKind, Pace] = Field(default_factory=dict)
    digest: DigestTime = DigestTime()

    def pace(self, kind: MessageKind, channel: Channel, *, awaited: bool = False) -> Pace:
        """How soon this contact is told this kind of news by this channel.

        `awaited` is what ends a wait: its company had accepted. By default it is told at once, whatever its kind.
        """
        if kind in NEVER_BY[channel]:
            return Pace.NEVER
        if channel is Channel.SMS:
            return self.sms.get(kind, _SMS[kind])
        return self.email.get(kind, Pace.AT_ONCE if awaited else _EMAIL[kind])


_EMAIL: Final = MappingProxyType(
    {kind: Pace.DIGEST if kind in DIGEST_BY_DEFAULT else Pace.AT_ONCE for kind in MessageKind}
)
_SMS: Final = MappingProxyType({kind: Pace.AT_ONCE if kind in SMS_BY_DEFAULT else Pace.NEVER for kind in MessageKind})
