"""A segment's file gives every record back to the byte, whatever was written on the bus."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from passerelles.bus.codec import Record, encode
from services.audit.archive.segment import SCHEMA, Filed, records_of, to_parquet
from tests.unit.bus.strategies import events

BYTES = st.one_of(st.none(), st.binary(max_size=30))
NAMES = st.one_of(st.sampled_from(["ce_id", "ce_type", "content-type"]), st.text(max_size=8))
ANYTHING = st.builds(Record, key=BYTES, value=BYTES, headers=st.lists(st.tuples(NAMES, BYTES), max_size=4).map(tuple))


@st.composite
def nearly(draw: st.DrawFn) -> Record:
    """A record of the contract, with one thing changed."""
    record = encode(draw(events()))
    headers = [*record.headers]
    place = draw(st.integers(0, len(headers) - 1))
    name, value = headers[place]
    text = value or b""
    headers[place] = (name, draw(st.sampled_from([b"", None, b"0" + text, text.upper(), text[:-1], b"\xff", text])))
    key = draw(st.sampled_from([record.key, None, b"x"]))
    return Record(key, draw(st.sampled_from([record.value, None, b"", b'{"id":"'])), tuple(headers))


def back(records: list[Record]) -> list[Filed]:
    rows = [Filed(offset, offset - 1, record) for offset, record in enumerate(records, 7)]
    file = parquet.ParquetFile(io.BytesIO(to_parquet(rows)))
    assert file.schema_arrow.names == SCHEMA.names
    found = [row for batch in file.iter_batches(3) for row in records_of(batch)]
    assert [row.offset for row in found] == [row.offset for row in rows]
    assert [row.at for row in found] == [row.at for row in rows]
    return found


@given(st.lists(st.one_of(events().map(encode), nearly(), ANYTHING), min_size=1, max_size=8))
def test_every_record_comes_back_to_the_byte(records: list[Record]) -> None:
    assert [row.record for row in back(records)] == records
