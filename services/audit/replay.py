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

from aiokafka.errors import KafkaError

from passerelles.bus.address import Bus
from passerelles.bus.codec import UndecodableError, decode, place
from passerelles.bus.producer import Publisher
from passerelles.errors import ConflictError, UnavailableError
from schemas.catalogue import CATALOGUE
from schemas.envelope import TYPE_PREFIX
from services.audit.archive_log import cluster_of
from services.audit.manifest import Root
from services.audit.reader_segments import Kept, SegmentArchive

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


def chosen(archive: SegmentArchive, wanted: Wanted) -> Iterator[Kept]:
    """The records that are wanted, in the archive's order. Raises `ArchiveError`."""
    return archive.kept(
        topics=None if wanted.types is None else {CATALOGUE[each].topic.value for each in wanted.types},
        types=wanted.types,
        subjects=None if wanted.company is None else [wanted.company],
        since=wanted.since,
        until=wanted.until,
    )


def line(kept: Kept) -> bytes:
    """A record as a line of JSON: its place, its attributes, and its payload as it was written."""
    segment, row = kept.segment, kept.row
    where = b'{"epoch":%d,"topic":"%b","partition":%d,"offset":%d,"at":"%b"' % (
        segment.epoch,
        segment.topic.encode(),
        segment.partition,
        row.offset,
        _at(row.at).encode(),
    )
    headers = dict(row.record.headers)
    value = row.record.value
    if value is None or headers.get("content-type") != b"application/json" or not _is_one_line(value):
        return where + b"," + _raw(kept)[1:]
    told = [b',"%b":%b' % (name, _quoted(headers.get(header))) for name, header in _SHOWN]
    return b"".join((where, *told, b',"data":', value, b"}"))


_SHOWN: Final = tuple(
    (name.encode(), f"ce_{header}")
    for name, header in (
        ("id", "id"),
        ("type", "type"),
        ("subject", "subject"),
        ("time", "time"),
        ("territory", "territory"),
        ("causation_id", "causationid"),
    )
)
_PLAIN: Final = frozenset(range(0x20, 0x7F)) - frozenset(b'"\\')


def _quoted(text: bytes | None) -> bytes:
    if text is None:
        return b"null"
    if _PLAIN.issuperset(text):
        return b'"%b"' % text
    return json.dumps(text.decode(errors="replace")).encode()


def _is_one_line(value: bytes) -> bool:
    return value[:1] == b"{" and value[-1:] == b"}" and b"\n" not in value and _is_json(value)


def _is_json(value: bytes) -> bool:
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return False
    return True


def _raw(kept: Kept) -> bytes:
    """What is no event of the contract, with its bytes."""
    record = kept.row.record
    told = {
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
    root = archive.entries[0]
    try:
        cluster = await cluster_of(bus)
    except (KafkaError, OSError) as error:
        raise UnavailableError("Le bus donné ne répond pas.", remedy="Vérifier l'adresse de --to-bus.") from error
    if cluster is not None and isinstance(root, Root) and root.cluster == cluster:
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
