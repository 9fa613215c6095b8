"""Events to Kafka records and back: CloudEvents 1.0 in binary mode, deterministic to the byte.

Source: CloudEvents 1.0.2, Kafka protocol binding (cloudevents.io). Attributes travel in `ce_*` headers, the payload as
JSON in the value, the order's key as the record's key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol
from uuid import UUID

from pydantic import ValidationError

from passerelles.bus.address import Bus
from passerelles.bus.attributes import Attributes, natural
from passerelles.bus.poison import PoisonReason, UndecodableError
from schemas.catalogue import CATALOGUE, EventType
from schemas.envelope import (
    CONTENT_TYPE,
    SOURCE_PREFIX,
    SPEC_VERSION,
    Event,
    format_time,
    parse_time,
)
from schemas.topics import TOPICS, partition_of_proposal, partition_of_territory
from schemas.upcasters import UPCASTERS, Upcaster, upcast
from schemas.vocabulary import Payload
from schemas.written import CONTENT_HEADER, SPEC_HEADER, ReadEvent, WrittenEvent, constant_headers

_UUID: Final = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# Of what is not derived: the headers as `encode` writes them, and the type by the five that it shares.
NAMES: Final = (
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_dataschema",
    "ce_subject",
    "ce_time",
    "ce_partitionkey",
    "ce_territory",
    "ce_epoch",
    "content-type",
)
_WITHOUT_TERRITORY: Final = tuple(name for name in NAMES if name != "ce_territory")
_DERIVED: Final = (*NAMES[:-1], "ce_causationid", NAMES[-1])
"""Of what matching derives from a fact."""


def _kinds(layout: str) -> Mapping[tuple[bytes, ...], EventType]:
    return {
        (
            SPEC_HEADER[1],
            *(value for _, value in constant_headers(type_, TOPICS[type_.topic].owner)),
            CONTENT_HEADER[1],
        ): type_
        for type_ in CATALOGUE.values()
        if TOPICS[type_.topic].layout == layout
    }


KINDS: Final = _kinds("territory")
_KINDS_WITHOUT_TERRITORY: Final = _kinds("proposal")


@dataclass(frozen=True, slots=True)
class Record:
    """A Kafka record without its place; a value of none is a tombstone, and Kafka lets a header's value be none.

    A header's name that is not UTF-8 has surrogate escapes.
    """

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Recorded(Protocol):
    """What a record has, whoever holds it: `Record`, or aiokafka's own."""

    @property
    def key(self) -> bytes | None: ...  # noqa: D102 (see Record)
    @property
    def value(self) -> bytes | None: ...  # noqa: D102
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...  # noqa: D102


def encode(event: Event[Payload]) -> Record:
    """The record of an event: the same bytes for the same event."""
    if isinstance(event, WrittenEvent):
        return Record(event.key.encode(), event.value, event.headers)
    type_ = CATALOGUE[event.type]
    attributes: dict[str, str | None] = {
        "ce_specversion": SPEC_VERSION,
        "ce_id": str(event.id),
        "ce_source": SOURCE_PREFIX + event.source,
        "ce_type": type_.ce_type,
        "ce_dataschema": type_.dataschema(event.schema_version),
        "ce_subject": event.subject,
        "ce_time": format_time(event.time),
        "ce_partitionkey": event.key,
        "ce_territory": event.territory,
        "ce_epoch": str(event.epoch),
        "ce_causationid": str(event.causation_id) if event.causation_id else None,
        "content-type": CONTENT_TYPE,
    }
    headers = tuple((name, text.encode()) for name, text in attributes.items() if text is not None)
    return Record(event.key.encode(), event.data.model_dump_json().encode(), headers)


def decode(record: Recorded, upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS) -> Event[Payload]:
    """The event of a record, its payload as the current version of the schema has it.

    Raises:
        UndecodableError: the record is no event of the contract; nothing else is ever raised.
    """
    return _decode_as_written(record) or _decode_with_care(record, upcasters)


