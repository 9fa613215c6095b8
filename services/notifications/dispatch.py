"""From a message to its deliveries, each handed to its channel once, after a last look at what is true."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import structlog

from passerelles.bus.faults import fault
from passerelles.errors import UnavailableError
from passerelles.store.port import Body, Stored
from schemas.deliveries import Channel, DeliveryState, MessageKind
from schemas.vocabulary import Party
from services.notifications.channels.port import Attempt, ChannelPort, Recipient, Verdict
from services.notifications.contacts import Briefing, Contact, Contacts
from services.notifications.ledger.deliveries import Deliveries, Reserved
from services.notifications.ledger.documents import Documents
from services.notifications.ledger.heard import Address, History, histories, wants
from services.notifications.ledger.messages import Messages, is_true
from services.notifications.ledger.spread import spread
from services.notifications.letter import choose, compose
from services.notifications.pairs import KnownPair
from services.notifications.rendering import Rendered, Renderer

REGISTRY_WAIT: Final = timedelta(seconds=15)

SETTLE_TRIES: Final = 9
"""Half a minute in all, doubling from 0.1 s: what was sent must not be written off for a hiccup of the store."""

Pairs = Mapping[str, KnownPair]
Told = list[tuple[KnownPair, MessageKind]]

NOBODY: Final = Attempt(Verdict.DROPPED, "contact_gone")
NOT_RENDERED: Final = Attempt(Verdict.FAILED, "not_rendered")
UNTRUE: Final = Attempt(Verdict.DROPPED, "no_longer_true")

log = structlog.get_logger()


class Dispatcher:
    """Sends messages. Several may work on one ledger: each step is conditioned on the document that it moves on.

    Attributes:
        settled: called when a delivery has ended or waits again, with its identifier: its outbox has something to say.
        dropped: called with the pairs that were not told because they were untrue; by now one may be true again.
        observe: called with the name of a channel, or `registry`, and why it does not answer; none when it does.
    """

    settled: Callable[[str], None]
    dropped: Callable[[Sequence[str]], Awaitable[None]]
    observe: Callable[[str, str | None], None]

    def __init__(
        self,
        documents: Documents,
        messages: Messages,
        contacts: Contacts,
        renderer: Renderer,
        channels: Mapping[Channel, ChannelPort],
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._documents = documents
        self._messages = messages
        self._deliveries = Deliveries(documents)
        self._contacts = contacts
        self._renderer = renderer
        self._channels = channels
        # A lease must not pass in a queue.
        self._slots = {channel: asyncio.Semaphore(port.at_once) for channel, port in channels.items()}
        self._clock = clock

    async def dispatch(self, id_: str, letter: Body, pairs: Pairs | None = None) -> None:
        """Expand a message into deliveries, and attempt each. Raises `UnavailableError` for the store's.

        `pairs` is what is known of those in the message, if that was read a moment ago: it decides what the registry is
        asked about; what is told is read again, once the lease is taken.
        """
        if letter["state"] != "open":
            return
        if pairs is None:
            pairs = await self._documents.known({item["proposal"] for item in letter["items"]})
        try:
            briefing = await self._brief(letter, pairs)
        except UnavailableError:
            await self._messages.postpone(id_, self._clock())
            return
        if briefing is None:
            log.warning("alert.company_unknown", message=id_, company=letter["company"])
            await self._messages.close(id_, letter)
            return
        some = {item["proposal"] for item in letter["items"] if item["heard_only"] or item["again"]}
        past = await histories(self._documents, some, letter["company"], before=letter["seq"]) if some else {}
        addresses = [(contact.id, channel) for contact in briefing.contacts for channel in self._reached_by(contact)]
        shares = [_share(letter["items"], (str(contact), str(channel)), past) for contact, channel in addresses]
        if any(history.waiting for history in past.values()) or None in shares:
            # A contact is being told, or is about to be, what decides whether this is for it.
            await self._messages.postpone(id_, self._clock())
            return
        reserved = await spread(
            partial(self._deliveries.reserve, id_, letter, address, share, self._clock())
            for address, share in zip(addresses, shares, strict=True)
            if share
        )
        attempts = [partial(self._attempt, each, briefing) for each in reserved]
        await spread([partial(self._messages.close, id_, letter), *attempts])

    async def retry(self, id_: str) -> None:
        """Attempt one delivery that waits, once the registry has said where its contact is reached now.

        Raises:
            UnavailableError: the store does not answer.
        """
        stored = await self._documents.deliveries.get(id_)
        if stored is None or stored.body["state"] != DeliveryState.RESERVED:
            return
        pairs = await self._documents.known({item["proposal"] for item in stored.body["items"]})
        try:
            briefing = await self._brief(stored.body, pairs)
        except UnavailableError:
            await self._deliveries.postpone(id_, REGISTRY_WAIT, self._clock())
            return
        await self._attempt(Reserved(id_, Channel(stored.body["channel"]), stored), briefing)

    async def lapse(self, id_: str) -> None:
        """End a delivery that a crash left between its lease and its answer."""
        if await self._deliveries.lapse(id_, self._clock()):
            self.settled(id_)

    async def _attempt(self, reserved: Reserved, briefing: Briefing | None) -> None:
        slot = self._slots.get(reserved.channel)
        if slot is None:
            await self._begin_and_settle(reserved, None)
            return
        async with slot:
            await self._begin_and_settle(reserved, briefing)

    async def _begin_and_settle(self, reserved: Reserved, briefing: Briefing | None) -> None:
        id_, channel = reserved.id, reserved.channel
        body = await self._deliveries.begin(id_, self._clock(), known=reserved.known)
        if body is None:
            return
        told: Told = []
        untrue: set[str] = set()
        attempt = NOBODY
        contact = _contact(briefing, body["contact"])
        if briefing is not None and contact is not None:
            # After the lease and not before: a word that comes later finds the lease, and waits for its end.
            told, untrue = await self._true(body, briefing)
            message = self._render(channel, told, briefing, contact, Party(body["party"])) if told else None
            attempt = await self._hand_over(id_, channel, contact, message) if told else UNTRUE
        kept = {(str(pair.id), str(kind)) for pair, kind in told}
        leased = Stored(id_, reserved.known.revision + 1, body) if reserved.known else None
        settled = await self._settle(id_, body["attempts"], attempt, kept, leased)
        if settled is None:
            return
        self.settled(id_)
        log.info("alert.attempted", delivery=id_, channel=channel, state=settled["state"], code=attempt.code)
        if untrue:
            await self.dropped(sorted(untrue))

    def _render(
        self, channel: Channel, told: Told, briefing: Briefing, contact: Contact, party: Party
    ) -> Rendered | None:
        try:
            letter = compose(told, briefing, contact, party)
            return self._renderer.email(letter) if channel is Channel.EMAIL else self._renderer.sms(letter)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is ours to mend)
            # Without this the lease would lapse, and the ledger would say that nobody knows. The error's message may
            # quote what the company wrote: hence not `exception`.
            log.error("alert.not_rendered", contact=str(contact.id), fault=fault(error))  # noqa: TRY400
            return None

    async def _hand_over(self, id_: str, channel: Channel, contact: Contact, message: Rendered | None) -> Attempt:
        address = contact.email if channel is Channel.EMAIL else contact.phone
        if message is None:
            return NOT_RENDERED
        if not address:
            return NOBODY
        attempt = await self._channels[channel].send(UUID(id_), Recipient(contact.name, address), message)
        self.observe(channel, None if attempt.reachable else f"ne répond pas ({attempt.code})")
        return attempt

    async def _settle(
        self, id_: str, attempts: int, attempt: Attempt, kept: set[tuple[str, str]], known: Stored | None
    ) -> Body | None:
        for tried in range(SETTLE_TRIES):
            try:
                return await self._deliveries.settle(id_, attempts, attempt, kept, self._clock(), known=known)
            except UnavailableError:
                await asyncio.sleep(0.1 * 2**tried)
        return await self._deliveries.settle(id_, attempts, attempt, kept, self._clock())

    async def _brief(self, body: Body, pairs: Pairs) -> Briefing | None:
        items = [
            (pairs[item["proposal"]], MessageKind(item["kind"])) for item in body["items"] if item["proposal"] in pairs
        ]
        shown = list({pair.id: pair for pair, _ in choose(items)}.values())
        try:
            briefing = await self._contacts.briefing(UUID(body["company"]), Party(body["party"]), shown)
        except UnavailableError as error:
            self.observe("registry", error.detail)
            raise
        self.observe("registry", None)
        return briefing

    async def _true(self, body: Body, briefing: Briefing) -> tuple[Told, set[str]]:
        """What may be told, and the pairs that the events contradict: those alone may become true again.

        What the registry contradicts stays so: it has said a last word that has not come by the bus yet.
        """
        pairs = await self._documents.known({item["proposal"] for item in body["items"]})
        statuses = {str(item.proposal_id): item.status for item in briefing.items}
        party = Party(body["party"])
        items = [item for item in body["items"] if not item["dropped"]]
        told = [
            (pairs[item["proposal"]], MessageKind(item["kind"]))
            for item in items
            if is_true(item, pairs, party, statuses)
        ]
        return told, {item["proposal"] for item in items if not is_true(item, pairs, party)}

    def _reached_by(self, contact: Contact) -> list[Channel]:
        wanted = {Channel.EMAIL: bool(contact.email), Channel.SMS: contact.sms and bool(contact.phone)}
        return [channel for channel in self._channels if wanted[channel]]


def _contact(briefing: Briefing | None, id_: str) -> Contact | None:
    return next((each for each in briefing.contacts if str(each.id) == id_), None) if briefing else None


def _share(items: Sequence[Body], address: Address, past: Mapping[str, History]) -> list[Body] | None:
    """The items of a message that are for this address; none while that is being decided."""
    answers = [_is_for(item, address, past.get(item["proposal"])) for item in items]
    return None if None in answers else [item for item, answer in zip(items, answers, strict=True) if answer]


def _is_for(item: Body, address: Address, past: History | None) -> bool | None:
    if past is None:
        return True
    return wants(MessageKind(item["kind"]), past.said.get(address, ()), heard_only=item["heard_only"])
