"""`python -m schemas.release`: freezes what is published for the first time, and never touches what already was.

The frozen copies are what compatibility is judged against, so that the judgement needs no history of the repository;
a file of digests beside them shows when one was edited or lost.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from schemas.catalogue import CATALOGUE, EventType
from schemas.examples import EXAMPLES
from schemas.generate import ROOT
from schemas.json_schemas import Document, as_text, file_name, json_schema
from schemas.territories import TABLES, TerritoryTable
from schemas.topics import TOPICS, Topic

RELEASED: Final = "released"
LOCK: Final = "released/digests.json"


def topic_layout(topic: Topic) -> Document:
    """What decides in which partition a record of the topic lies: it can't change under records already written."""
    return {"name": str(topic.name), "layout": topic.layout, "partitions": topic.partitions}


def publishable(
    catalogue: Mapping[str, EventType] = CATALOGUE,
    topics: Mapping[str, Topic] = TOPICS,
    tables: Mapping[int, TerritoryTable] = TABLES,
) -> dict[str, Document]:
    """What a release freezes, by its path under `schemas/`."""
    schemas = {file_name(type_.name, type_.version): json_schema(type_) for type_ in catalogue.values()}
    layouts = {f"topic.{topic.name}.json": topic_layout(topic) for topic in topics.values()}
    territories: dict[str, dict[str, Any]] = {
        f"territories-{version}.json": {"version": version, "names": list(table.names)}
        for version, table in tables.items()
    }
    return {f"{RELEASED}/{name}": body for name, body in (schemas | layouts | territories).items()}


def read_lock(root: Path = ROOT) -> dict[str, str]:
    """The SHA-256 of each frozen file, by its path under `schemas/`; empty before the first release."""
    path = root / LOCK
    digests: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return digests


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def freeze(root: Path = ROOT, catalogue: Mapping[str, EventType] = CATALOGUE) -> list[str]:
    """Write and lock what has no frozen copy yet, and lock new golden examples. Returns the paths newly locked."""
    lock = read_lock(root)
    for name, body in publishable(catalogue).items():
        if name not in lock:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(as_text(body), encoding="utf-8")
            lock[name] = digest(root / name)
    for path in sorted((root / EXAMPLES).glob("*.json")):
        lock.setdefault(path.relative_to(root).as_posix(), digest(path))
    new = sorted(lock.keys() - read_lock(root).keys())
    (root / LOCK).write_text(as_text(dict(sorted(lock.items()))), encoding="utf-8")
    return new


if __name__ == "__main__":
    sys.stdout.write("".join(f"schemas/{name}\n" for name in freeze()) or "Nothing new to release.\n")
