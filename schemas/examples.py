"""The golden examples: one record of each type and version, kept for ever and read as every old record is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from schemas.catalogue import EventType
from schemas.generate import ROOT
from schemas.json_schemas import Document, file_name
from schemas.upcasters import UPCASTERS, Upcaster, upcast
from schemas.vocabulary import Payload

EXAMPLES: Final = "examples"


def example_path(name: str, version: int, root: Path = ROOT) -> Path:
    """Where the example of a type and version lies."""
    return root / EXAMPLES / file_name(name, version)


def load_example(name: str, version: int, root: Path = ROOT) -> Document:
    """A record as JSON: `topic`, `key`, `headers` (by name) and `payload`.

    Raises:
        FileNotFoundError: there is none for this type and version.
    """
    document: Document = json.loads(example_path(name, version, root).read_text(encoding="utf-8"))
    return document


def read_example(
    type_: EventType,
    version: int,
    root: Path = ROOT,
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
) -> Payload:
    """An example's payload as the code of today sees it.

    Raises:
        FileNotFoundError: there is no example.
        LookupError: an upcaster is missing between its version and today's.
        ValueError: it no longer satisfies the model.
    """
    data = upcast(type_.name, version, type_.version, load_example(type_.name, version, root)["payload"], upcasters)
    return type_.payload.model_validate_json(json.dumps(data))
