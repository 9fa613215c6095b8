"""`python -m schemas.check`: refuses a contract that is stale, that broke a promise, or that no longer reads its past.

Exits with 1 and a sentence for each problem, with what to do about it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from schemas.catalogue import CATALOGUE, EventType
from schemas.compatibility import breaches
from schemas.examples import example_path, read_example
from schemas.generate import ROOT, present, rendered
from schemas.json_schemas import Document, file_name, json_schema
from schemas.release import RELEASED, digest, read_lock, topic_layout
from schemas.territories import TABLES, TerritoryTable
from schemas.topics import TOPICS, Topic
from schemas.upcasters import UPCASTERS, Upcaster

_NEW_VERSION = "keep the released fields as they are, or make a new version with an upcaster (docs/contracts.md)"


def problems(
    root: Path = ROOT,
    *,
    catalogue: Mapping[str, EventType] = CATALOGUE,
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
    topics: Mapping[str, Topic] = TOPICS,
    tables: Mapping[int, TerritoryTable] = TABLES,
) -> list[str]:
    """Everything that is wrong with the contract whose files lie under `root`, a sentence each; none: all is well."""
    return [
        *_stale(root, catalogue),
        *_frozen(root),
        *_incompatible(root, catalogue),
        *_forgotten(root, catalogue),
        *_unreadable(root, catalogue, upcasters),
        *_moved(root, topics, tables),
    ]


def _stale(root: Path, catalogue: Mapping[str, EventType]) -> Iterator[str]:
    wanted, found = rendered(catalogue), present(root)
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            what = "is missing" if name not in found else "has no type" if name not in wanted else "is stale"
            yield f"schemas/{name} {what}: run `python -m schemas.generate` and commit the result."


def _frozen(root: Path) -> Iterator[str]:
    for name, expected in read_lock(root).items():
        if not (root / name).exists():
            yield f"schemas/{name} is missing: it was released and stays for ever; restore it."
        elif digest(root / name) != expected:
            yield f"schemas/{name} was edited after its release: restore it; a change is a new version."


def _incompatible(root: Path, catalogue: Mapping[str, EventType]) -> Iterator[str]:
    for type_ in catalogue.values():
        for version in range(1, type_.version + 1):
            name = f"{RELEASED}/{file_name(type_.name, version)}"
            released = _read(root / name)
            if released is None or name not in read_lock(root):
                yield f"schemas/{name} was never released: run `python -m schemas.release` and commit the result."
            elif version == type_.version:
                for breach in breaches(released, json_schema(type_)):
                    yield f"{type_.name} version {version} breaks its readers: {breach}; {_NEW_VERSION}."


def _forgotten(root: Path, catalogue: Mapping[str, EventType]) -> Iterator[str]:
    """Released types, versions, examples that the catalogue no longer knows: the log still holds them."""
    known = {file_name(type_.name, version) for type_ in catalogue.values() for version in range(1, type_.version + 1)}
    for name in read_lock(root):
        file = name.rpartition("/")[2]
        if file not in known and not file.startswith(("topic.", "territories-")):
            yield f"schemas/{name} was released, and the catalogue has no such type and version: put it back."


def _unreadable(
    root: Path, catalogue: Mapping[str, EventType], upcasters: Mapping[tuple[str, int], Upcaster]
) -> Iterator[str]:
    for type_ in catalogue.values():
        for version in range(1, type_.version + 1):
            path = example_path(type_.name, version, root)
            name = path.relative_to(root).as_posix()
            if not path.exists():
                yield f"schemas/{name} is missing: write one realistic, made-up record of {type_.name} {version}."
                continue
            if name not in read_lock(root):
                yield f"schemas/{name} is not locked yet: run `python -m schemas.release` and commit the result."
            try:
                read_example(type_, version, root, upcasters)
            except (LookupError, ValueError) as error:
                why = " ".join(str(error).split())
                yield f"schemas/{name} no longer reads as version {type_.version} ({why}): mend the model or upcaster."


def _moved(root: Path, topics: Mapping[str, Topic], tables: Mapping[int, TerritoryTable]) -> Iterator[str]:
    """Layouts under which records already lie: another one would part a subject's past from its future."""
    for path in sorted((root / RELEASED).glob("topic.*.json")):
        released = _read(path) or {}
        topic = topics.get(released.get("name", ""))
        if topic is None:
            yield f"The topic {released.get('name')} was released and is no longer in the contract: put it back."
        elif topic_layout(topic) != released:
            yield f"The topic {topic.name} was released as {json.dumps(released)}: a new layout is a new topic."
    for path in sorted((root / RELEASED).glob("territories-*.json")):
        released = _read(path) or {"version": 0, "names": []}
        table = tables.get(released["version"])
        if table is None or list(table.names) != released["names"]:
            yield (
                f"Territory table {released['version']} is not the one that was released: put it back and add a table "
                "under the next version, which the next epoch takes up."
            )


def _read(path: Path) -> Document | None:
    if not path.exists():
        return None
    document: Document = json.loads(path.read_text(encoding="utf-8"))
    return document


if __name__ == "__main__":
    found = problems()
    sys.stdout.write("".join(f"{problem}\n" for problem in found) or "The contract holds.\n")
    sys.exit(1 if found else 0)
