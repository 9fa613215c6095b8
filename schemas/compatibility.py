"""What may change in a payload without a new version: only fields that may be absent may be added.

Two readers set the rule. The log is kept for ever, so today's reader must accept everything that was ever written:
nothing is narrowed. While a new release rolls out, yesterday's strict reader meets what the new writer writes: nothing
is widened either, and that includes a further value of an enumeration or a further alternative of a union, which such
a reader would park. Any of these is a new version with an upcaster; its readers are deployed before its writers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Schema = Mapping[str, Any]

LOWER_BOUNDS: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER_BOUNDS: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
UNIONS: Final = ("anyOf", "oneOf")
ANNOTATIONS: Final = frozenset({"title", "description", "examples", "$defs", "$schema", "$id", "discriminator"})
"""Keywords that decide nothing about a value; `discriminator` repeats what the alternatives say."""

_COMPARED_APART: Final = frozenset(
    {"properties", "required", "items", "enum", "const", *LOWER_BOUNDS, *UPPER_BOUNDS, *UNIONS}
)
_ABSENT: Final = object()


@dataclass(frozen=True)
class Breach:
    """One thing that changed and may not.

    Attributes:
        path: where, `reasons[].metres` for instance; empty for the payload itself.
        what: what changed, as the end of a sentence.
    """

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path or 'the payload'}: {self.what}"


def breaches(released: Schema, current: Schema) -> list[Breach]:
    """What makes `current` incompatible with `released`: nothing, when it only gained fields that may be absent."""
    return list(_Comparison(released, current).of(released, current, ""))


class _Comparison:
    """A walk through two schemas side by side; each resolves references in its own document."""

    def __init__(self, released: Schema, current: Schema) -> None:
        self._released = released
        self._current = current

    def of(self, old: Schema, new: Schema, path: str) -> Iterator[Breach]:
        old, new = _resolved(old, self._released), _resolved(new, self._current)
        yield from self._properties(old, new, path)
        yield from _values(old, new, path)
        yield from _bounds(old, new, path)
        for union in UNIONS:
            yield from self._alternatives(old.get(union, ()), new.get(union, ()), path)
        if isinstance(old.get("items"), Mapping) and isinstance(new.get("items"), Mapping):
            yield from self.of(old["items"], new["items"], f"{path}[]")
        elif old.get("items", _ABSENT) != new.get("items", _ABSENT):
            yield Breach(path, "what its items are was stated or is no longer")
        for keyword in sorted((old.keys() | new.keys()) - ANNOTATIONS - _COMPARED_APART):
            before, after = old.get(keyword, _ABSENT), new.get(keyword, _ABSENT)
            if before != after or type(before) is not type(after):
                yield Breach(path, f"`{keyword}` changed from {_text(before)} to {_text(after)}")

    def _properties(self, old: Schema, new: Schema, path: str) -> Iterator[Breach]:
        before, after = old.get("properties", {}), new.get("properties", {})
        was_required, is_required = set(old.get("required", ())), set(new.get("required", ()))
        for name in before:
            if name not in after:
                yield Breach(_join(path, name), "was removed or renamed")
        for name in after:
            if name not in before:
                if name in is_required:
                    yield Breach(_join(path, name), "is new and required; records already written have none")
                continue
            yield from self.of(before[name], after[name], _join(path, name))
            if name in is_required - was_required:
                yield Breach(_join(path, name), "became required; records already written may have none")
            if name in was_required - is_required:
                yield Breach(_join(path, name), "is no longer required; readers still running refuse its absence")

    def _alternatives(self, old: list[Schema], new: list[Schema], path: str) -> Iterator[Breach]:
        before, after = _labelled(old, self._released), _labelled(new, self._current)
        for label in before.keys() - after.keys():
            yield Breach(path, f"the alternative {label} was removed")
        for label in after.keys() - before.keys():
            yield Breach(path, f"the alternative {label} was added; readers still running refuse it")
        for label, schema in before.items():
            if label in after:
                yield from self.of(schema, after[label], path)


def _values(old: Schema, new: Schema, path: str) -> Iterator[Breach]:
    """Enumerations; a constant is one with a single value."""
    before, after = _enumerated(old), _enumerated(new)
    if before is None and after is None:
        return
    if before is None or after is None:
        yield Breach(path, "a fixed list of values appeared or disappeared")
        return
    for value in before:
        if value not in after:
            yield Breach(path, f"the value {value} was removed")
    for value in after:
        if value not in before:
            yield Breach(path, f"the value {value} was added; readers still running refuse it")


def _bounds(old: Schema, new: Schema, path: str) -> Iterator[Breach]:
    for keyword in (*LOWER_BOUNDS, *UPPER_BOUNDS):
        before, after = old.get(keyword), new.get(keyword)
        if before == after:
            continue
        if before is None or after is None:
            narrowed = before is None
        else:
            narrowed = after > before if keyword in LOWER_BOUNDS else after < before
        told = f"`{keyword}` changed from {_text(before)} to {_text(after)}"
        why = "records already written may lie outside" if narrowed else "readers still running refuse what lies beyond"
        yield Breach(path, f"{told}; {why}")


def _resolved(schema: Schema, document: Schema) -> Schema:
    """The schema itself, where it is a reference into its document."""
    while "$ref" in schema:
        definition = document["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        schema = {**definition, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def _labelled(schemas: list[Schema], document: Schema) -> dict[str, Schema]:
    """The alternatives of a union by what tells them apart: a constant, else a type, else their whole text.

    The class that an alternative comes from is not looked at: renaming a class changes nothing on the wire.
    """
    resolved = [_resolved(schema, document) for schema in schemas]
    labels = [_label(schema) for schema in resolved]
    return {
        label if labels.count(label) == 1 else json.dumps(schema, sort_keys=True): schema
        for label, schema in zip(labels, resolved, strict=True)
    }


def _label(schema: Schema) -> str:
    for name, property_ in schema.get("properties", {}).items():
        if "const" in property_:
            return f"{name} = {property_['const']}"
    return _text(schema.get("type", "untyped"))


def _enumerated(schema: Schema) -> list[str] | None:
    if "const" in schema:
        return [_text(schema["const"])]
    return [_text(value) for value in schema["enum"]] if "enum" in schema else None


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _text(value: object) -> str:
    return "nothing" if value is _ABSENT or value is None else json.dumps(value, ensure_ascii=False)
