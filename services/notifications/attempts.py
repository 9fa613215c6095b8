"""Each delivery is handed to its channel once, after a last look at what is true and at the hour."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from passerelles.bus.faults import fault
from passerelles.errors import UnavailableError
from passerelles.store.port import Body, Stored
from passerelles.telemetry import DELIVERIES
from schemas.deliveries import AlertRule, Channel, DeliveryState, MessageKind
from services.notifications.audience import person, refuses
from services.notifications.briefing import Briefed, Briefs
from services.notifications.channels.port import Attempt, ChannelPort, Recipient, Verdict
from services.notifications.contacts import Contact
from services.notifications.ledger.deliveries import Deliveries
from services.notifications.ledger.documents import Documents
from services.notifications.ledger.messages import is_true
from services.notifications.ledger.owing import party_of
from services.notifications.ledger.shares import Reserved
from services.notifications.letter import Part, compose_parts
from services.notifications.policy import informs
from services.notifications.quiet_hours import QuietHours
from services.notifications.rendering import Rendered, Renderer

REGISTRY_WAIT: Final = timedelta(seconds=15)

SETTLE_SECONDS: Final = tuple(0.1 * 2.0**tried for tried in range(8))
"""Waits between tries, half a minute in all: what was sent must not be written off for a hiccup of the store."""

SHUT: Final = Attempt(Verdict.DROPPED, AlertRule.CHANNEL_OFF.value)
NOBODY: Final = Attempt(Verdict.DROPPED, "contact_gone")
NOT_RENDERED: Final = Attempt(Verdict.FAILED, "not_rendered")
UNTRUE: Final = Attempt(Verdict.DROPPED, "no_longer_true")
NOTHING_TO_DO: Final = Attempt(Verdict.DROPPED, "nothing_to_do")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Attempted:
    """An attempt whose end is to be written.

    Attributes:
        leased: the delivery's document as the lease left it; `known` is the same as it is stored, where that is sure.
        kept: the proposals and kinds that were true; `untrue` are the pairs that the events contradict.
    """

    id: str
    leased: Body
    known: Stored | None
    attempt: Attempt
    kept: set[tuple[str, str]]
    untrue: set[str]


class Attempts:
    """Hands deliveries over. Several processes may work on one ledger: each step is conditioned on the document.

    Attributes:
        settled: called when a delivery has ended or waits again, with its identifier: its outbox has something to say.
        dropped: called with the pairs that were not told because they were untrue; by now one may be true again.
        observe: called with the name of a channel and why it does not answer; none when it does.
    """

    settled: Callable[[str], None]
    dropped: Callable[[Sequence[str]], Awaitable[None]]
    observe: Callable[[str, str | None], None]

    def __init__(
        self,
        documents: Documents,
        briefs: Briefs,
        renderer: Renderer,
        channels: Mapping[Channel, ChannelPort],
        quiet: QuietHours,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._documents = documents
        self._deliveries = Deliveries(documents)
        self._briefs = briefs
        self._renderer = renderer
        self._channels = channels
        self._quiet = quiet
        # A lease must not pass in a queue.
        self._slots = {channel: asyncio.Semaphore(port.at_once) for channel, port in channels.items()}
        self._clock = clock

    async def retry(self, id_: str) -> None:
        """Attempt one delivery that waits, once the registry has said where its contact is reached now.

        Raises:
            UnavailableError: the store does not answer.
        """
        stored = await self._documents.deliveries.get(id_)
        if stored is None or stored.body["state"] != DeliveryState.RESERVED:
            return
        reserved = Reserved(id_, Channel(stored.body["channel"]), stored)
        if await self._waits(reserved):
            return
        try:
            briefed = await self._briefs.of_delivery(stored.body)
        except UnavailableError:
            await self._deliveries.postpone(id_, REGISTRY_WAIT, self._clock())
            return
        await self.attempt(reserved, briefed)

    async def lapse(self, id_: str) -> None:
        """End a delivery that a crash left between its lease and its answer."""
        lapsed = await self._deliveries.lapse(id_, self._clock())
        if lapsed is not None:
            self._say(id_, lapsed)

    async def attempt(self, reserved: Reserved, briefed: Briefed) -> None:
        """Hand a delivery over, unless it is not the hour; whatever happens is in its document.

        Raises:
            UnavailableError: the store does not answer.
        """
        slot = self._slots.get(reserved.channel)
        if slot is None:
            attempted = await self._begin(reserved, briefed)
        else:
            async with slot:
                # Behind the queue at the door, and not before: the last minute of the day may pass in it.
                attempted = None if await self._waits(reserved) else await self._begin(reserved, briefed)
        # The channel is free for the next one while its answer is written.
        if attempted is not None:
            await self._end(attempted)

    async def _waits(self, reserved: Reserved) -> bool:
        """Whether the channel is quiet at this hour; the delivery is then kept until it no longer is."""
        now = self._clock()
        opening = self._quiet.open_from(now) if reserved.channel is Channel.SMS else now
        if opening <= now:
            return False
        await self._deliveries.hold(reserved.id, opening, now, known=reserved.known)
        self.settled(reserved.id)
        return True

    async def _begin(self, reserved: Reserved, briefed: Briefed) -> _Attempted | None:
        """Take the lease and hand over; none when there is no lease to be had."""
        id_, channel = reserved.id, reserved.channel
        body = await self._deliveries.begin(id_, self._clock(), known=reserved.known)
        if body is None:
            return None
        leased = Stored(id_, reserved.known.revision + 1, body) if reserved.known else None
        if channel not in self._channels:
            return _Attempted(id_, body, leased, SHUT, set(), set())
        contact = next((found for each in briefed.values() if (found := person(each, body["contact"]))), None)
        if contact is None:
            return _Attempted(id_, body, leased, NOBODY, set(), set())
        # After the lease and not before: a word that comes later finds the lease, and waits for its end.
        parts, untrue = await self._true(body, briefed)
        kept = {(str(pair.id), str(kind)) for part in parts for pair, kind in part.items}
        attempt = await self._tell(id_, channel, contact, parts, digest="fates" in body)
        return _Attempted(id_, body, leased, attempt, kept, untrue)

    async def _end(self, attempted: _Attempted) -> None:
        """Write how it ended, and say so."""
        id_, attempts = attempted.id, attempted.leased["attempts"]
        settled = await self._settle(id_, attempts, attempted.attempt, attempted.kept, attempted.known)
        if settled is None:
            return
        self._say(id_, settled)
        if attempted.untrue:
            await self.dropped(sorted(attempted.untrue))

    def _say(self, id_: str, ended: Body) -> None:
        self.settled(id_)
        DELIVERIES.labels(ended["channel"], ended["state"]).inc()
        log.info("alert.attempted", delivery=id_, channel=ended["channel"], state=ended["state"], code=ended["code"])

    async def _tell(
        self, id_: str, channel: Channel, contact: Contact, parts: Sequence[Part], *, digest: bool
    ) -> Attempt:
        kinds = {kind for part in parts for _, kind in part.items}
        if not kinds:
            return UNTRUE
        if digest and all(informs(pair, kind, part.party) for part in parts for pair, kind in part.items):
            return NOTHING_TO_DO
        rule = refuses(contact, channel, kinds)
        if rule is not None:
            return Attempt(Verdict.DROPPED, rule.value)
        address = contact.email if channel is Channel.EMAIL else contact.phone
        if not address:
            return NOBODY
        message = self._render(channel, contact, parts, digest=digest)
        if message is None:
            return NOT_RENDERED
        attempt = await self._channels[channel].send(UUID(id_), Recipient(contact.name, address), message)
        self.observe(channel, None if attempt.reachable else f"ne répond pas ({attempt.code})")
        return attempt

    def _render(self, channel: Channel, contact: Contact, parts: Sequence[Part], *, digest: bool) -> Rendered | None:
        try:
            letter = compose_parts(parts, contact, digest=digest)
            return self._renderer.email(letter) if channel is Channel.EMAIL else self._renderer.sms(letter)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is ours to mend)
            # Without this the lease would lapse, and the ledger would say that nobody knows. The error's message may
            # quote what the company wrote: hence not `exception`.
            log.error("alert.not_rendered", contact=str(contact.id), fault=fault(error))  # noqa: TRY400
            return None

    async def _settle(
        self, id_: str, attempts: int, attempt: Attempt, kept: set[tuple[str, str]], known: Stored | None
    ) -> Body | None:
        for wait in SETTLE_SECONDS:
            try:
                return await self._deliveries.settle(id_, attempts, attempt, kept, self._clock(), known=known)
            except UnavailableError:
                known = None  # it was given away, and whether it was written is not known
                await asyncio.sleep(wait)
        return await self._deliveries.settle(id_, attempts, attempt, kept, self._clock())

    async def _true(self, body: Body, briefed: Briefed) -> tuple[list[Part], set[str]]:
        """What may be told, by side, and the pairs that the events contradict: those alone may become true again.

        What the registry contradicts stays so: it has said a last word that has not come by the bus yet.
        """
        pairs = await self._documents.known({item["proposal"] for item in body["items"]})
        untrue = set()
        statuses = {party: {str(each.proposal_id): each.status for each in it.items} for party, it in briefed.items()}
        parts = {party: Part(party, briefing, []) for party, briefing in briefed.items()}
        for item in body["items"]:
            party = party_of(body, item)
            if item["dropped"] or party not in parts:
                continue
            if is_true(item, pairs, party, statuses[party]):
                parts[party].items.append((pairs[item["proposal"]], MessageKind(item["kind"])))
            elif not is_true(item, pairs, party):
                untrue.add(item["proposal"])
        return [part for part in parts.values() if part.items], untrue
