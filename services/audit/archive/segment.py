"""A segment's file: Parquet, zstd, one row a record, from whose columns the record comes back to the byte.

What a record repeats is written once: headers in the form that the contract gives them become typed columns; anything
else stays as it was, in `headers`. `value` is the payload as it was written: JSON wherever `headers` is null.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pyarrow as pa
from pyarrow import parquet
from pydantic_core import from_json

from passerelles.bus.codec import Record
from schemas.envelope import CONTENT_TYPE, SCHEMA_PREFIX, SOURCE_PREFIX, SPEC_VERSION, TYPE_PREFIX

ROWS_TOGETHER: Final = 10_000
"""Rows of a row group: the least that is read to find one record."""

_PAGE_BYTES: Final = 4 * 1024 * 1024
_LEVEL: Final = 9

SCHEMA: Final = pa.schema(
    [
        ("offset", pa.int64()),
        ("at", pa.timestamp("ms", tz="UTC")),
        ("type", pa.string()),
        ("version", pa.int16()),
        ("source", pa.string()),
        ("subject", pa.string()),
        ("time", pa.timestamp("us", tz="UTC")),
        ("territory", pa.string()),
        ("epoch", pa.int64()),
        ("id", pa.binary(16)),
        ("causation", pa.binary(16)),
        ("key", pa.binary()),
        ("value", pa.binary()),
        ("headers", pa.string()),
    ]
)
"""`subject` is null where it is the `id` that the payload begins with; `key` is null where it is the subject, behind
`territory:` where there is a territory. `headers` is null but where they are not in the contract's form: then it holds
them all as JSON (name, base64), and `type` to `causation` are null."""

_DICTIONARIES: Final = ["type", "source", "territory", "causation"]
_ENCODINGS: Final = {
    "offset": "DELTA_BINARY_PACKED",
    "at": "DELTA_BINARY_PACKED",
    "time": "DELTA_BINARY_PACKED",
}

_HEAD: Final = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_dataschema", "ce_subject", "ce_time")
_FORMS: Final = {
    (*_HEAD, "ce_partitionkey", *territory, "ce_epoch", *causation, "content-type"): (bool(territory), bool(causation))
    for territory in ((), ("ce_territory",))
    for causation in ((), ("ce_causationid",))
}
_UUID: Final = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME: Final = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_NUMBER: Final = re.compile(rb"0|[1-9][0-9]{0,17}")
_VERSION: Final = re.compile(rb"[1-9][0-9]{0,3}")
_ID: Final = b'{"id":"'
_ID_END: Final = len(_ID) + 36
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Filed:
    """A record at its place: `at` is Kafka's timestamp, in milliseconds of Unix time."""

    offset: int
    at: int
    record: Record


class _OddError(Exception):
    """The headers are not in the contract's form."""


def to_parquet(rows: Sequence[Filed]) -> bytes:
    """The file of these records, in the order given."""
    columns: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    appends = [columns[name].append for name in SCHEMA.names]
    for row in rows:
        for append, cell in zip(appends, _cells(row), strict=True):
            append(cell)
    table = pa.table([pa.array(columns[field.name], field.type) for field in SCHEMA], schema=SCHEMA)
    out = io.BytesIO()
    parquet.write_table(
        table,
        out,
        row_group_size=ROWS_TOGETHER,
        compression="zstd",
        compression_level=_LEVEL,
        use_dictionary=_DICTIONARIES,
        column_encoding=_ENCODINGS,
        data_page_size=_PAGE_BYTES,
        write_statistics=["offset", "at"],
        store_schema=False,
    )
    return out.getvalue()


def records_of(batch: pa.RecordBatch) -> list[Filed]:
    """The records of some rows with all their columns."""
    columns = [_texts(batch, name) for name in SCHEMA.names]
    return [_filed(*cells) for cells in zip(*columns, strict=True)]


def _texts(batch: pa.RecordBatch, name: str) -> list[Any]:
    column = batch.column(name)
    if name in {"at", "time"}:
        column = column.cast(pa.int64())
    cells: list[Any] = column.to_pylist()
    return cells


