"""The OpenAPI document as a page to read: calls by subject, with what each takes and answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_REF = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter, or one member of a body."""

    name: str
    place: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Call:
    """One operation."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    fields: Sequence[Field]
    answers: Sequence[tuple[str, str]]
    example: str


@dataclass(frozen=True, slots=True)
class Section:
    """The calls of one tag."""

    name: str
    description: str
    calls: Sequence[Call]


def sections_of(document: Mapping[str, Any]) -> list[Section]:
    """The calls of a document by tag, in the order of its tags."""
    calls: dict[str, list[Call]] = {tag["name"]: [] for tag in document["tags"]}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            calls[operation["tags"][0]].append(_call(document, path, method, operation))
    return [Section(tag["name"], tag["description"], calls[tag["name"]]) for tag in document["tags"]]


def _call(document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> Call:
    fields = [
        Field(each["name"], _PLACES[each["in"]], _kind(each["schema"]), each.get("required", False), _said(each))
        for each in operation.get("parameters", ())
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if body:
        fields += _members(document, body["schema"])
    answers = [(code, answer["description"]) for code, answer in sorted(operation["responses"].items())]
    return Call(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        fields=fields,
        answers=[(code, "Réussite." if code.startswith("2") else said) for code, said in answers],
        example=json.dumps(body["example"], ensure_ascii=False, indent=2) if body else "",
    )


_PLACES = {"path": "adresse", "query": "requête", "header": "en-tête", "cookie": "cookie"}
_KINDS = {
    "string": "texte",
    "integer": "entier",
    "number": "nombre",
    "boolean": "vrai ou faux",
    "array": "liste",
    "object": "objet",
}
_FORMATS = {"uuid": "UUID", "date": "date", "date-time": "date et heure", "binary": "fichier"}


def _said(schema: Mapping[str, Any]) -> str:
    return str(schema.get("description", schema.get("schema", {}).get("description", "")))


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(schema.get("$ref", "")).removeprefix(_REF)
    found: Mapping[str, Any] = document["components"]["schemas"][name] if name else schema
    return found


def _members(document: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Field]:
    found = _resolved(document, schema)
    required = found.get("required", ())
    return [
        Field(name, "corps", _kind(member, document), name in required, str(member.get("description", "")))
        for name, member in found.get("properties", {}).items()
    ]


def _kind(schema: Mapping[str, Any], document: Mapping[str, Any] | None = None) -> str:
    """The type in French, with its bounds."""
    if "anyOf" in schema:
        several = [_kind(each, document) for each in schema["anyOf"] if each.get("type") != "null"]
        return " ou ".join(dict.fromkeys(several))
    if document is not None:
        schema = _resolved(document, schema)
    if "enum" in schema:
        return " | ".join(str(each) for each in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    kind = _FORMATS.get(str(schema.get("format")), _KINDS.get(str(schema.get("type")), "valeur"))
    if kind == "liste":
        return f"liste ({_kind(schema.get('items', {}), document)})"
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum")
    return f"{kind}, {low:g} à {high:g}" if low is not None and high is not None else kind
