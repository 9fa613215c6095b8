"""The tail of the bus that event streams are fed from: one consumer a process, without a group, whatever the clients.

Each replica of the registry reads the end of every partition by itself, so a client may be connected to any of them.
The consumer starts with the first client, and what was said before is not told again: clients read the lists for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from passerelles.bus.address import Bus
from passerelles.bus.codec import Record, decode
from passerelles.bus.faults import fault
from passerelles.bus.poison import UndecodableError
from passerelles.errors import UnavailableError
from schemas.topics import TopicName
from services.registry.api.errors import TooManyStreamsError
from services.registry.api.sightings import sighting
from services.registry.domain.caller import Caller

log = structlog.get_logger(__name__)

TOPICS: Final = (TopicName.PROPOSALS, TopicName.OUTCOMES, TopicName.DELIVERIES)
WAITING_LIMIT: Final = 512
"""Events that may wait for one client; one need makes some tens of them, and who does not read them is let go."""
CLIENTS_LIMIT: Final = 500
CALLER_LIMIT: Final = 20
"""Streams of one company in one process: its people with a page open each."""
READY_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 2.0


def frame(type_: str, data: dict[str, Any], id_: str | None = None) -> bytes:
    """One server-sent event (HTML Standard, section 9.2)."""
    lines = [f"event: {type_}", f"data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}"]
    if id_ is not None:
        lines.insert(0, f"id: {id_}")
    return ("\n".join(lines) + "\n\n").encode()


class Client:
    """One open stream."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.waiting: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING_LIMIT)

    def give(self, piece: bytes) -> None:
        """Hand over an event; a client that is too far behind is let go, and reads the lists when it is back."""
        if self.waiting.full():
            self.end()
        else:
            self.waiting.put_nowait(piece)

    def end(self) -> None:
        """Have the stream end now, whatever waits."""
        while not self.waiting.empty():
            self.waiting.get_nowait()
        self.waiting.put_nowait(None)


class Feed:
    """Tails the bus while clients listen, until `stop`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._clients: set[Client] = set()
        self._tail: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called: nothing more is served."""
        return self._stopped

    @contextlib.contextmanager
    def client(self, caller: Caller) -> Iterator[Client]:
        """A client that is fed while the context lasts.

        Raises:
            UnavailableError: the process is stopping.
            TooManyStreamsError: enough streams are open.
        """
        if self._stopped:
            raise UnavailableError("Le service s'arrête.", remedy="Se reconnecter dans quelques secondes.")
        own = sum(each.caller == caller for each in self._clients)
        if len(self._clients) >= CLIENTS_LIMIT or own >= CALLER_LIMIT:
            raise TooManyStreamsError("Trop de flux sont ouverts.", remedy="En fermer, ou réessayer plus tard.")
        client = Client(caller)
        self._clients.add(client)
        try:
            yield client
        finally:
            self._clients.discard(client)

    async def ready(self) -> None:
        """Return once the tail is in place: what is published from then on is told.

        Raises:
            UnavailableError: the broker does not answer.
        """
        if self._tail is None or self._tail.done():
            self._tail = asyncio.create_task(self._follow(), name="stream-tail")
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._ready.wait()
        except TimeoutError as error:
            raise UnavailableError("Le bus ne répond pas.", remedy="Se reconnecter dans quelques secondes.") from error

    async def stop(self) -> None:
        """End every stream, then the consumer."""
        self._stopped = True
        for client in tuple(self._clients):
            client.end()
        tail, self._tail = self._tail, None
        if tail is not None:
            tail.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await tail

    async def _follow(self) -> None:
        while True:
            try:
                await self._consume()
            except (KafkaError, OSError) as error:
                log.warning("stream.broker_lost", error=type(error).__name__)
            except Exception as error:  # noqa: BLE001 (the streams outlive whatever a record holds)
                log.error("stream.failed", fault=fault(error))  # noqa: TRY400 (the message may quote data)
            self._lost()
            await asyncio.sleep(RETRY_SECONDS)

    def _lost(self) -> None:
        """End the streams: each client comes back, and reads what it missed from the lists."""
        self._ready.clear()
        for client in tuple(self._clients):
            client.end()

    async def _consume(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bus.bootstrap_servers,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="latest",
            fetch_max_wait_ms=self._bus.fetch_max_wait_ms,
        )
        try:
            await consumer.start()
            places = [
                TopicPartition(topic.value, number)
                for topic in TOPICS
                for number in range(self._bus.partitions(topic.value))
            ]
            consumer.assign(places)
            await consumer.seek_to_end(*places)
            for place in places:
                await consumer.position(place)
            self._ready.set()
            while True:
                for place, records in (await consumer.getmany(timeout_ms=1000)).items():
                    for record in records:
                        self._tell(f"{place.topic}/{place.partition}/{record.offset}", record)
        finally:
            await consumer.stop()

    def _tell(self, id_: str, record: Any) -> None:
        if not self._clients:
            return
        try:
            event = decode(Record(record.key, record.value, tuple(record.headers)))
        except UndecodableError:
            return  # the projection parks it; nobody can be told what it says
        for client in tuple(self._clients):
            shown = sighting(event, client.caller)
            if shown is not None:
                client.give(frame(event.type, shown, id_))