def _decode_as_written(record: Recorded) -> Event[Payload] | None:
    """The event of a record as `encode` makes it today, read four times as fast; none: it is to be read with care."""
    try:
        names, values = zip(*record.headers, strict=True)
        if None in values:
            return None
        territory: bytes | None
        cause: bytes | None = None
        if names == NAMES:
            kinds = KINDS
            spec, id_, source, type_, schema, subject, time, key, territory, epoch, content = values
        elif names == _WITHOUT_TERRITORY:
            kinds, territory = _KINDS_WITHOUT_TERRITORY, None
            spec, id_, source, type_, schema, subject, time, key, epoch, content = values
        elif names == _DERIVED:
            kinds = KINDS
            spec, id_, source, type_, schema, subject, time, key, territory, epoch, cause, content = values
        else:
            return None
        kind = kinds[spec, source, type_, schema, content]
        if key != record.key or not subject or not key or _UUID.fullmatch(id_) is None:
            return None
        if cause is not None and _UUID.fullmatch(cause) is None:
            return None
        place, number = _place(territory, epoch)
        return ReadEvent(
            kind,
            id_.decode(),
            source=TOPICS[kind.topic].owner,
            subject=subject.decode(),
            time=parse_time(time.decode()),
            epoch=number,
            key=key.decode(),
            territory=place,
            causation_id=None if cause is None else UUID(cause.decode()),
            data=kind.payload.model_validate_json(record.value),  # type: ignore[arg-type]  # none is invalid
        )
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
        return None


@lru_cache(maxsize=1024)
def _place(territory: bytes | None, epoch: bytes) -> tuple[str | None, int]:
    return None if territory is None else territory.decode(), natural(epoch.decode())


def _decode_with_care(record: Recorded, upcasters: Mapping[tuple[str, int], Upcaster]) -> Event[Payload]:
    if record.value is None:
        raise UndecodableError(PoisonReason.TOMBSTONE, "the record has no value")
    attributes = Attributes(record.headers)
    type_ = attributes.type()
    version = attributes.version(type_)
    key = attributes.required("ce_partitionkey")
    if record.key != key.encode():
        raise UndecodableError(PoisonReason.BAD_HEADER, "ce_partitionkey is not the record's key")
    territory = attributes.get("ce_territory")
    if territory is None and TOPICS[type_.topic].layout == "territory":
        raise UndecodableError(PoisonReason.MISSING_ATTRIBUTE, "ce_territory")
    return Event(
        id=attributes.uuid("ce_id"),
        type=type_.name,
        schema_version=type_.version,
        source=attributes.after("ce_source", SOURCE_PREFIX),
        subject=attributes.required("ce_subject"),
        time=attributes.time("ce_time"),
        epoch=attributes.number("ce_epoch"),
        key=key,
        territory=territory,
        causation_id=None if attributes.get("ce_causationid") is None else attributes.uuid("ce_causationid"),
        data=read_payload(type_, version, record.value, upcasters),
    )


def read_payload(
    type_: EventType, version: int, value: bytes, upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS
) -> Payload:
    """The payload that was written as JSON under a version of its schema, as the current one has it.

    Raises:
        UndecodableError: it is not of that schema.
    """
    if version < type_.version:
        value = _upcast(type_, version, value, upcasters)
    try:
        return type_.payload.model_validate_json(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise UndecodableError(PoisonReason.NOT_JSON, "the value is not JSON") from None
        where = ".".join(map(str, first["loc"]))[:120]
        raise UndecodableError(PoisonReason.WRONG_SCHEMA, f"{type_.name} {where or '.'}: {first['type']}") from None


def _upcast(type_: EventType, version: int, value: bytes, upcasters: Mapping[tuple[str, int], Upcaster]) -> bytes:
    try:
        data: Any = json.loads(value)
    except (ValueError, RecursionError):
        raise UndecodableError(PoisonReason.NOT_JSON, "the value is not JSON") from None
    missing = [step for step in range(version, type_.version) if (type_.name, step) not in upcasters]
    if missing:
        raise UndecodableError(PoisonReason.UNKNOWN_VERSION, type_.dataschema(version))
    try:
        return json.dumps(upcast(type_.name, version, type_.version, data, upcasters)).encode()
    except Exception as error:
        # An upcaster meets whatever was written, and may trip over it in any way: the record is at fault.
        detail = f"{type_.name}:{version} cannot be read as version {type_.version}: {type(error).__name__}"
        raise UndecodableError(PoisonReason.WRONG_SCHEMA, detail) from error


def place(event: Event[Payload], bus: Bus) -> tuple[str, int]:
    """The topic and partition that an event goes to.

    Raises:
        UnknownTerritoryError: its territory is not in the table.
        ValueError: it has no territory, or a key that is no proposal's, where the topic is laid out by it.
    """
    topic = TOPICS[CATALOGUE[event.type].topic]
    partitions = bus.partitions(topic.name)
    if topic.layout == "proposal":
        return topic.name, partition_of_proposal(UUID(event.key), partitions)
    if event.territory is None:
        msg = f"{event.type} {event.id} needs a territory: {topic.name} is laid out by it"
        raise ValueError(msg)
    return topic.name, partition_of_territory(event.territory, partitions)
