"""A header may be called by any bytes on the bus: its record is read, told from an event, and kept as text."""

from __future__ import annotations

import pytest
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from passerelles.bus.attributes import shown
from passerelles.bus.codec import Record, decode, encode
from passerelles.bus.mending import Records
from passerelles.bus.poison import PoisonReason, UndecodableError
from tests.integration.bus.conversation import fact


class Name(str):
    """A header's name, written as bytes that are not UTF-8."""

    __slots__ = ()

    def encode(self, *_: str) -> bytes:
        return b"\xffn\xfe"


def batch(*headers: list[tuple[str, bytes | None]], compression: int = 0) -> bytes:
    builder = _DefaultRecordBatchBuilderPy(2, compression, 0, -1, -1, -1, 1_000_000)
    for number, of_one in enumerate(headers):
        builder.append(number, 1, b"k", str(number).encode(), of_one)
    return bytes(builder.build())


@pytest.mark.parametrize("compression", [0, 1])
def test_every_record_of_a_batch_is_read_whatever_its_headers_are_called(compression: int) -> None:
    good: list[tuple[str, bytes | None]] = [("é", b"1"), ("none", None)]
    records = Records(batch(good, [*good, (Name("zzz"), b"\xff")], good, compression=compression))
    read = {record.offset: record for record in records.next_batch()}
    assert [(each.key, each.value) for each in read.values()] == [(b"k", b"0"), (b"k", b"1"), (b"k", b"2")]
    assert read[0].headers == read[2].headers == good
    assert read[1].headers == [*good, ("\udcffn\udcfe", b"\xff")]
    assert not records.has_next()


def test_several_batches_are_read_in_turn() -> None:
    records = Records(batch([("a", b"")]) + batch([(Name("zzz"), b"")]))
    found = []
    while records.has_next():
        of_one = records.next_batch()
        assert of_one.validate_crc()
        found += [record.headers for record in of_one]
    assert found == [[("a", b"")], [("\udcffn\udcfe", b"")]]


def test_what_is_corrupt_stays_so() -> None:
    spoilt = bytearray(batch([("a", b"")], [("a", b"")]))
    spoilt[61] ^= 0x7F
    with pytest.raises(CorruptRecordException):
        list(Records(bytes(spoilt)).next_batch())


def test_such_a_record_is_no_event() -> None:
    good = encode(fact(0))
    with pytest.raises(UndecodableError) as raised:
        decode(Record(good.key, good.value, (*good.headers, ("\udcffn\udcfe", b""))))
    assert raised.value.reason is PoisonReason.BAD_HEADER
    raised.value.detail.encode()
    assert decode(Record(good.key, good.value, (*good.headers, ("é", b"")))) == fact(0)


@pytest.mark.parametrize("name", ["ce_id", "é", "\\xff", "𝄞", ""])
def test_a_name_that_is_text_is_shown_as_it_is(name: str) -> None:
    assert shown(name) == name
