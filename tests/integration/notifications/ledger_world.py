"""Notifications without a bus: the ledger on a real store, a registry in memory, and channels that count."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from passerelles.errors import UnavailableError
from passerelles.health import Health
from passerelles.store.port import Body, Store
from schemas.decisions import Outcome
from schemas.deliveries import Channel
from schemas.proposals import Pair, ProposalMade, ProposalWithdrawn
from schemas.vocabulary import Party
from services.notifications.channels.port import Attempt, ChannelPort, Recipient, Verdict
from services.notifications.contacts import Briefing
from services.notifications.dispatch import Dispatcher
from services.notifications.ledger.documents import Documents
from services.notifications.ledger.epoch import KnownEpoch
from services.notifications.ledger.gathering import Gatherings
from services.notifications.ledger.messages import Messages
from services.notifications.pairs import KnownPair
from services.notifications.reaction import Reaction
from services.notifications.rendering import Rendered, Renderer
from services.notifications.sender import Sender
from tests.unit.notifications.samples import BORROWER, COUNTERPART, NOW, briefing_json, contact_json, event

RENDERER = Renderer()
"""Compiling the templates takes longer than most of these tests."""

TYPES = {ProposalMade: "proposal.made", ProposalWithdrawn: "proposal.withdrawn"}


class Clock:
    def __init__(self) -> None:
        self.now = NOW
        self.started: float | None = None

    def __call__(self) -> datetime:
        ran = 0.0 if self.started is None else time.monotonic() - self.started
        return self.now + timedelta(seconds=ran)

    def tick(self) -> None:
        """Go on by itself from here."""
        self.started = time.monotonic()

    def advance(self, **step: float) -> None:
        self.now += timedelta(**step)


class FakeRegistry:
    """The contacts of each company by party, and how the registry is today."""

    def __init__(self) -> None:
        self.borrowers = [contact_json("borrower-rh")]
        self.lenders = [contact_json("lender-rh")]
        self.status: dict[UUID, str] = {}
        self.down = False
        self.calls = 0

    async def briefing(self, company: UUID, party: Party, pairs: Sequence[KnownPair]) -> Briefing | None:
        self.calls += 1
        await asyncio.sleep(0)
        if self.down:
            raise UnavailableError("Le registre ne répond pas.")
        answer = briefing_json(
            company,
            [
                {"proposal_id": pair.id, "need_id": pair.need_id, "availability_id": pair.availability_id}
                for pair in pairs
            ],
            contacts=self.borrowers if company == BORROWER else self.lenders,
            title="Opérateur de conditionnement" if party is Party.BORROWER else None,
            counterpart=COUNTERPART,
        )
        for item in answer["items"]:
            item["status"] = self.status.get(UUID(item["proposal_id"]))
        return Briefing.model_validate(answer)


class CountingChannel:
    """Takes everything, or answers what `answer` says; counts what was handed over, by delivery."""

    def __init__(self) -> None:
        self.sent: list[tuple[UUID, str, Rendered]] = []
        self.tries: Counter[UUID] = Counter()
        self.answer: Callable[[], Attempt] = lambda: Attempt(Verdict.SENT, "smtp_250")
        self.before: Callable[[], None] = lambda: None
        self.gate: asyncio.Event | None = None

    at_once = 4
    via = "counting"

    async def stop(self) -> None: ...

    async def probe(self) -> Attempt:
        return self.answer()

    async def send(self, id_: UUID, recipient: Recipient, message: Rendered) -> Attempt:
        self.before()
        self.tries[id_] += 1
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(0)
        attempt = self.answer()
        if attempt.verdict in (Verdict.SENT, Verdict.UNKNOWN):
            self.sent.append((id_, recipient.address, message))
        return attempt

    def to(self, address: str) -> list[str]:
        return [message.subject or message.text for _, to, message in self.sent if to.startswith(address)]


class World:
    """One process of notifications; several may stand on one store, clock, registry and channels."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock | None = None,
        registry: FakeRegistry | None = None,
        email: ChannelPort | None = None,
        sms: ChannelPort | None = None,
        window: timedelta = timedelta(),
        health: Health | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.registry = registry or FakeRegistry()
        self.email = email or CountingChannel()
        self.documents = Documents(store)
        self.epoch = KnownEpoch(self.documents.epochs)
        channels: dict[Channel, ChannelPort] = {Channel.EMAIL: self.email}
        if sms is not None:
            channels[Channel.SMS] = sms
        messages = Messages(self.documents, window=window)
        self.dispatcher = Dispatcher(
            self.documents,
            messages,
            self.registry,  # type: ignore[arg-type]
            RENDERER,
            channels,
            clock=self.clock,
        )
        check = (health or Health()).check("ledger")
        self.sender = Sender(self.documents, messages, self.dispatcher, check, clock=self.clock)
        self.reaction = Reaction(
            self.documents,
            Gatherings(self.documents, window=window),
            self.epoch,
            wake=self.sender.wake,
            clock=self.clock,
        )
        self.settled: list[str] = []
        self.observed: dict[str, str | None] = {}
        self.dispatcher.settled = self.settled.append
        self.dispatcher.dropped = self.reaction.again
        self.dispatcher.observe = self.observed.__setitem__

    async def hear(self, *words: Pair | Outcome, epoch: int = 1) -> None:
        """One batch of events, and everything that it sets off at once."""
        await self.reaction([event(word, type_of(word), epoch=epoch) for word in words])
        await self.sender.settle()

    async def sweep(self, **step: float) -> None:
        self.clock.advance(**step)
        await self.sender.sweep()
        await self.sender.settle()

    async def rest(self) -> None:
        """Let enough time pass, in steps, for everything that can still happen by itself."""
        for _ in range(6):
            await self.sweep(seconds=130)

    async def deliveries(self) -> list[Body]:
        return [stored.body for stored in await self.documents.deliveries.find()]

    async def states(self) -> Counter[str]:
        return Counter(delivery["state"] for delivery in await self.deliveries())

    async def said(self) -> dict[tuple[str, str, str], list[tuple[str, str]]]:
        """(proposal, contact, channel) → the kinds that were not dropped with their states, in the messages' order."""
        letters = {stored.id: stored.body for stored in await self.documents.messages.find()}
        found: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
        for delivery in sorted(await self.deliveries(), key=lambda each: letters[each["message"]]["seq"]):
            for item in delivery["items"]:
                if not item["dropped"]:
                    key = (item["proposal"], delivery["contact"], delivery["channel"])
                    found[key].append((item["kind"], delivery["state"]))
        return found

    async def told(self) -> dict[tuple[str, str, str, str], str]:
        """(proposal, kind, contact, channel) → the state of the one delivery that was not dropped."""
        found: dict[tuple[str, str, str, str], str] = {}
        for (proposal, contact, channel), said in (await self.said()).items():
            for kind, state in said:
                key = (proposal, kind, contact, channel)
                assert key not in found, f"told twice: {key}"
                found[key] = state
        return found

    async def stop(self) -> None:
        await self.sender.stop()


def type_of(word: Pair | Outcome) -> str:
    return TYPES.get(type(word)) or "proposal." + type(word).__name__.removeprefix("Proposal").lower()


def events_of(bodies: Sequence[Body]) -> list[dict[str, Any]]:
    """What deliveries owe to the bus."""
    return [entry["data"] for body in bodies for entry in body["pending"]]
