"""A contact: a person of a company, where it is reached, and what is known about being reached there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.deliveries import Channel
from schemas.preferences import Preferences


class Contact(BaseModel):
    """A person of a company to be alerted: by email always, by SMS if they asked for it.

    Attributes:
        phone: E.164.
        unreachable: the channels by which messages do not arrive, with the code that says why.
        sms_stopped: this person answered STOP to a text message: nobody else may ask for them again at this number.
        since: when the address of a channel was last given, asked for again or declared good; absent: at the beginning.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str
    role: str
    email: str
    phone: str | None
    sms: bool
    sms_stopped: bool = False
    preferences: Preferences = Preferences()
    unreachable: Mapping[Channel, str] = Field(default_factory=dict)
    since: Mapping[Channel, datetime] = Field(default_factory=dict)

    def succeeding(self, before: Contact, now: datetime) -> Contact:
        """The contact, knowing of its addresses what was known: nothing of one that is new, or is asked for again."""
        asks_again = self.sms and not before.sms
        new = {Channel.EMAIL: self.email != before.email, Channel.SMS: self.phone != before.phone or asks_again}
        return self.model_copy(
            update={
                "sms_stopped": before.sms_stopped and not self.sms and not new[Channel.SMS],
                "unreachable": {channel: code for channel, code in before.unreachable.items() if not new[channel]},
                "since": {**before.since, **{channel: now for channel in new if new[channel]}},
            }
        )

    def choosing(self, preferences: Preferences, *, sms: bool) -> Contact:
        """The contact with what it chose itself."""
        return self.model_copy(update={"preferences": preferences, "sms": sms})

    def missed(self, channel: Channel, code: str, sent_at: datetime) -> Contact:
        """The contact once a message sent then did not arrive; itself if its address was given after that."""
        if channel in self.unreachable or not self._stands(channel, sent_at):
            return self
        return self.model_copy(update={"unreachable": {**self.unreachable, channel: code}})

    def reachable_again(self, channel: Channel, now: datetime) -> Contact:
        """The contact once somebody knows that the address is good; itself if nothing said otherwise."""
        if channel not in self.unreachable:
            return self
        left = {each: code for each, code in self.unreachable.items() if each is not channel}
        return self.model_copy(update={"unreachable": left, "since": {**self.since, channel: now}})

    def opted_out(self, at: datetime) -> Contact:
        """The contact without text messages; itself if it has asked for them since, or has ended them already."""
        if self.sms_stopped or not self._stands(Channel.SMS, at):
            return self
        return self.model_copy(update={"sms": False, "sms_stopped": True})

    def _stands(self, channel: Channel, at: datetime) -> bool:
        return channel not in self.since or at >= self.since[channel]
