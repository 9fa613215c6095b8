"""Which changes of a payload the rule of compatibility lets through, and which it names."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from schemas.catalogue import CATALOGUE
from schemas.compatibility import breaches
from schemas.json_schemas import json_schema
from schemas.vocabulary import Payload


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Dot(Payload):
    shape: Literal["dot"] = "dot"
    size: int


class Line(Payload):
    shape: Literal["line"] = "line"
    length: int


class Released(Payload):
    id: str
    size: Annotated[int, Field(ge=1, le=10)]
    code: Annotated[str, Field(pattern=r"^\d$")]
    colour: Colour
    note: str | None = None
    sizes: tuple[Annotated[int, Field(ge=0)], ...] = ()
    drawn: tuple[Annotated[Dot | Line, Field(discriminator="shape")], ...] = ()


def told(current: type[Payload], released: type[Payload] = Released) -> list[str]:
    return [str(breach) for breach in breaches(released.model_json_schema(), current.model_json_schema())]


def changed(**fields: Any) -> type[Payload]:
    """The released payload with some fields declared otherwise; `None` removes one."""
    annotations = {name: info.rebuild_annotation() for name, info in Released.model_fields.items()}
    defaults: dict[str, Any] = {"note": None, "sizes": (), "drawn": ()}
    for name, field in fields.items():
        annotations.pop(name, None)
        defaults.pop(name, None)
        if field is not None:
            annotations[name] = field[0]
            if len(field) > 1:
                defaults[name] = field[1]
    return type("Released", (Payload,), {"__annotations__": annotations, **defaults})


def test_nothing_changed() -> None:
    assert told(changed()) == []


@pytest.mark.parametrize("fields", [{"later": (str | None, None)}, {"later": (int, 3)}, {"later": (Dot | None, None)}])
def test_a_new_field_that_may_be_absent_is_compatible(fields: dict[str, Any]) -> None:
    assert told(changed(**fields)) == []


class Wider(StrEnum):
    RED = "red"
    BLUE = "blue"
    GREEN = "green"


class Narrower(StrEnum):
    RED = "red"


class Arc(Payload):
    shape: Literal["arc"] = "arc"
    angle: int


class LongLine(Payload):
    shape: Literal["line"] = "line"
    length: Annotated[int, Field(ge=100)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"id": None}, "id: was removed", id="removed"),
        pytest.param({"id": None, "name": (str,)}, "id: was removed or renamed", id="renamed"),
        pytest.param({"later": (str,)}, "later: is new and required", id="required-added"),
        pytest.param({"note": (str | None,)}, "note: became required", id="became-required"),
        pytest.param({"id": (str, "x")}, "id: is no longer required", id="became-optional"),
        pytest.param({"id": (int,)}, 'id: `type` changed from "string" to "integer"', id="type"),
        pytest.param({"note": (str, "")}, "note", id="no-longer-null"),
        pytest.param({"size": (Annotated[int, Field(ge=2, le=10)],)}, "`minimum` changed from 1 to 2", id="minimum"),
        pytest.param({"size": (Annotated[int, Field(ge=1, le=9)],)}, "records already written", id="maximum"),
        pytest.param({"size": (Annotated[int, Field(ge=1, le=11)],)}, "readers still running", id="widened"),
        pytest.param({"size": (Annotated[int, Field(ge=1)],)}, "`maximum` changed from 10 to nothing", id="unbounded"),
        pytest.param({"code": (Annotated[str, Field(pattern=r"^[1-9]$")],)}, "code: `pattern` changed", id="pattern"),
        pytest.param({"colour": (Narrower,)}, 'colour: the value "blue" was removed', id="enum-removed"),
        pytest.param({"colour": (Wider,)}, 'colour: the value "green" was added', id="enum-added"),
        pytest.param({"colour": (str,)}, "a fixed list of values appeared or disappeared", id="enum-dropped"),
        pytest.param({"sizes": (tuple[Annotated[int, Field(ge=1)], ...], ())}, "sizes[]: `minimum`", id="items"),
        pytest.param({"sizes": (tuple[int, int], (0, 0))}, "sizes", id="tuple-length"),
        pytest.param({"note": (str | None, "x")}, "note: `default` changed", id="default"),
        pytest.param(
            {"drawn": (tuple[Annotated[Dot | Line | Arc, Field(discriminator="shape")], ...], ())},
            "the alternative shape = arc was added",
            id="union-added",
        ),
        pytest.param({"drawn": (tuple[Dot, ...], ())}, "drawn[]", id="union-gone"),
        pytest.param(
            {"drawn": (tuple[Annotated[Dot | LongLine, Field(discriminator="shape")], ...], ())},
            "drawn[].length: `minimum` changed",
            id="union-narrowed",
        ),
    ],
)
def test_any_other_change_is_named_with_its_place(fields: dict[str, Any], expected: str) -> None:
    assert any(expected in breach for breach in told(changed(**fields))), told(changed(**fields))


def test_a_class_may_be_renamed() -> None:
    class Point(Payload):
        shape: Literal["dot"] = "dot"
        size: int

    drawn = tuple[Annotated[Line | Point, Field(discriminator="shape")], ...]
    assert told(changed(drawn=(drawn, ()))) == []


def test_a_type_that_moved_to_another_topic_is_a_breach() -> None:
    released = json_schema(CATALOGUE["need.recorded"])
    moved = released | {"x-topic": "registry.outcomes"}
    assert [breach.what.partition(" changed")[0] for breach in breaches(released, moved)] == ["`x-topic`"]


@given(st.sampled_from(sorted(CATALOGUE)), st.data())
def test_every_type_is_compatible_with_itself_and_not_without_one_of_its_fields(name: str, data: st.DataObject) -> None:
    schema = json_schema(CATALOGUE[name])
    assert breaches(schema, schema) == []
    lost = data.draw(st.sampled_from(sorted(schema["properties"])))
    kept = {field: body for field, body in schema["properties"].items() if field != lost}
    required = [field for field in schema["required"] if field != lost]
    paths = [breach.path for breach in breaches(schema, schema | {"properties": kept, "required": required})]
    assert paths == [lost]
