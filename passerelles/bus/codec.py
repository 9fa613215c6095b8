"""Events to Kafka records and back: CloudEvents 1.0 in binary mode, deterministic to the byte.

Source: CloudEvents 1.0.2, Kafka protocol binding (cloudevents.io). Attributes travel in `ce_*` headers, the payload as
JSON in the value, the order's key as the record's key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Protocol
from uuid import UUID

from pydantic import ValidationError

from passerelles.bus.address import Bus
from schemas.catalogue import CATALOGUE, EventType
from schemas.envelope import (
    CONTENT_TYPE,
    SCHEMA_PREFIX,
    SOURCE_PREFIX,
    SPEC_VERSION,
    TYPE_PREFIX,
    Event,
    format_time,
    parse_time,
)
from schemas.topics import TOPICS, partition_of_proposal, partition_of_territory
from schemas.upcasters import UPCASTERS, Upcaster, upcast
from schemas.vocabulary import Payload
from schemas.written import CONTENT_HEADER, SPEC_HEADER, ReadEvent, WrittenEvent, constant_headers

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}")
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


class PoisonReason(StrEnum):
    """Why a record was parked: it cannot be read, or (the last two) was read and could not be handled."""

    NOT_JSON = "not_json"
    WRONG_SCHEMA = "wrong_schema"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_VERSION = "unknown_version"
    BAD_HEADER = "bad_header"
    MISSING_ATTRIBUTE = "missing_attribute"
    TOMBSTONE = "tombstone"
    HANDLER_FAILED = "handler_failed"
    BEHIND_PARKED = "behind_parked"


class UndecodableError(Exception):
    """A record that is no event of the contract; `detail` says where, and holds nothing of the payload."""

    def __init__(self, reason: PoisonReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


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
    attributes = _attributes(record.headers)
    type_ = _type(attributes)
    version = _version(type_, attributes)
    key = _required(attributes, "ce_partitionkey")
    if record.key != key.encode():
        raise UndecodableError(PoisonReason.BAD_HEADER, "ce_partitionkey is not the record's key")
    territory = attributes.get("ce_territory")
    if territory is None and TOPICS[type_.topic].layout == "territory":
        raise UndecodableError(PoisonReason.MISSING_ATTRIBUTE, "ce_territory")
    causation = attributes.get("ce_causationid")
    return Event(
        id=_uuid("ce_id", _required(attributes, "ce_id")),
        type=type_.name,
        schema_version=type_.version,
        source=_after(attributes, "ce_source", SOURCE_PREFIX),
        subject=_required(attributes, "ce_subject"),
        time=_time(_required(attributes, "ce_time")),
        epoch=_number("ce_epoch", _required(attributes, "ce_epoch")),
        key=key,
        territory=territory,
        causation_id=None if causation is None else _uuid("ce_causationid", causation),
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


def shown(name: str) -> str:
    """A header's name as text that every store takes: bytes that are not UTF-8 are written in hexadecimal."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _is_text(name: str) -> bool:
    return name.isascii() or shown(name) == name


def _attributes(headers: Sequence[tuple[str, bytes | None]]) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for name, value in headers:
        if not _is_text(name):
            raise UndecodableError(PoisonReason.BAD_HEADER, f"the name {shown(name)[:80]!r} is not UTF-8")
        if name in attributes:
            raise UndecodableError(PoisonReason.BAD_HEADER, f"{name[:80]!r} is there twice")
        try:
            attributes[name] = (value or b"").decode()
        except UnicodeDecodeError:
            raise UndecodableError(PoisonReason.BAD_HEADER, f"{name[:80]!r} is not UTF-8") from None
    if _required(attributes, "ce_specversion") != SPEC_VERSION:
        raise UndecodableError(PoisonReason.BAD_HEADER, f"ce_specversion is not {SPEC_VERSION}")
    if _required(attributes, "content-type").partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise UndecodableError(PoisonReason.BAD_HEADER, f"content-type is not {CONTENT_TYPE}")
    return attributes


def _required(attributes: Mapping[str, str], name: str) -> str:
    text = attributes.get(name)
    if not text:
        raise UndecodableError(PoisonReason.MISSING_ATTRIBUTE, name)
    return text


def _after(attributes: Mapping[str, str], name: str, prefix: str) -> str:
    text = _required(attributes, name)
    if not text.startswith(prefix):
        raise UndecodableError(PoisonReason.BAD_HEADER, f"{name} does not start with {prefix}")
    return text.removeprefix(prefix)


def _type(attributes: Mapping[str, str]) -> EventType:
    ce_type = _required(attributes, "ce_type")
    type_ = CATALOGUE.get(ce_type.removeprefix(TYPE_PREFIX)) if ce_type.startswith(TYPE_PREFIX) else None
    if type_ is None:
        raise UndecodableError(PoisonReason.UNKNOWN_TYPE, ce_type[:120])
    return type_


def _version(type_: EventType, attributes: Mapping[str, str]) -> int:
    text = _required(attributes, "ce_dataschema")
    prefix = f"{SCHEMA_PREFIX}{type_.name}:"
    if not text.startswith(prefix):
        raise UndecodableError(PoisonReason.BAD_HEADER, f"ce_dataschema is not one of {type_.name}")
    number = text.removeprefix(prefix)
    if _NUMBER.fullmatch(number) is None or not 1 <= int(number) <= type_.version:
        raise UndecodableError(PoisonReason.UNKNOWN_VERSION, text[:120])
    return int(number)


def _uuid(name: str, text: str) -> UUID:
    try:
        value = UUID(text)
    except ValueError:
        raise UndecodableError(PoisonReason.BAD_HEADER, f"{name} is no UUID") from None
    if str(value) != text:
        raise UndecodableError(PoisonReason.BAD_HEADER, f"{name} is no UUID in its canonical form")
    return value


def natural(text: str) -> int:
    """The natural number that a text is. Raises `ValueError`: it is none, or is not written as `str` writes it."""
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(text)
    return int(text)


def _number(name: str, text: str) -> int:
    try:
        return natural(text)
    except ValueError:
        raise UndecodableError(PoisonReason.BAD_HEADER, f"{name} is no natural number") from None


def _time(text: str) -> datetime:
    try:
        return parse_time(text)
    except (ValueError, OverflowError):
        raise UndecodableError(PoisonReason.BAD_HEADER, "ce_time is not RFC 3339") from None


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
