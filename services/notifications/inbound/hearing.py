"""Words about deliveries, taken: the delivery gets its receipt, and its contact's address what it says of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from passerelles.errors import UnavailableError
from schemas.deliveries import DeliveryState, Receipt
from services.notifications.channels.port import Attempt, ChannelPort, OfAddress, Recipient
from services.notifications.inbound.word import Fate, Word
from services.notifications.ledger.addresses import Addresses
from services.notifications.ledger.documents import Documents
from services.notifications.ledger.receipts import Receipts
from services.notifications.rendering import Rendered

HASTE: Final = (0.1, 0.3, 1.0, 3.0)
"""Seconds to wait for an attempt that is still under way: a provider may speak before its answer is written down."""

RECEIPTS: Final = {
    Fate.ARRIVED: Receipt.DELIVERED,
    Fate.RETURNED: Receipt.UNDELIVERED,
    Fate.BOUNCED: Receipt.UNDELIVERED,
}
"""A STOP answers a message, and so says nothing of its having arrived that we did not know."""

_SAID: Final = {OfAddress.UNREACHABLE: Fate.BOUNCED, OfAddress.OPTED_OUT: Fate.OPTED_OUT}

log = structlog.get_logger()


class Hearing:
    """Whoever speaks of deliveries is heard here; the same word again changes nothing.

    Attributes:
        owes_delivery, owes_address: called with the identifier of a document that has something to say to the bus.
    """

    owes_delivery: Callable[[str], None]
    owes_address: Callable[[str], None]

    def __init__(self, documents: Documents, addresses: Addresses, *, clock: Callable[[], datetime]) -> None:
        self._documents = documents
        self._addresses = addresses
        self._receipts = Receipts(documents)
        self._clock = clock

    async def hear(self, word: Word) -> None:
        """Take a word; one about no delivery of ours is passed over.

        Raises:
            UnavailableError: the store does not answer, or the delivery is still under way; it may be said again.
        """
        id_ = str(word.delivery)
        stored = await self._documents.deliveries.get(id_)
        for wait in HASTE:
            if stored is None or stored.body["state"] != DeliveryState.ATTEMPTING:
                break
            await asyncio.sleep(wait)
            stored = await self._documents.deliveries.get(id_)
        if stored is None:
            return
        if stored.body["state"] == DeliveryState.ATTEMPTING:
            raise UnavailableError("Cet envoi est encore en cours.")
        receipt = RECEIPTS.get(word.fate)
        if receipt is not None and await self._receipts.record(id_, receipt, word.code, self._clock()):
            self.owes_delivery(id_)
        await self._learn(id_, stored.body, word)
        log.info("delivery.heard", delivery=id_, fate=word.fate, code=word.code)

    async def stopped(self, company: UUID, contact: UUID, word: str) -> None:
        """A contact answered STOP; `word` is the provider's name for that answer. Raises `UnavailableError`."""
        self._tell(await self._addresses.opted_out(company, contact, word, self._clock()))
        log.info("contact.opted_out", contact=str(contact))

    async def referred(self, reference: str) -> UUID | None:
        """The delivery that a provider means. Raises `UnavailableError`."""
        found = await self._addresses.referred(reference)
        return UUID(found) if found else None

    async def _learn(self, id_: str, delivery: dict[str, str], word: Word) -> None:
        match word.fate:
            case Fate.ARRIVED:
                await self._addresses.arrived(delivery)
            case Fate.OPTED_OUT:
                await self.stopped(UUID(delivery["company"]), UUID(delivery["contact"]), id_)
            case Fate.BOUNCED | Fate.RETURNED:
                hard = word.fate is Fate.BOUNCED
                self._tell(await self._addresses.missed(id_, delivery, word.code, self._clock(), hard=hard))

    async def attempted(self, id_: UUID, attempt: Attempt) -> None:
        """What an attempt itself taught: about the address, and the name under which receipts will come.

        Raises:
            UnavailableError: the store does not answer.
        """
        if attempt.reference is not None:
            await self._addresses.remember(attempt.reference, id_)
        if attempt.of_address is None:
            return
        stored = await self._documents.deliveries.get(str(id_))
        if stored is not None:
            await self._learn(str(id_), stored.body, Word(id_, _SAID[attempt.of_address], attempt.code))

    def _tell(self, document: str | None) -> None:
        if document is not None:
            self.owes_address(document)


class HeardChannel:
    """A channel whose answers are heard beyond their delivery."""

    def __init__(self, channel: ChannelPort, hearing: Hearing) -> None:
        self._channel = channel
        self._hearing = hearing

    @property
    def at_once(self) -> int:
        """The channel's own."""
        return self._channel.at_once

    @property
    def via(self) -> str:
        """The channel's own."""
        return self._channel.via

    async def stop(self) -> None:
        """Stop the channel."""
        await self._channel.stop()

    async def probe(self) -> Attempt:
        """The channel's own."""
        return await self._channel.probe()

    async def send(self, id_: UUID, recipient: Recipient, message: Rendered) -> Attempt:
        """Hand over; what is learnt beside the verdict is kept if the store answers, and lost if it does not."""
        attempt = await self._channel.send(id_, recipient, message)
        if attempt.reference is not None or attempt.of_address is not None:
            try:
                await self._hearing.attempted(id_, attempt)
            except UnavailableError:
                log.warning("delivery.lesson_lost", delivery=str(id_), code=attempt.code)
        return attempt
