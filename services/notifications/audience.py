"""Who may be told a kind of news, by which channels: the contacts of a company, or the coordinator behind them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from schemas.deliveries import AlertRule, Channel, MessageKind
from schemas.preferences import Pace
from services.notifications.contacts import Briefing, Contact
from services.notifications.verdicts import Reader

ONLY_BY: Final = {MessageKind.REMINDED: Channel.EMAIL, MessageKind.REMINDED_AGAIN: Channel.SMS}
"""The steps of the ladder are told by one channel each."""


def readers(kind: MessageKind, briefing: Briefing, channels: Collection[Channel]) -> list[Reader]:
    """Each contact by each channel that this kind may be told by.

    A contact that asked for no text messages is looked at for what is a text message only, to say why it gets none.
    """
    if kind is MessageKind.ESCALATED:
        coordinator = coordinator_of(briefing)
        return [] if coordinator is None else [reader_of(coordinator, Channel.EMAIL)]
    only = ONLY_BY.get(kind)
    found = []
    for contact in briefing.contacts:
        for channel in channels if only is None else (only,):
            reader = reader_of(contact, channel)
            if contact.email if channel is Channel.EMAIL else reader.asked or only is channel:
                found.append(reader)
    return found


def coordinator_of(briefing: Briefing) -> Contact | None:
    """The coordinator as somebody to write to."""
    named = briefing.coordinator
    return None if named is None else Contact(id=named.id, name=named.name, email=named.email)


def person(briefing: Briefing, id_: str | None) -> Contact | None:
    """The contact, or the coordinator, of this identifier, if it still is one."""
    coordinator = coordinator_of(briefing)
    everybody = (*briefing.contacts, coordinator) if coordinator else briefing.contacts
    return next((each for each in everybody if str(each.id) == id_), None)


def reader_of(contact: Contact, channel: Channel) -> Reader:
    """The contact by this channel, as the policy looks at it."""
    return Reader(
        contact.id,
        channel,
        contact.preferences,
        asked=channel is Channel.EMAIL or contact.texted,
        reachable=channel not in contact.unreachable,
        mailbox=contact.mailed,
    )


def refuses(contact: Contact, channel: Channel, kinds: Collection[MessageKind]) -> AlertRule | None:
    """The rule by which a contact gets none of this any more: a STOP, or "never", since it was decided.

    A text waits for the morning, and an email for its server.
    """
    reader = reader_of(contact, channel)
    if not reader.asked:
        return AlertRule.SMS_NOT_ASKED
    if not reader.reachable:
        return AlertRule.UNREACHABLE
    wanted = any(reader.preferences.pace(kind, channel) is not Pace.NEVER for kind in kinds)
    return None if wanted else AlertRule.PREFERENCE
