"""The service: what it consumes, what it sends by, and its health; wiring only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from starlette.applications import Starlette

from passerelles.bus.address import Bus
from passerelles.bus.parking import Parking
from passerelles.bus.producer import Publisher
from passerelles.bus.reactor import Reactor
from passerelles.errors import SettingsError
from passerelles.health import Health, health_routes
from passerelles.outbox import Relay
from passerelles.settings import Settings
from passerelles.store.port import Store
from schemas.deliveries import Channel
from schemas.topics import TopicName
from services.notifications.channels.email import EmailChannel
from services.notifications.channels.port import ChannelPort
from services.notifications.channels.receipt_urls import read_receipt_urls
from services.notifications.channels.sms.channel import SmsChannel
from services.notifications.channels.sms.provider import read_providers
from services.notifications.inbound.hearing import HeardChannel, Hearing
from services.notifications.inbound.phone_book import PhoneBook
from services.notifications.inbound.routes import Webhooks
from services.notifications.ledger.addresses import Addresses
from services.notifications.ledger.documents import Documents
from services.notifications.ledger.owing import SOURCE
from services.notifications.prober import Prober
from services.notifications.questions import Contacts
from services.notifications.quiet_hours import QuietHours
from services.notifications.rendering import Renderer
from services.notifications.verdicts import Limits
from services.notifications.wiring import Alerting

GROUP: Final = "notifications"
TELLING_PAUSE_SECONDS: Final = 0.1
"""Nobody waits for what became of a message: it is told by batches."""


def _now() -> datetime:
    return datetime.now(UTC)


class NotificationsService:
    """Proposals and outcomes in, alerts out, and what became of them back on the bus.

    The store is opened and closed by whoever made it, after this object is made and before `start`.

    Attributes:
        health: one check for the ledger, one for each channel, one for the registry, and those of the consumer.
        app: the ASGI application of `/healthz`, `/readyz`, `/metrics` and, with a secret, `/webhooks`.

    Raises:
        SettingsError: `SERVICE_TOKEN` is missing, or an address cannot be used.
    """

    def __init__(self, settings: Settings, bus: Bus, store: Store, *, clock: Callable[[], datetime] = _now) -> None:
        if settings.service_token is None:
            raise SettingsError(
                "Le jeton des services manque.", remedy="Donner PASSERELLES_SERVICE_TOKEN, le même qu'au registre."
            )
        self.health = Health()
        addresses = Addresses(store, soft_bounces=settings.soft_bounces)
        hearing = Hearing(Documents(store), addresses, clock=clock)
        self._channels = _channels(settings, hearing, clock)
        token = settings.service_token.get_secret_value()
        self._contacts = Contacts(settings.registry_url, token)
        self._phones = PhoneBook(settings.registry_url, token)
        self.app = Starlette(routes=[*health_routes(self.health), *Webhooks(settings, hearing, self._phones).routes()])
        self._alerting = alerting = Alerting(
            store,
            self._contacts,
            Renderer(),
            self._channels,
            window=timedelta(milliseconds=settings.alert_window_ms),
            limits=limits_of(settings),
            check=self.health.check("ledger"),
            clock=clock,
        )
        self._publisher = Publisher(bus)
        self._relay = Relay(
            self._publisher,
            source=SOURCE,
            epoch=alerting.epoch,
            health=self.health,
            pause_seconds=TELLING_PAUSE_SECONDS,
        )
        deliveries = alerting.documents.deliveries
        self._relay.watch(deliveries)
        self._relay.watch(addresses.documents)
        hearing.owes_delivery = lambda id_: self._relay.nudge(deliveries, id_)
        hearing.owes_address = lambda id_: self._relay.nudge(addresses.documents, id_)
        alerting.tell(settled=hearing.owes_delivery, observe=self._observe)
        self._reactor = Reactor(bus, Parking(store), self.health, group=GROUP)
        self._reactor.on(TopicName.PROPOSALS, alerting.reaction)
        self._reactor.on(TopicName.OUTCOMES, alerting.reaction)
        self._prober = Prober(self._channels, self.health)

    async def start(self) -> None:
        """Take up what was left, then consume. A mail server or registry that is down turns readiness red, no more.

        Raises:
            UnavailableError: the bus or the store does not answer.
        """
        await self._alerting.epoch.load()
        # Red only once it has failed to answer: nobody has asked it anything yet.
        self._observe("registry", None)
        self._prober.start()
        await self._publisher.start()
        await self._relay.start()
        self._alerting.sender.start()
        await self._reactor.start()

    async def stop(self) -> None:
        """Finish what is under way, commit, leave the group, and let go of every connection."""
        await self._prober.stop()
        await self._reactor.stop()
        await self._alerting.sender.stop()
        await self._relay.stop()
        await self._publisher.stop()
        for channel in self._channels.values():
            await channel.stop()
        await self._contacts.close()
        await self._phones.close()

    def _observe(self, name: str, reason: str | None) -> None:
        check = self.health.check(name)
        if name in self._channels:
            check.figures(via=self._channels[Channel(name)].via)
        if reason is None:
            check.up()
        else:
            check.down(reason)


def _channels(settings: Settings, hearing: Hearing, clock: Callable[[], datetime]) -> dict[Channel, ChannelPort]:
    channels: dict[Channel, ChannelPort] = {Channel.EMAIL: EmailChannel(settings, clock=clock)}
    providers = read_providers(settings, read_receipt_urls(settings), clock=clock)
    if providers:
        channels[Channel.SMS] = SmsChannel(providers, clock=clock)
    return {name: HeardChannel(channel, hearing) for name, channel in channels.items()}


def limits_of(settings: Settings) -> Limits:
    """How often contacts are alerted, and when by text message.

    Raises:
        SettingsError: the hours leave none in which a text message may leave.
    """
    opens, _, closes = settings.sms_hours.partition("-")
    days = frozenset(int(day) - 1 for day in settings.sms_days)
    try:
        quiet = QuietHours(int(opens), int(closes), days, settings.sms_holidays)
    except ValueError as error:
        raise SettingsError(
            "Les heures des SMS n'en laissent aucune.", remedy="Donner PASSERELLES_SMS_HOURS, « 8-20 » par exemple."
        ) from error
    return Limits(
        timedelta(hours=settings.alert_need_hours),
        timedelta(days=settings.alert_pair_days),
        quiet,
        settings.alert_contact_most,
    )