def _cells(row: Filed) -> tuple[Any, ...]:
    record = row.record
    try:
        return (row.offset, row.at, *_contractual(record))
    except (_OddError, ValueError):
        odd = json.dumps(
            [[name, None if value is None else base64.b64encode(value).decode()] for name, value in record.headers]
        )
        return (row.offset, row.at, *(None,) * 9, record.key, record.value, odd)


def _contractual(record: Record) -> tuple[Any, ...]:
    """From `type` to `headers`. Raises `_OddError` or `ValueError` where that would lose a byte."""
    form = _FORMS.get(tuple(name for name, _ in record.headers))
    values = [value for _, value in record.headers if value is not None]
    if form is None or len(values) != len(record.headers) or values[0] != _SPEC or values[-1] != _JSON:
        raise _OddError
    _spec, id_, source, type_, schema, subject, time, key, *more, _content = values
    has_territory, has_cause = form
    name = _after(type_, _TYPE)
    version = _after(schema, _SCHEMA + name + b":")
    territory, cause = more[0] if has_territory else None, more[-1] if has_cause else None
    epoch = more[1 if has_territory else 0]
    if not (_NUMBER.fullmatch(epoch) and _VERSION.fullmatch(version) and _TIME.fullmatch(time)) or record.key != key:
        raise _OddError
    if record.value is None or not _is_object(record.value):
        raise _OddError
    usual = subject if territory is None else territory + b":" + subject
    told = record.value[: _ID_END + 1] == _ID + subject + b'"'
    return (
        name.decode(),
        int(version),
        _after(source, _SOURCE).decode(),
        None if told else subject.decode(),
        (datetime.fromisoformat(time.decode()) - _BEGINNING) // _MICROSECOND,
        None if territory is None else territory.decode(),
        int(epoch),
        _uuid(id_),
        None if cause is None else _uuid(cause),
        None if key == usual else key,
        record.value,
        None,
    )


def _filed(offset: int, at: int, *cells: Any) -> Filed:
    type_, version, source, subject, time, territory, epoch, id_, cause, key, value, odd = cells
    if odd is not None:
        headers = tuple((name, None if text is None else base64.b64decode(text)) for name, text in json.loads(odd))
        return Filed(offset, at, Record(key, value, headers))
    about = value[len(_ID) : _ID_END] if subject is None else subject.encode()
    if key is None:
        key = about if territory is None else territory.encode() + b":" + about
    name = type_.encode()
    stamp = (_BEGINNING + timedelta(microseconds=time)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    made: list[tuple[str, bytes | None]] = [
        ("ce_specversion", _SPEC),
        ("ce_id", _spelt(id_)),
        ("ce_source", _SOURCE + source.encode()),
        ("ce_type", _TYPE + name),
        ("ce_dataschema", b"%b%b:%d" % (_SCHEMA, name, version)),
        ("ce_subject", about),
        ("ce_time", (stamp if len(stamp) == _STAMP else stamp.zfill(_STAMP)).encode()),
        ("ce_partitionkey", key),
    ]
    if territory is not None:
        made.append(("ce_territory", territory.encode()))
    made.append(("ce_epoch", b"%d" % epoch))
    if cause is not None:
        made.append(("ce_causationid", _spelt(cause)))
    made.append(("content-type", _JSON))
    return Filed(offset, at, Record(key, value, tuple(made)))


_SPEC: Final = SPEC_VERSION.encode()
_JSON: Final = CONTENT_TYPE.encode()
_SOURCE: Final = SOURCE_PREFIX.encode()
_TYPE: Final = TYPE_PREFIX.encode()
_SCHEMA: Final = SCHEMA_PREFIX.encode()
_STAMP: Final = len("2026-01-01T00:00:00.000000Z")


def _is_object(value: bytes) -> bool:
    """Whether a value is a JSON object on one line: then it can stand in a line of JSON as it is."""
    if value[:1] != b"{" or b"\n" in value or b"\r" in value:
        return False
    from_json(value, allow_inf_nan=False)
    return True


def _after(text: bytes, prefix: bytes) -> bytes:
    if not text.startswith(prefix):
        raise _OddError
    return text[len(prefix) :]


def _uuid(text: bytes) -> bytes:
    if _UUID.fullmatch(text) is None:
        raise _OddError
    return binascii.unhexlify(text.replace(b"-", b""))


def _spelt(id_: bytes) -> bytes:
    text = binascii.hexlify(id_)
    return b"-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
