"""Stateless reactions to events: FastStream reads batches, this project decides what becomes of them.

FastStream is left no decision of its own: acknowledgement is manual and offsets are committed explicitly, its parser
touches neither headers nor bodies (a header that is not UTF-8 would escape every handler), nothing is ever replied, no
topic is created.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage
from faststream.kafka.subscriber.usecase import BatchSubscriber

from passerelles.bus import consumer
from passerelles.bus.address import Bus
from passerelles.bus.consumer import (
    BATCH_RECORDS,
    FINISH_SECONDS,
    PromptConsumer,
    Watch,
    ends_of,
    place_of,
    record_of,
    spans_of,
)
from passerelles.bus.continuity import Continuity
from passerelles.bus.faults import fault
from passerelles.bus.parking import Parking
from passerelles.bus.parking_limits import TooMuchParkedError
from passerelles.bus.patience import Backoff, LeftError, pause, unless
from passerelles.bus.reaction import Handler, Reaction
from passerelles.bus.topics import verify_topics
from passerelles.errors import UnavailableError
from passerelles.health import Health
from passerelles.telemetry import BATCH_SECONDS

log = structlog.get_logger(__name__)


Raw = tuple[ConsumerRecord, ...]


class Reactor:
    """One member of a consumer group, with one handler a topic.

    `on` is called before `start`. Every event of the catalogue comes to the handler, which ignores what it does not
    want; what cannot be read or handled is parked.

    Args:
        group: the consumer group, and the name under which it parks; its check is `bus.GROUP`.
        pause_seconds: between two batches that are not full, so that records come together: a batch costs round trips,
            whatever is in it. Nothing for what somebody waits for.
    """

    def __init__(self, bus: Bus, parking: Parking, health: Health, *, group: str, pause_seconds: float = 0.0) -> None:
        self._bus = bus
        self._pause = pause_seconds
        self._group = group
        self._check = health.check(f"bus.{group}")
        self._handlers: dict[str, Handler] = {}
        self._continuity = Continuity(group, self._check)
        self._reaction = Reaction(group, parking, self._check, self._handlers)
        self._stopping = asyncio.Event()
        self._left = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._ended = asyncio.Event()
        self._too_much: TooMuchParkedError | None = None
        self._broken = False
        self._backoff = Backoff()
        self._running: asyncio.Task[None] | None = None

    def on(self, topic: str, handler: Handler) -> None:
        """Give the events of a topic to a handler."""
        self._handlers[topic] = handler

    async def start(self) -> None:
        """Begin to consume, in the background: the check is up once partitions are assigned."""
        self._running = asyncio.create_task(self._run(), name=f"reactor {self._group}")

    async def stop(self) -> None:
        """Finish the batch under way, commit, and leave the group."""
        self._stopping.set()
        self._left.set()
        self._ended.set()
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        while not self._stopping.is_set() and self._too_much is None:
            try:
                await self._connect_and_work()
            except (KafkaError, OSError) as error:
                log.warning("bus.not_connected", group=self._group, error=type(error).__name__)
                self._check.down("le bus ne répond pas")
            except UnavailableError as error:
                self._check.down(error.detail)
            except Exception as error:  # noqa: BLE001 (a defect of a library: its consumer is made anew)
                log.error("bus.consumer_broke", group=self._group, fault=fault(error))  # noqa: TRY400
                self._check.down("la lecture du bus a échoué, elle reprend")
            if self._too_much is None:
                self._check.moved()
                await self._backoff.wait(self._stopping)
        self._check.rested()
        if self._stopping.is_set():
            self._check.down("arrêté")

    async def _connect_and_work(self) -> None:
        await verify_topics(self._bus, tuple(self._handlers))
        self._ended.clear()
        broker = self._make_broker(Watch(self._check, ended=self._ended, calm=self._recovered))
        try:
            await unless(self._stopping, broker.start())
            if not self._stopping.is_set():
                await self._ended.wait()
        finally:
            await broker.stop()

    def _make_broker(self, watch: Watch) -> KafkaBroker:
        broker = _Broker(self._bus, watch)
        subscriber: BatchSubscriber = broker.subscriber(
            *self._handlers,
            batch=True,
            group_id=self._group,
            max_records=BATCH_RECORDS,
            listener=_Listener(self, lambda: subscriber.consumer),
            parser=_parse,
            decoder=_decode,
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            **consumer.settings(self._bus),
        )

        @subscriber
        async def take(raws: Raw) -> None:
            await self._take(subscriber, raws)

        return broker

    async def _take(self, subscriber: BatchSubscriber, raws: Raw) -> None:
        if self._ended.is_set() or self._too_much is not None:
            return  # a commit would cover what was not handled before
        began = time.perf_counter()
        self._left = left = asyncio.Event()
        self._idle.clear()
        try:
            await self._continuity.follow(raws)
            parked = await self._reaction.take([(place_of(raw), record_of(raw)) for raw in raws], left)
            member = subscriber.consumer
            if isinstance(member, PromptConsumer):
                await member.commit_handled(self._group, ends_of(raws))
        except LeftError:
            log.info("bus.batch_left", group=self._group, records=len(raws))
            return
        except TooMuchParkedError as error:
            self._too_much = error
            self._check.down(error.detail)
            log.error("bus.too_much_parked", group=self._group, why=error.detail)  # noqa: TRY400 (all is in it)
            self._ended.set()
            return
        except Exception as error:  # noqa: BLE001 (FastStream would log it, and go on with the next batch)
            self._break(error)
            return
        finally:
            self._idle.set()
        self._recovered()
        elapsed = time.perf_counter() - began
        BATCH_SECONDS.labels(self._group).observe(elapsed)
        log.info(
            "bus.batch_handled",
            group=self._group,
            records=len(raws),
            parked=parked,
            offsets=spans_of(raws),
            elapsed_ms=round(elapsed * 1000, 1),
        )
        if self._pause and len(raws) < BATCH_RECORDS:
            await pause(self._pause, unless=self._stopping)

    def _break(self, error: Exception) -> None:
        """A batch met what nobody foresaw: the consumer is made anew, from what was committed."""
        log.error("bus.batch_broke", group=self._group, fault=fault(error))
        self._broken = True
        self._reaction.forget()
        self._check.down("un lot de messages n'a pu être traité, sa lecture reprend")
        self._ended.set()

    def _recovered(self) -> None:
        """All that was read is handled and committed."""
        self._backoff = Backoff()
        if self._broken:
            self._broken = False
            self._check.up()

    async def revoked(self) -> None:
        """The partitions are taken back: wait for no dependency any more, and give the handler time to end."""
        self._left.set()
        try:
            async with asyncio.timeout(FINISH_SECONDS):
                await self._idle.wait()
        except TimeoutError:
            log.warning("bus.batch_outlived", group=self._group)

    async def assigned(self, partitions: set[TopicPartition], member: AIOKafkaConsumer) -> None:
        """Partitions were assigned, perhaps none: this member is at work."""
        self._check.figures(partitions=len(partitions))
        self._check.moved()
        if not self._broken:
            self._check.up()
        await self._continuity.place(partitions, member.committed)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, reactor: Reactor, member: Callable[[], AIOKafkaConsumer]) -> None:
        self._reactor = reactor
        self._member = member

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        del revoked
        await self._reactor.revoked()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        await self._reactor.assigned(assigned, self._member())


class _Broker(KafkaBroker):
    """FastStream's broker, with consumers of ours, no producer and no admin client."""

    def __init__(self, bus: Bus, watch: Watch) -> None:
        super().__init__(
            bus.bootstrap_servers.split(","),
            consumer_only=True,
            allow_auto_create_topics=False,
            apply_types=False,
            graceful_timeout=FINISH_SECONDS,
            # It would write to the terminal by itself, in colours; `Watch` and the reactor tell what it has to say.
            logger=None,
        )
        self._watch = watch

    async def _connect(self) -> Any:
        await super()._connect()
        config = self.config.broker_config
        config.builder = partial(PromptConsumer, watch=self._watch, **config.builder.keywords)  # type: ignore[attr-defined]
        return config.builder


async def _parse(raws: Raw) -> KafkaMessage:
    return KafkaMessage(raw_message=raws, body=b"", consumer=FAKE_CONSUMER)


async def _decode(message: KafkaMessage) -> Any:
    return message.raw_message
