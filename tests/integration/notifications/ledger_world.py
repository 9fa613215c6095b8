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
from services.notifications.ledger.documents import DECIDED
from services.notifications.pairs import KnownPair
from services.notifications.quiet_hours import QuietHours
from services.notifications.rendering import Rendered, Renderer
from services.notifications.verdicts import Limits
from services.notifications.wiring import Alerting
from tests.unit.notifications.samples import BORROWER, COUNTERPART, NOW, briefing_json, contact_json, event

RENDERER = Renderer()
"""Compiling the templates takes longer than most of these tests."""

NO_LIMITS = Limits(timedelta(), timedelta(), QuietHours(0, 24, frozenset(range(7)), holidays=True))
"""What is told at once is: for the tests of the ledger's own promises."""

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
        self.coordinator: dict[str, str] | None = None
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
        answer["coordinator"] = self.coordinator
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
        limits: Limits = NO_LIMITS,
    ) -> None:
        self.clock = clock or Clock()
        self.registry = registry or FakeRegistry()
        self.email = email or CountingChannel()
        channels: dict[Channel, ChannelPort] = {Channel.EMAIL: self.email}
        if sms is not None:
            channels[Channel.SMS] = sms
        alerting = Alerting(
            store,
            self.registry,  # type: ignore[arg-type]
            RENDERER,
            channels,
            window=window,
            limits=limits,
            check=(health or Health()).check("ledger"),
            clock=self.clock,
        )
        self.documents, self.epoch = alerting.documents, alerting.epoch
        self.dispatcher, self.sender, self.reaction = alerting.dispatcher, alerting.sender, alerting.reaction
        self.settled: list[str] = []
        self.observed: dict[str, str | None] = {}
        alerting.tell(settled=self.settled.append, observe=self.observed.__setitem__)

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
            await self.sweep(seconds=190)

    async def deliveries(self) -> list[Body]:
        return [stored.body for stored in await self.documents.deliveries.find()]

    async def states(self) -> Counter[str]:
        """How what was for a channel stands; what was decided without one is left out."""
        return Counter(each["state"] for each in await self.deliveries() if each["state"] != DECIDED)

    async def said(self) -> dict[tuple[str, str, str], list[tuple[str, str]]]:
        """(proposal, contact, channel) → the kinds that were not dropped with their states, as they were told."""
        numbers = {stored.id: stored.body["seq"] for stored in await self.documents.messages.find()}

        def place(delivery: Body) -> tuple[bool, str, int]:
            # A digest has no number among the messages of a gathering; nothing is told at the moment when it leaves.
            return delivery["told_at"] is None, delivery["told_at"] or "", numbers.get(delivery["message"], 0)

        found: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
        for delivery in sorted(await self.deliveries(), key=place):
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
    """What deliveries owe to the bus about how they ended."""
    return owed_by(bodies, "delivery.recorded")


def decisions_of(bodies: Sequence[Body]) -> list[dict[str, Any]]:
    """What deliveries owe to the bus about what was decided."""
    return owed_by(bodies, "alert.decided")


def owed_by(bodies: Sequence[Body], type_: str) -> list[dict[str, Any]]:
    return [entry["data"] for body in bodies for entry in body["pending"] if entry["type"] == type_]
