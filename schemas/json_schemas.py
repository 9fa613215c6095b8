"""The JSON Schema of each payload: what is published, committed, and compared with what was published before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from schemas.catalogue import EventType

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Document = dict[str, Any]
"""A JSON document."""


def json_schema(type_: EventType) -> Document:
    """The schema of a type's payload at the version written today: what a reader accepts.

    `x-topic` is part of it: a type that moved to another topic is lost to those that read the first one.
    """
    schema = type_.payload.model_json_schema(mode="validation")
    return {
        "$schema": DIALECT,
        "$id": type_.dataschema(),
        "x-topic": str(type_.topic),
        **schema,
        "title": f"{type_.name}, version {type_.version}",
    }


def file_name(name: str, version: int) -> str:
    """How the file of a type and version is called, wherever it lies: `need.recorded-1.json`."""
    return f"{name}-{version}.json"


def as_text(document: Mapping[str, Any]) -> str:
    """A document as it is committed: one text for one document, and differences that read line by line."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
