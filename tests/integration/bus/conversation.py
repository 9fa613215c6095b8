"""What the tests of the bus say to one another: days as facts, a shard that counts them, a reader of topics."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from passerelles.bus.address import Bus
from passerelles.bus.codec import Record, decode, encode, place
from passerelles.bus.poison import PoisonReason
from passerelles.bus.producer import Publisher
from schemas.envelope import Event, revision_of
from schemas.epochs import DayStarted
from schemas.proposals import ProposalWithdrawn, WithdrawalReason
from schemas.vocabulary import Payload, event_id

FACTS = "registry.facts"
PROPOSALS = "matching.proposals"
NAMESPACE = UUID("8f3c1e52-6a11-5a53-9d5e-0d7f3a3c9b10")
FIRST = date(2026, 1, 1)


def fact(number: int, territory: str = "46", subject: str | None = None) -> Event[Payload]:
    """The nth day of a territory."""
    subject = subject or territory
    return Event(
        id=event_id(f"{territory}:{subject}", number, "day.started"),
        type="day.started",
        schema_version=1,
        source="registry",
        subject=subject,
        time=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number),
        epoch=1,
        key=f"{territory}:{subject}",
        territory=territory,
        data=DayStarted(territory=territory, day=FIRST + timedelta(days=number)),
    )


class CountingShard:
    """Says of each fact how many came before it in its territory: wrong as soon as one is skipped or taken twice."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.loaded: list[int] = []
        self.folded: list[int] = []
        self.settled = 0
        self.resumed = 0
        self.counts: dict[str, int] = {}

    def load(self, event: Event[Payload], offset: int) -> None:
        assert not self.settled
        self.loaded.append(offset)
        self._count(event)

    def settle(self) -> None:
        self.settled += 1

    def preparation(self) -> None:
        return None

    def parts(self) -> dict[str, bytes]:
        return {"counts": json.dumps(self.counts).encode(), "empty": b""}

    def resume(self, parts: Mapping[str, bytes | memoryview]) -> None:
        assert not self.counts
        self.counts = json.loads(bytes(parts["counts"]))
        self.resumed = sum(self.counts.values())
        self.settled = 1

    def fold(self, event: Event[Payload], offset: int) -> Sequence[Event[Payload]]:
        assert self.settled == 1
        self.folded.append(offset)
        count = self._count(event)
        id_ = uuid5(NAMESPACE, str(event.id))
        revision = revision_of(event.epoch, offset)
        said = ProposalWithdrawn(
            id=id_,
            need_id=id_,
            availability_id=id_,
            borrower_id=id_,
            lender_id=id_,
            territory=event.territory or "",
            revision=revision,
            rules_version=count,
            reason=WithdrawalReason.OUTRANKED,
        )
        return [
            Event(
                id=event_id(str(id_), revision, "proposal.withdrawn"),
                type="proposal.withdrawn",
                schema_version=1,
                source="matching",
                subject=str(id_),
                time=event.time,
                epoch=event.epoch,
                key=str(id_),
                territory=event.territory,
                causation_id=event.id,
                data=said,
            )
        ]

    def _count(self, event: Event[Payload]) -> int:
        territory = event.territory or ""
        self.counts[territory] = self.counts.get(territory, 0) + 1
        return self.counts[territory]


def counts_said(records: Sequence[Record], territory: str = "46") -> list[int]:
    """What counting shards said about a territory, each word once, in the order of its first appearance."""
    words = {
        (event.id, event.data.rules_version): None for event in map(decode, records) if event.territory == territory
    }  # type: ignore[attr-defined]
    return [count for _, count in words]


POISON: dict[PoisonReason, Callable[[Record], Record]] = {
    PoisonReason.NOT_JSON: lambda good: Record(good.key, b"{not json", good.headers),
    PoisonReason.WRONG_SCHEMA: lambda good: Record(good.key, b'{"territory":"46"}', good.headers),
    PoisonReason.UNKNOWN_TYPE: lambda good: _with(good, "ce_type", b"fr.passerelles.moon.landed"),
    PoisonReason.UNKNOWN_VERSION: lambda good: _with(good, "ce_dataschema", b"urn:passerelles:schema:day.started:99"),
    PoisonReason.BAD_HEADER: lambda good: _with(good, "ce_subject", b"\xff\xfe"),
    PoisonReason.TOMBSTONE: lambda good: Record(good.key, None, good.headers),
}


