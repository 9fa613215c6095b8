"""Shows what was archived, or publishes it to a bus given by name.

It cannot send a mail or an SMS, whatever its arguments and settings: audit imports no channel, no mail library and no
HTTP client (a linter contract), it asks the registry for no contact, and the archive holds none. All that it can reach
is a `Publisher`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

import pyarrow as pa
from aiokafka.errors import KafkaError
from pyarrow import compute

from passerelles.bus.address import Bus
from passerelles.bus.codec import decode, place
from passerelles.bus.poison import UndecodableError
from passerelles.bus.producer import Publisher
from passerelles.errors import ConflictError, UnavailableError
from schemas.catalogue import CATALOGUE
from schemas.envelope import TYPE_PREFIX
from services.audit.archive.cluster import cluster_of
from services.audit.archive.manifest import Segment
from services.audit.archive.segment import records_of
from services.audit.reading.port import Filters
from services.audit.reading.segments import Kept, SegmentArchive

Records = Iterable[Kept]
Counts = AsyncIterator[int]
"""How many were published so far."""

_TOGETHER: Final = 500
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Wanted:
    """What to replay; none: everything.

    Attributes:
        since, until: appended then or later, and before.
        types: short names, `need.recorded` for instance.
        company: named by the event, as its own or as a party.
    """

    since: datetime | None = None
    until: datetime | None = None
    types: Collection[str] | None = None
    company: UUID | None = None

    @property
    def filters(self) -> Filters:
        """As the archive takes them."""
        return {
            "topics": None if self.types is None else {CATALOGUE[each].topic.value for each in self.types},
            "types": self.types,
            "subjects": None if self.company is None else [self.company],
            "since": self.since,
            "until": self.until,
        }

    def has_type_of(self, kept: Kept) -> bool:
        """Whether a record's header says one of the types."""
        if self.types is None:
            return True
        said = dict(kept.row.record.headers).get("ce_type") or b""
        return said.decode(errors="replace").removeprefix(TYPE_PREFIX) in self.types


def chosen(archive: SegmentArchive, wanted: Wanted) -> Iterator[Kept]:
    """The records that are wanted, in the archive's order. Raises `ArchiveError`."""
    return (kept for kept in archive.kept(**wanted.filters) if wanted.has_type_of(kept))


def lines(archive: SegmentArchive, wanted: Wanted) -> Iterator[bytes]:
    """The same, each as a line of JSON: its place, its attributes, and its payload as it was written.

    What is no event of the contract is shown with its bytes in base 64. Raises `ArchiveError`.
    """

    def read(segment: Segment, batch: pa.RecordBatch) -> Iterator[bytes]:
        if batch.column("headers").null_count == batch.num_rows:
            return _told(segment, batch)
        return (_one(segment, batch.slice(row, 1), wanted) for row in range(batch.num_rows))

    return filter(None, archive.each(read, **wanted.filters))


def _one(segment: Segment, batch: pa.RecordBatch, wanted: Wanted) -> bytes:
    if not batch.column("headers").null_count:
        kept = Kept(segment, records_of(batch)[0])
        return _raw(kept) if wanted.has_type_of(kept) else b""
    return next(_told(segment, batch))


def _told(segment: Segment, batch: pa.RecordBatch) -> Iterator[bytes]:
    """Lines of rows that are in the contract's form, column by column: this is what the speed of a replay is."""
    where = f'{{"epoch":{segment.epoch},"topic":"{segment.topic}","partition":{segment.partition},"offset":'
    columns = [
        batch.column(name).to_pylist() for name in ("offset", "id", "causation", "territory", "subject", "value")
    ]
    kinds = [f'"type":"{TYPE_PREFIX}{name}"' for name in batch.column("type").to_pylist()]
    ats, times = _instants(batch, "at", "ms"), _instants(batch, "time", "us")
    for offset, id_, causation, territory, subject, value, kind, at, time in zip(
        *columns, kinds, ats, times, strict=True
    ):
        hexes = id_.hex()
        cause = "null" if causation is None else f'"{_uuid(causation.hex())}"'
        about = f'"{value[7:43].decode()}"' if subject is None else json.dumps(subject)
        place = "null" if territory is None else json.dumps(territory)
        yield (
            (
                f'{where}{offset},"at":"{at}Z","id":"{_uuid(hexes)}",{kind},"subject":{about},"time":"{time}Z",'
                f'"territory":{place},"causation_id":{cause},"data":'
            ).encode()
            + value
            + b"}"
        )


def _instants(batch: pa.RecordBatch, name: str, unit: str) -> list[str]:
    """RFC 3339 without the Z; a cast to text is many times as fast as formatting."""
    texts = batch.column(name).cast(pa.timestamp(unit)).cast(pa.string())
    instants: list[str] = compute.replace_substring(texts, " ", "T").to_pylist()
    return instants


def _uuid(text: str) -> str:
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _raw(kept: Kept) -> bytes:
    segment, record = kept.segment, kept.row.record
    told = {
        "epoch": segment.epoch,
        "topic": segment.topic,
        "partition": segment.partition,
        "offset": kept.row.offset,
        "at": _at(kept.row.at),
        "key_base64": _base64(record.key),
        "value_base64": _base64(record.value),
        "headers_base64": [[name, _base64(value)] for name, value in record.headers],
    }
    return json.dumps(told, separators=(",", ":")).encode()


def row(kept: Kept) -> tuple[str, ...]:
    """A record for a person: when, epoch, place, type, whom it is about, event."""
    headers = {name: (value or b"").decode(errors="replace") for name, value in kept.row.record.headers}
    return (
        _at(kept.row.at),
        str(kept.segment.epoch),
        f"{kept.segment.topic}/{kept.segment.partition}@{kept.row.offset}",
        headers.get("ce_type", "illisible").removeprefix(TYPE_PREFIX),
        headers.get("ce_subject", ""),
        headers.get("ce_id", ""),
    )


async def publish(archive: SegmentArchive, records: Iterable[Kept], bus: Bus) -> AsyncIterator[int]:
    """Append records to a bus in the archive's order, each where that bus has its kind; gives how many, as it goes.

    Raises:
        ConflictError: the bus is the very one that the archive is of: what is there would be said twice.
        UnavailableError: it does not answer.
    """
    try:
        cluster = await cluster_of(bus)
    except (KafkaError, OSError) as error:
        raise UnavailableError("Le bus donné ne répond pas.", remedy="Vérifier l'adresse de --to-bus.") from error
    if cluster is not None and archive.root.cluster == cluster:
        raise ConflictError(
            "Ce bus est celui dont l'archive est faite : tout y serait dit deux fois.",
            remedy="Donner à --to-bus un autre Kafka, avec les topics du contrat.",
        )
    publisher = Publisher(bus)
    await publisher.start()
    try:
        remaining, count = iter(records), 0
        while some := list(islice(remaining, _TOGETHER)):
            await publisher.publish_records([(*_place(each, bus), each.row.record) for each in some])
            count += len(some)
            yield count
    finally:
        await publisher.stop()


def _place(kept: Kept, bus: Bus) -> tuple[str, int]:
    try:
        return place(decode(kept.row.record), bus)
    except (UndecodableError, ValueError, LookupError):
        return kept.segment.topic, kept.segment.partition % bus.partitions(kept.segment.topic)


def _at(milliseconds: int) -> str:
    return (_BEGINNING + milliseconds * _MILLISECOND).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _base64(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()
