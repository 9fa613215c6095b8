"""Who was told what of a pair, in which order, by which channel: the question that a second telling depends on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from passerelles.store.port import Body, Where
from schemas.deliveries import DeliveryState, MessageKind
from services.notifications.ledger.documents import Documents, told_id
from services.notifications.policy import LADDER, TOLD_AFTER

HEARD: Final = (DeliveryState.SENT, DeliveryState.UNKNOWN)
"""In the second, nobody can say that the contact was not told."""

Address = tuple[str, str]
"""A contact and a channel."""


class Sending(NamedTuple):
    """One telling of a pair, and how far it has come.

    Attributes:
        state: `dropped` when the pair was left out as untrue; `reserved` also while it waits for a digest.
        at: when it was handed to the channel, RFC 3339; empty before that.
        digest: the one that it waits for.
    """

    kind: MessageKind
    state: DeliveryState
    at: str = ""
    digest: str | None = None


@dataclass(slots=True)
class History:
    """What the messages of one company say of one pair.

    Attributes:
        waiting: the kinds in messages whose deliveries do not exist yet, in the messages' order.
        left: the kinds that were in a message, each with its cause: whatever came of it, the same is not owed twice.
        said: the sendings to each address, as they were made; those that are still to be made come last.
    """

    waiting: list[MessageKind] = field(default_factory=list)
    left: set[tuple[MessageKind, str]] = field(default_factory=set)
    said: dict[Address, list[Sending]] = field(default_factory=lambda: defaultdict(list))

    def heard_by(self, kind: MessageKind, address: Address) -> Sequence[Sending]:
        """What decides whether an address is told this: a reminder may come by another channel than what it reminds of.

        A coordinator is told of what anybody in the company was told.
        """
        if kind not in LADDER:
            return self.said.get(address, ())
        everybody = kind is MessageKind.ESCALATED
        return _in_order(
            sending
            for (contact, _), sendings in self.said.items()
            for sending in sendings
            if everybody or contact == address[0]
        )


async def histories(
    documents: Documents, proposals: Iterable[str], company: str, *, before: int | None = None
) -> dict[str, History]:
    """The history of each of these pairs with a company; of the messages of a gathering `before` one, by their number.

    All messages of a company about a pair leave the same gathering.
    """
    found = {proposal: History() for proposal in proposals}
    marks = await documents.told.get_many(told_id(proposal, company) for proposal in found)
    numbers = {message for mark in marks.values() for kind in MessageKind for message in mark.body.get(kind, ())}
    letters = {id_: stored.body for id_, stored in (await documents.messages.get_many(numbers)).items()}
    expanded = [id_ for id_, letter in letters.items() if letter["state"] == "expanded"]
    deliveries: dict[str, list[tuple[str, Body]]] = defaultdict(list)
    if expanded:
        for stored in await documents.deliveries.find(Where(among={"message": expanded})):
            deliveries[stored.body["message"]].append((stored.id, stored.body))
    digests = await _digests(documents, [body for group in deliveries.values() for _, body in group], found)
    for id_, letter in sorted(letters.items(), key=lambda each: each[1]["seq"]):
        if before is not None and letter["seq"] >= before:
            continue
        _note(found, letter)
        for share, delivery in deliveries[id_]:
            _add(found, share, delivery, digests)
    for history in found.values():
        for address, sendings in history.said.items():
            history.said[address] = _in_order(sendings)
    return found


def _in_order(sendings: Iterable[Sending]) -> list[Sending]:
    return sorted(sendings, key=lambda each: (each.state is DeliveryState.RESERVED, each.at))


async def _digests(
    documents: Documents, deliveries: Iterable[Body], found: Mapping[str, History]
) -> Mapping[str, Body]:
    """The digests that told these pairs, or are about to."""
    ids = {
        item["digest"] or delivery["digest"]
        for delivery in deliveries
        for item in delivery.get("later", ())
        if item["proposal"] in found and not item["over"]
    }
    return {id_: stored.body for id_, stored in (await documents.deliveries.get_many(ids)).items()} if ids else {}


def _note(found: Mapping[str, History], letter: Body) -> None:
    for item in letter["items"]:
        history = found.get(item["proposal"])
        if history is None:
            continue
        kind = MessageKind(item["kind"])
        history.left.add((kind, item.get("cause", "")))
        if letter["state"] != "expanded":
            history.waiting.append(kind)


def _add(found: Mapping[str, History], share: str, delivery: Body, digests: Mapping[str, Body]) -> None:
    address = (delivery["contact"], delivery["channel"])
    for item in delivery["items"]:
        if item["proposal"] in found:
            found[item["proposal"]].said[address].append(_sending(item, delivery))
    for item in delivery.get("later", ()):
        if item["proposal"] not in found or item["over"]:
            continue
        waits_for = item["digest"] or delivery["digest"]
        sending = _in_digest(item, share, waits_for, digests.get(waits_for))
        if sending is not None:
            found[item["proposal"]].said[address].append(sending)


def _sending(item: Body, delivery: Body) -> Sending:
    state = DeliveryState.DROPPED if item["dropped"] else DeliveryState(delivery["state"])
    return Sending(MessageKind(item["kind"]), state, delivery.get("told_at") or "")


def _in_digest(item: Body, share: str, waits_for: str, digest: Body | None) -> Sending | None:
    """What a digest made of an item that was gathered for it; none when it settled it without telling it."""
    if digest is not None:
        for told in digest["items"]:
            if (told["share"], told["proposal"], told["kind"]) == (share, item["proposal"], item["kind"]):
                return _sending(told, digest)
        fate = digest["fates"].get(share, {}).get(f"{item['proposal']}:{item['kind']}")
        if fate is not None and fate["until"] is None:
            return None
    return Sending(MessageKind(item["kind"]), DeliveryState.RESERVED, digest=waits_for)


def wants(kind: MessageKind, said: Sequence[Sending], *, heard_only: bool) -> bool | None:
    """Whether an address is to be told this, after what it was told; none when that is being decided right now.

    Not twice, unless it was told the contrary since. What is only reserved does not count as told: it reads the pair
    again before it is sent, and is dropped if it is no longer true.
    """
    for sending in reversed(said):
        if sending.kind is kind and sending.state is not DeliveryState.DROPPED:
            return False
        if sending.kind in TOLD_AFTER.get(kind, ()):
            if sending.state is DeliveryState.ATTEMPTING:
                return None
            if sending.state in HEARD:
                return True
    return not heard_only


def owed_again(kind: MessageKind, cause: str, history: History, *, heard_only: bool) -> bool:
    """Whether there may be an address to tell this, of which a message has already left or was to."""
    if (kind, cause) in history.left:
        return False
    waiting = [each for each in history.waiting if each is kind or each in TOLD_AFTER.get(kind, ())]
    if waiting:
        return waiting[-1] is not kind
    spoken = {address for address, said in history.said.items() if any(each.kind is kind for each in said)}
    if not spoken and not heard_only:
        return True
    return any(
        # An address that this was never meant for is no reason to say it again.
        wants(kind, history.heard_by(kind, address), heard_only=heard_only or address not in spoken) is not False
        for address in history.said
    )