def _with(record: Record, name: str, value: bytes) -> Record:
    headers = tuple((each, value if each == name else old) for each, old in record.headers)
    return Record(record.key, record.value, headers)


def poison(number: int) -> dict[PoisonReason, Record]:
    """A record of each kind that cannot be read, in place of the nth day."""
    good = encode(fact(number))
    return {reason: spoil(good) for reason, spoil in POISON.items()}


def partition_of(bus: Bus, event: Event[Payload]) -> int:
    """Where an event goes."""
    return place(event, bus)[1]


@asynccontextmanager
async def running(*parts: Any) -> Any:
    """Start each in turn, and stop them in reverse."""
    started = []
    try:
        for part in parts:
            started.append(part)
            await part.start()
        yield parts
    finally:
        for part in reversed(started):
            await part.stop()


async def eventually(met: Callable[[], Any] | Callable[[], Awaitable[Any]], seconds: float = 40) -> None:
    """Return once a condition holds."""
    async with asyncio.timeout(seconds):
        while True:
            answer = met()
            if isinstance(answer, Awaitable):
                answer = await answer
            if answer:
                return
            await asyncio.sleep(0.02)


async def everything(bus: Bus, topic: str) -> list[Record]:
    """Every record of a topic, partition by partition."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bus.bootstrap_servers,
        fetch_max_wait_ms=bus.fetch_max_wait_ms,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(bus.partitions(topic))]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        found: dict[TopicPartition, list[Record]] = {each: [] for each in partitions}
        for each in partitions:
            while await consumer.position(each) < ends[each]:
                for raws in (await consumer.getmany(each, timeout_ms=200)).values():
                    found[each] += [Record(raw.key, raw.value, tuple(raw.headers)) for raw in raws]
    finally:
        await consumer.stop()
    return [record for each in partitions for record in found[each]]


async def committed(bus: Bus, group: str, topic: str, partition: int) -> int | None:
    """The committed offset of a group that has no running member."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bus.bootstrap_servers, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, partition)])
        offset: int | None = await consumer.committed(TopicPartition(topic, partition))
    finally:
        await consumer.stop()
    return offset


class _NameOfBytes(str):
    """A header's name that no text has; aiokafka's producer would refuse it."""

    __slots__ = ()

    def encode(self, *_: str) -> bytes:
        return b"\xff\xfe"


async def publish_unreadable_name(bus: Bus, number: int) -> Record:
    """Append the nth day with one more header, whose name is not UTF-8, as other Kafka clients can."""
    event = fact(number)
    record = encode(event)
    topic, partition = place(event, bus)
    builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, 1_000_000)
    builder.append(0, 1, record.key, record.value, [*record.headers, (_NameOfBytes("zz"), b"x")])
    client = AIOKafkaClient(bootstrap_servers=bus.bootstrap_servers)
    try:
        await client.bootstrap()
        await client.add_topic(topic)
        await eventually(lambda: client.cluster.leader_for_partition(TopicPartition(topic, partition)) is not None)
        node = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        batch = bytes(builder.build())
        request = ProduceRequest(
            transactional_id=None, required_acks=-1, timeout=5000, topics=[(topic, [(partition, batch)])]
        )
        answer = await client.send(node, request)
        assert answer.topics[0][1][0][1] == 0
    finally:
        await client.close()
    return Record(record.key, record.value, (*record.headers, ("\\xff\\xfe", b"x")))


async def publish_all(bus: Bus, events: Sequence[Event[Payload]]) -> None:
    """Publish, and be gone."""
    async with running(Publisher(bus)) as (publisher,):
        await publisher.publish(events)
