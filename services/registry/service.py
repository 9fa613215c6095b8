"""The registry, wired: commands, projections, outbox, epochs and days, behind one ASGI app."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Final, cast
from uuid import uuid4

import structlog
from fastapi import FastAPI

from passerelles.bus.address import Bus
from passerelles.bus.parking import Parking
from passerelles.bus.producer import Publisher
from passerelles.bus.reactor import Reactor
from passerelles.errors import UnavailableError
from passerelles.health import Health
from passerelles.outbox import Relay
from passerelles.settings import Settings
from passerelles.store.port import Store
from schemas.topics import TopicName
from services.registry.api.app import create_app
from services.registry.api.kept import FORGET_SECONDS, entries_of, forget_expired
from services.registry.briefings import Briefings
from services.registry.commands.alerts import Alerts
from services.registry.commands.choices import Choices
from services.registry.commands.companies import Companies
from services.registry.commands.coordinators import Coordinators
from services.registry.commands.decisions import Proposals
from services.registry.commands.deliveries import Deliveries
from services.registry.commands.postings import Availabilities, Needs
from services.registry.commands.readings import Readings
from services.registry.days import Days
from services.registry.documents import SOURCE
from services.registry.epochs import WATCH_SECONDS, Epochs
from services.registry.links import Links
from services.registry.office import Office
from services.registry.projections import Projections
from services.registry.rounds import Rounds
from services.registry.statements import InEpoch
from services.registry.sweeper import ROUND_SECONDS, Sweeper

GROUP: Final = "registry"
PROJECTION_PAUSE_SECONDS: Final = 0.1
"""Nobody sees proposals in the registry sooner than they open a mail: projections go by batches."""
_RETRY_SECONDS: Final = 1.0

log = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class RegistryService:
    """The registry of one process; several may share a store and a bus.

    Until `start` has opened an epoch, or found the open one, every command is answered 503.
    """

    def __init__(self, settings: Settings, bus: Bus, store: Store, *, clock: Callable[[], datetime] = _now) -> None:
        holder = uuid4().hex
        self.settings = settings
        self.bus = bus
        self.health = Health()
        self.office = Office(store, clock=clock)
        self.companies = Companies(self.office)
        self.coordinators = Coordinators(self.office)
        self.choices = Choices(self.office)
        self.needs = Needs(self.office)
        self.availabilities = Availabilities(self.office)
        self.proposals = Proposals(self.office)
        self.readings = Readings(self.office)
        self.deliveries = Deliveries(self.office)
        self.alerts = Alerts(self.office)
        self.links = Links(self.office, settings.public_url)
        self.briefings = Briefings(self.office, self.links)
        self._publisher = Publisher(bus)
        self._epochs = Epochs(self.office, self._publisher, holder)
        current = InEpoch(self._publisher, self.office)
        self._days = Days(self.office, current, holder)
        self._sweeper = Sweeper(self.office)
        self._relay = Relay(
            cast("Publisher", current), source=SOURCE, epoch=lambda: self.office.epoch, health=self.health
        )
        for collection in (
            self.office.companies,
            self.office.needs,
            self.office.availabilities,
            self.office.proposals,
        ):
            self._relay.watch(collection)
        projections = Projections(self.office)
        self._reactor = Reactor(
            bus, Parking(store, clock=clock), self.health, group=GROUP, pause_seconds=PROJECTION_PAUSE_SECONDS
        )
        self._reactor.on(TopicName.PROPOSALS, projections.proposals)
        self._reactor.on(TopicName.DELIVERIES, projections.deliveries)
        self._epoch_check = self.health.check("epoch")
        self._rounds = (
            Rounds(self._keep_up, self._epoch_check, pause=lambda: WATCH_SECONDS),
            Rounds(self._sweeper.sweep, self.health.check("sweeper"), pause=lambda: ROUND_SECONDS),
            Rounds(self._forget, self.health.check("idempotency"), pause=lambda: FORGET_SECONDS),
            Rounds(self._days.catch_up, self.health.check("days"), pause=self._days.seconds_to_wait),
        )
        self.app: FastAPI = create_app(self)

    async def start(self) -> None:
        """Open the epoch, then work: projections first, so that nothing is decided about what is not known yet."""
        await self._publisher.start()
        await self._open()
        self.office.nudge_relay = self._relay.nudge
        await self._reactor.start()
        await self._relay.start()
        for rounds in self._rounds:
            rounds.start()

    async def stop(self) -> None:
        """Refuse further commands, finish what is under way, publish what is owed, and leave."""
        self.office.closing = True
        await self.app.state.stream.stop()
        for rounds in self._rounds:
            await rounds.stop()
        await self._reactor.stop()
        await self._relay.stop()
        await self._publisher.stop()
        with suppress(UnavailableError):
            await self._days.release()

    async def _open(self) -> None:
        """Have an epoch open, however long the bus or the store stays away.

        Commands are taken from then on: what comes after it is tried again by itself, not with another epoch.
        """
        await self._patiently(self.links.load)
        await self._patiently(partial(self._epochs.ensure, anew=self.bus.embedded))
        await self._patiently(partial(self._sweeper.sweep, at_start=True))
        self._epoch_check.up()
        self._epoch_check.figures(number=self.office.epoch)

    async def _patiently(self, step: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await step()
            except UnavailableError as error:
                self._epoch_check.down(error.detail)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    async def _keep_up(self) -> None:
        self._epoch_check.figures(number=await self._epochs.keep_up())

    async def _forget(self) -> None:
        await forget_expired(entries_of(self.office.store), self.office.now())
