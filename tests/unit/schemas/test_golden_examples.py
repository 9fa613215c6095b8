"""The golden examples are whole, satisfy the schemas published with them, and read through the upcasters."""

from __future__ import annotations

import json
import re
from datetime import UTC
from typing import Any
from uuid import UUID

import jsonschema
import pytest

from passerelles.bus.address import Bus
from passerelles.bus.codec import Record, decode, encode, place
from schemas.catalogue import CATALOGUE
from schemas.envelope import parse_time
from schemas.examples import load_example, read_example
from schemas.generate import GENERATED, ROOT
from schemas.json_schemas import file_name
from schemas.release import RELEASED
from schemas.upcasters import upcast

VERSIONS = [(type_.name, version) for type_ in CATALOGUE.values() for version in range(1, type_.version + 1)]


def resolved_message(name: str) -> dict[str, Any]:
    document = json.loads((ROOT / GENERATED / "asyncapi.json").read_text())
    message: dict[str, Any] = document["components"]["messages"][name]
    return message


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_an_example_satisfies_the_schema_released_with_it(name: str, version: int) -> None:
    schema = json.loads((ROOT / RELEASED / file_name(name, version)).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    payload = load_example(name, version)["payload"]
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(payload)


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_an_example_reads_and_says_every_field(name: str, version: int) -> None:
    type_ = CATALOGUE[name]
    read = read_example(type_, version)
    assert isinstance(read, type_.payload)
    if version == type_.version:
        added = {field for field, about in type_.payload.model_fields.items() if not about.is_required()}
        assert read.model_dump(mode="json", exclude_unset=True) == load_example(name, version)["payload"]
        assert type_.payload.model_fields.keys() - read.model_fields_set <= added


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_an_example_carries_the_headers_that_are_published(name: str, version: int) -> None:
    example = load_example(name, version)
    headers = example["headers"]
    if version == CATALOGUE[name].version:
        published = resolved_message(name)["headers"]
        jsonschema.Draft202012Validator(published).validate(headers)
        assert headers.keys() <= published["properties"].keys()
    assert headers["ce_dataschema"] == CATALOGUE[name].dataschema(version)
    assert UUID(headers["ce_id"])
    assert parse_time(headers["ce_time"]).tzinfo is UTC
    assert example["topic"] == CATALOGUE[name].topic


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_an_example_is_a_record_that_the_bus_reads_and_writes_alike(name: str, version: int) -> None:
    example = load_example(name, version)
    headers = tuple((header, text.encode()) for header, text in example["headers"].items())
    payload = json.dumps(example["payload"], ensure_ascii=False, separators=(",", ":")).encode()
    record = Record(example["key"].encode(), payload, headers)
    event = decode(record)
    assert event.data == read_example(CATALOGUE[name], version)
    if version == CATALOGUE[name].version:
        written = encode(event)
        assert (written.key, written.headers) == (record.key, record.headers)
        assert event.data.model_dump_json(exclude_unset=True).encode() == payload
        assert json.loads(written.value or b"").items() >= json.loads(payload).items()
    assert place(event, Bus("kafka.invalid:9092", embedded=False))[0] == example["topic"]


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_an_example_names_nobody(name: str, version: int) -> None:
    text = json.dumps(load_example(name, version), ensure_ascii=False)
    assert not re.search(r"@|\+33|\b0[1-79](?: ?\d\d){4}\b", text)


def test_an_old_record_is_read_through_each_step_up_to_today() -> None:
    calls = []

    def from_0(data: dict[str, Any]) -> dict[str, Any]:
        calls.append(0)
        return {"territory": data["zone"], "day": data["day"]}

    def from_1(data: dict[str, Any]) -> dict[str, Any]:
        calls.append(1)
        return data | {"day": data["day"][:10]}

    steps = {("day.started", 0): from_0, ("day.started", 1): from_1}
    old = {"zone": "46", "day": "2026-11-23T00:00:00Z"}
    read = CATALOGUE["day.started"].payload.model_validate_json(json.dumps(upcast("day.started", 0, 2, old, steps)))
    assert read.model_dump(mode="json") == {"territory": "46", "day": "2026-11-23"}
    assert calls == [0, 1]
    assert old == {"zone": "46", "day": "2026-11-23T00:00:00Z"}


def test_a_missing_step_is_said() -> None:
    with pytest.raises(LookupError):
        upcast("day.started", 0, 1, {}, {})
