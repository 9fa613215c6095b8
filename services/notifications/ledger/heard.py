"""Who was told of a pair, by which channel: the question that withdrawals, and pairs proposed again, depend on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from passerelles.store.port import Body, Where
from schemas.deliveries import DeliveryState
from services.notifications.ledger.documents import Documents, told_id
from services.notifications.policy import TELLING

HEARD: Final = (DeliveryState.SENT, DeliveryState.UNKNOWN)
"""In the second, nobody can say that the contact was not told."""

PENDING: Final = (DeliveryState.RESERVED, DeliveryState.ATTEMPTING)

Address = tuple[str, str]
"""A contact and a channel."""


async def deliveries_of(documents: Documents, message: str) -> list[Body]:
    """The deliveries of one message."""
    return [stored.body for stored in await documents.deliveries.find(Where(equal={"message": message}))]


async def was_dropped(documents: Documents, proposal: str, kind: str, messages: Sequence[str]) -> bool:
    """Whether these messages ended without telling this of the pair to anybody, because it was no longer true."""
    written = await documents.messages.get_many(messages)
    if any(message.body["state"] != "expanded" for message in written.values()):
        return False
    for message in messages:
        for delivery in await deliveries_of(documents, message):
            items = [item for item in delivery["items"] if item["proposal"] == proposal and item["kind"] == kind]
            if items and (delivery["state"] in PENDING or not all(item["dropped"] for item in items)):
                return False
    return True


async def heard(documents: Documents, proposals: Iterable[str], company: str) -> dict[str, set[Address]] | None:
    """For each pair, the contacts of a company that were told that it exists, with the channel.

    None: a contact is being told right now, or is about to be, and it has to be asked again later. A delivery that is
    only reserved does not count: it reads the pair again before it is sent.
    """
    wanted = list(proposals)
    marks = await documents.told.get_many(told_id(proposal, company) for proposal in wanted)
    messages = {message for mark in marks.values() for kind in TELLING for message in mark.body.get(kind, ())}
    written = await documents.messages.get_many(messages)
    if any(message.body["state"] != "expanded" for message in written.values()):
        return None
    found: dict[str, set[Address]] = {proposal: set() for proposal in wanted}
    for message in messages:
        for delivery in await deliveries_of(documents, message):
            about = {item["proposal"] for item in delivery["items"] if _tells(item)} & found.keys()
            if about and delivery["state"] == DeliveryState.ATTEMPTING:
                return None
            if delivery["state"] in HEARD:
                for proposal in about:
                    found[proposal].add((delivery["contact"], delivery["channel"]))
    return found


def _tells(item: Body) -> bool:
    return item["kind"] in TELLING and not item["dropped"]
