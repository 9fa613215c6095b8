"""What the HTTP layer asks of the registry: the commands that it calls, and what it is served with."""

from __future__ import annotations

from typing import Protocol

from passerelles.bus.address import Bus
from passerelles.health import Health
from passerelles.settings import Settings
from services.registry.briefings import Briefings
from services.registry.commands.alerts import Alerts
from services.registry.commands.choices import Choices
from services.registry.commands.companies import Companies
from services.registry.commands.coordinators import Coordinators
from services.registry.commands.decisions import Proposals
from services.registry.commands.deliveries import Deliveries
from services.registry.commands.postings import Availabilities, Needs
from services.registry.commands.readings import Readings
from services.registry.links import Links
from services.registry.office import Office


class Registry(Protocol):
    """The wired registry, as its service makes it."""

    @property
    def settings(self) -> Settings:
        """The process's settings: tokens, public address."""

    @property
    def bus(self) -> Bus:
        """The broker that event streams are fed from."""

    @property
    def health(self) -> Health:
        """The checks behind `/readyz`."""

    @property
    def office(self) -> Office:
        """The store and the clock."""

    @property
    def companies(self) -> Companies:
        """The commands about companies."""

    @property
    def coordinators(self) -> Coordinators:
        """The commands about coordinators."""

    @property
    def choices(self) -> Choices:
        """What contacts choose about their own messages."""

    @property
    def needs(self) -> Needs:
        """The commands about needs."""

    @property
    def availabilities(self) -> Availabilities:
        """The commands about staff available."""

    @property
    def proposals(self) -> Proposals:
        """The commands about proposals."""

    @property
    def readings(self) -> Readings:
        """Who saw which proposal."""

    @property
    def deliveries(self) -> Deliveries:
        """The list of what was told to whom."""

    @property
    def alerts(self) -> Alerts:
        """The list of what was decided about telling whom."""

    @property
    def briefings(self) -> Briefings:
        """What notifications needs to write a message."""

    @property
    def links(self) -> Links:
        """The signed links of messages."""
