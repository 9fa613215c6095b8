"""What is encoded is read back the same, and whatever is not of the contract is refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passerelles.bus import codec
from passerelles.bus.address import Bus
from passerelles.bus.codec import Record, decode, encode, place
from passerelles.bus.poison import PoisonReason, UndecodableError
from schemas.catalogue import CATALOGUE, EventType
from schemas.envelope import Event
from schemas.epochs import DayStarted
from schemas.territories import CURRENT
from schemas.topics import TOPICS
from schemas.vocabulary import Payload
from tests.unit.bus.strategies import events

DAY: Event[Payload] = Event(
    id=UUID("0198c5a8-0000-7000-8000-000000000001"),
    type="day.started",
    schema_version=1,
    source="registry",
    subject="46",
    time=datetime(2026, 3, 2, tzinfo=UTC),
    epoch=3,
    key="46:day",
    territory="46",
    causation_id=None,
    data=DayStarted.model_validate_json('{"territory": "46", "day": "2026-03-02"}'),
)


def with_header(record: Record, name: str, value: bytes | None) -> Record:
    return replace(record, headers=(*(pair for pair in record.headers if pair[0] != name), (name, value)))


def without_header(record: Record, name: str) -> Record:
    return replace(record, headers=tuple(pair for pair in record.headers if pair[0] != name))


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_type_is_read_back_and_encoded_again_to_the_byte(name: str) -> None:
    @given(event=events(name))
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def check(event: Event[Payload]) -> None:
        record = encode(event)
        assert decode(record) == event
        assert encode(decode(record)) == record

    check()


def test_headers_are_those_of_cloudevents_binary_mode_in_a_fixed_order() -> None:
    record = encode(DAY)
    assert record.key == b"46:day"
    assert record.value == b'{"territory":"46","day":"2026-03-02"}'
    assert record.headers == (
        ("ce_specversion", b"1.0"),
        ("ce_id", b"0198c5a8-0000-7000-8000-000000000001"),
        ("ce_source", b"/passerelles/registry"),
        ("ce_type", b"fr.passerelles.day.started"),
        ("ce_dataschema", b"urn:passerelles:schema:day.started:1"),
        ("ce_subject", b"46"),
        ("ce_time", b"2026-03-02T00:00:00.000000Z"),
        ("ce_partitionkey", b"46:day"),
        ("ce_territory", b"46"),
        ("ce_epoch", b"3"),
        ("content-type", b"application/json"),
    )


GOOD = encode(DAY)
MALFORMED: dict[str, tuple[Record, PoisonReason]] = {
    "tombstone": (replace(GOOD, value=None), PoisonReason.TOMBSTONE),
    "empty value": (replace(GOOD, value=b""), PoisonReason.NOT_JSON),
    "not JSON": (replace(GOOD, value=b"{territory"), PoisonReason.NOT_JSON),
    "value not UTF-8": (replace(GOOD, value=b'{"territory":"\xff"}'), PoisonReason.NOT_JSON),
    "nested too deep": (replace(GOOD, value=b'{"territory":' + b"[" * 200_000), PoisonReason.NOT_JSON),
    "JSON, but no object": (replace(GOOD, value=b"[]"), PoisonReason.WRONG_SCHEMA),
    "a field is missing": (replace(GOOD, value=b'{"territory":"46"}'), PoisonReason.WRONG_SCHEMA),
    "a field of another type": (replace(GOOD, value=b'{"territory":46,"day":"2026-03-02"}'), PoisonReason.WRONG_SCHEMA),
    "a huge integer": (replace(GOOD, value=b'{"territory":' + b"9" * 999 + b"}"), PoisonReason.WRONG_SCHEMA),
    "an endless integer": (replace(GOOD, value=b'{"territory":' + b"9" * 9999 + b"}"), PoisonReason.NOT_JSON),
    "unknown type": (with_header(GOOD, "ce_type", b"fr.passerelles.moon.landed"), PoisonReason.UNKNOWN_TYPE),
    "type of another system": (with_header(GOOD, "ce_type", b"day.started"), PoisonReason.UNKNOWN_TYPE),
    "later version": (
        with_header(GOOD, "ce_dataschema", b"urn:passerelles:schema:day.started:2"),
        PoisonReason.UNKNOWN_VERSION,
    ),
    "version zero": (
        with_header(GOOD, "ce_dataschema", b"urn:passerelles:schema:day.started:0"),
        PoisonReason.UNKNOWN_VERSION,
    ),
    "schema of another type": (
        with_header(GOOD, "ce_dataschema", b"urn:passerelles:schema:need.recorded:1"),
        PoisonReason.BAD_HEADER,
    ),
    "header not UTF-8": (with_header(GOOD, "ce_subject", b"\xff\xfe"), PoisonReason.BAD_HEADER),
    "foreign header not UTF-8": (with_header(GOOD, "trace", b"\xff\xfe"), PoisonReason.BAD_HEADER),
    "header without a value": (with_header(GOOD, "ce_id", None), PoisonReason.MISSING_ATTRIBUTE),
    "header twice": (replace(GOOD, headers=(*GOOD.headers, GOOD.headers[0])), PoisonReason.BAD_HEADER),
    "no headers": (replace(GOOD, headers=()), PoisonReason.MISSING_ATTRIBUTE),
    "another specification": (with_header(GOOD, "ce_specversion", b"0.3"), PoisonReason.BAD_HEADER),
    "another content type": (with_header(GOOD, "content-type", b"application/avro"), PoisonReason.BAD_HEADER),
    "id is no UUID": (with_header(GOOD, "ce_id", b"one"), PoisonReason.BAD_HEADER),
    "id in another form": (with_header(GOOD, "ce_id", b"0198C5A8000070008000000000000001"), PoisonReason.BAD_HEADER),
    "causation is no UUID": (with_header(GOOD, "ce_causationid", b"x"), PoisonReason.BAD_HEADER),
    "source of another system": (with_header(GOOD, "ce_source", b"/elsewhere"), PoisonReason.BAD_HEADER),
    "time without offset": (with_header(GOOD, "ce_time", b"2026-03-02T00:00:00"), PoisonReason.BAD_HEADER),
    "time out of range": (with_header(GOOD, "ce_time", b"0001-01-01T00:00:00+23:00"), PoisonReason.BAD_HEADER),
    "negative epoch": (with_header(GOOD, "ce_epoch", b"-1"), PoisonReason.BAD_HEADER),
    "epoch with underscores": (with_header(GOOD, "ce_epoch", b"1_0"), PoisonReason.BAD_HEADER),
    "endless epoch": (with_header(GOOD, "ce_epoch", b"9" * 5000), PoisonReason.BAD_HEADER),
    "no territory": (without_header(GOOD, "ce_territory"), PoisonReason.MISSING_ATTRIBUTE),
    "no key": (replace(GOOD, key=None), PoisonReason.BAD_HEADER),
    "another key": (replace(GOOD, key=b"46:other"), PoisonReason.BAD_HEADER),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_record_is_refused_with_its_reason(case: str) -> None:
    record, reason = MALFORMED[case]
    with pytest.raises(UndecodableError) as refusal:
        decode(record)
    assert refusal.value.reason is reason


NAMES = st.sampled_from([name for name, _ in GOOD.headers] + ["ce_causationid"]) | st.text(max_size=5)
VALUES = st.none() | st.binary(max_size=30) | st.sampled_from([value for _, value in GOOD.headers])


@given(
    key=st.none() | st.binary(max_size=10) | st.just(GOOD.key),
    value=st.none() | st.binary(max_size=60) | st.just(GOOD.value),
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=14),
)
@settings(max_examples=400, deadline=None)
def test_arbitrary_bytes_give_an_event_or_the_one_error(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    kept = {name: (name, value) for name, value in (*GOOD.headers, *headers)}
    for record in (Record(key, value, tuple(headers)), Record(key, value, tuple(kept.values()))):
        try:
            assert isinstance(decode(record), Event)
        except UndecodableError as refusal:
            assert refusal.reason in PoisonReason  # noqa: PT017 (most cases raise, some may not)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(event=events(), extra=JSON, field=st.integers(0, 50))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_json_in_a_field_gives_an_event_or_the_one_error(event: Event[Payload], extra: Any, field: int) -> None:
    record = encode(event)
    data = json.loads(record.value or b"")
    data[list(data)[field % len(data)]] = extra
    try:
        decode(replace(record, value=json.dumps(data).encode()))
    except UndecodableError as refusal:
        assert refusal.reason is PoisonReason.WRONG_SCHEMA  # noqa: PT017 (most cases raise, some may not)


class TestEarlierVersions:
    @pytest.fixture(autouse=True)
    def second_version(self, monkeypatch: pytest.MonkeyPatch) -> None:
        later = EventType("day.started", 2, CATALOGUE["day.started"].topic, DayStarted)
        monkeypatch.setattr("passerelles.bus.attributes.CATALOGUE", {"day.started": later})

    @staticmethod
    def rename(data: dict[str, Any]) -> dict[str, Any]:
        return {"territory": data["territory"], "day": data["date"]}

    def test_are_read_through_the_upcasters(self) -> None:
        old = replace(GOOD, value=b'{"territory":"46","date":"2026-03-02"}')
        event = decode(old, {("day.started", 1): self.rename})
        assert event.data == DAY.data
        assert event.schema_version == 2

    @pytest.mark.parametrize(
        ("value", "steps", "reason"),
        [
            (b"{}", True, PoisonReason.WRONG_SCHEMA),
            (b"[]", True, PoisonReason.WRONG_SCHEMA),
            (b"[" * 200_000, True, PoisonReason.NOT_JSON),
            (b"\xff", True, PoisonReason.NOT_JSON),
            (b"{}", False, PoisonReason.UNKNOWN_VERSION),
        ],
    )
    def test_that_cannot_be_upcast_are_refused(self, *, value: bytes, steps: bool, reason: PoisonReason) -> None:
        upcasters: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = (
            {("day.started", 1): self.rename} if steps else {}
        )
        with pytest.raises(UndecodableError) as refusal:
            decode(replace(GOOD, value=value), upcasters)
        assert refusal.value.reason is reason


class TestPlace:
    def test_follows_the_territory(self) -> None:
        index = CURRENT.index("46")
        assert place(DAY, Bus("x:1", embedded=True)) == ("registry.facts", index % 4)
        assert place(DAY, Bus("x:1")) == ("registry.facts", index % 32)

    @given(event=events("proposal.agreed"))
    @settings(max_examples=20)
    def test_follows_the_proposal(self, event: Event[Payload]) -> None:
        assert place(event, Bus("x:1")) == ("registry.outcomes", UUID(event.key).int % 12)

    def test_refuses_a_fact_without_territory(self) -> None:
        with pytest.raises(ValueError, match="territory"):
            place(replace(DAY, territory=None), Bus("x:1"))


@given(event=events("availability.recorded"), data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_read_at_once_is_what_is_read_with_care(event: Event[Payload], data: st.DataObject) -> None:
    record = encode(event)
    headers = list(record.headers)
    place_ = data.draw(st.integers(0, len(headers) - 1))
    name, value = headers[place_]
    changed = data.draw(
        st.one_of(
            st.just((name, value)),
            st.just((name, None)),
            st.binary(max_size=40).map(lambda junk: (name, junk)),
            st.integers(0, 40).map(lambda cut: (name, (value or b"")[:cut] + (value or b"")[cut + 1 :])),
            st.sampled_from(headers),
        )
    )
    headers[place_] = changed
    strange = replace(record, headers=tuple(headers), key=data.draw(st.sampled_from((record.key, b"", None))))
    assert outcome(decode, strange) == outcome(lambda it: codec._decode_with_care(it, codec.UPCASTERS), strange)


@pytest.mark.parametrize("name", ["ce_territory", "ce_causationid", "ce_epoch", "ce_subject"])
def test_a_header_that_is_null_is_not_one_that_is_absent(name: str) -> None:
    record = encode(replace(DAY, causation_id=DAY.id))
    assert name in dict(record.headers)
    nulled = replace(record, headers=tuple((each, None if each == name else value) for each, value in record.headers))
    assert outcome(decode, nulled) == outcome(lambda it: codec._decode_with_care(it, codec.UPCASTERS), nulled)


def outcome(read: Callable[[Record], Event[Payload]], record: Record) -> Event[Payload] | tuple[PoisonReason, str]:
    try:
        return read(record)
    except UndecodableError as error:
        return error.reason, error.detail


@given(event=events())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_what_each_service_writes_is_read_at_once(event: Event[Payload]) -> None:
    topic = TOPICS[CATALOGUE[event.type].topic]
    usual = replace(event, source=topic.owner, causation_id=None)
    assert codec._decode_as_written(encode(usual)) == usual
    derived = replace(usual, causation_id=usual.id)
    assert codec._decode_as_written(encode(derived)) == (derived if topic.layout == "territory" else None)
