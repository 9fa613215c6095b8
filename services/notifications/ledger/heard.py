"""Who was told what of a pair, in which order, by which channel: the question that a second telling depends on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from passerelles.store.port import Body, Where
from schemas.deliveries import DeliveryState, MessageKind
from services.notifications.ledger.documents import Documents, told_id
from services.notifications.policy import TOLD_AFTER

HEARD: Final = (DeliveryState.SENT, DeliveryState.UNKNOWN)
"""In the second, nobody can say that the contact was not told."""

Address = tuple[str, str]
"""A contact and a channel."""

Sending = tuple[MessageKind, DeliveryState]
"""One telling of a pair, and how far it has come; `dropped` when the pair was left out as untrue."""


@dataclass(slots=True)
class History:
    """What the messages of one company say of one pair, in their order.

    Attributes:
        waiting: the kinds in messages whose deliveries do not exist yet.
        said: the sendings to each address.
    """

    waiting: list[MessageKind] = field(default_factory=list)
    said: dict[Address, list[Sending]] = field(default_factory=lambda: defaultdict(list))


async def histories(
    documents: Documents, proposals: Iterable[str], company: str, *, before: int | None = None
) -> dict[str, History]:
    """The history of each of these pairs with a company; of the messages of a gathering `before` one, by their number.

    All messages of a company about a pair leave the same gathering.
    """
    found = {proposal: History() for proposal in proposals}
    marks = await documents.told.get_many(told_id(proposal, company) for proposal in found)
    numbers = {message for mark in marks.values() for messages in mark.body.values() for message in messages}
    letters = {id_: stored.body for id_, stored in (await documents.messages.get_many(numbers)).items()}
    expanded = [id_ for id_, letter in letters.items() if letter["state"] == "expanded"]
    deliveries: dict[str, list[Body]] = defaultdict(list)
    if expanded:
        for stored in await documents.deliveries.find(Where(among={"message": expanded})):
            deliveries[stored.body["message"]].append(stored.body)
    for id_, letter in sorted(letters.items(), key=lambda each: each[1]["seq"]):
        if before is not None and letter["seq"] >= before:
            continue
        if letter["state"] != "expanded":
            for item in letter["items"]:
                if item["proposal"] in found:
                    found[item["proposal"]].waiting.append(MessageKind(item["kind"]))
        for delivery in deliveries[id_]:
            _add(found, delivery)
    return found


def _add(found: Mapping[str, History], delivery: Body) -> None:
    address = (delivery["contact"], delivery["channel"])
    for item in delivery["items"]:
        if item["proposal"] in found:
            state = DeliveryState.DROPPED if item["dropped"] else DeliveryState(delivery["state"])
            found[item["proposal"]].said[address].append((MessageKind(item["kind"]), state))


def wants(kind: MessageKind, said: Sequence[Sending], *, heard_only: bool) -> bool | None:
    """Whether an address is to be told this, after what it was told; none when that is being decided right now.

    Not twice, unless it was told the contrary since. What is only reserved does not count as told: it reads the pair
    again before it is sent, and is dropped if it is no longer true.
    """
    for told, state in reversed(said):
        if told is kind and state is not DeliveryState.DROPPED:
            return False
        if told in TOLD_AFTER.get(kind, ()):
            if state is DeliveryState.ATTEMPTING:
                return None
            if state in HEARD:
                return True
    return not heard_only


def owed_again(kind: MessageKind, history: History, *, heard_only: bool) -> bool:
    """Whether there may be an address to tell this, of which a message has already left or was to."""
    waiting = [each for each in history.waiting if each is kind or each in TOLD_AFTER.get(kind, ())]
    if waiting:
        return waiting[-1] is not kind
    spoken = [said for said in history.said.values() if any(told is kind for told, _ in said)]
    if not spoken and not heard_only:
        return True
    return any(
        # An address that this was never meant for is no reason to say it again.
        wants(kind, said, heard_only=heard_only or said not in spoken) is not False
        for said in history.said.values()
    )
