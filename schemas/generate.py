"""`python -m schemas.generate`: writes what is published of the contract, from the models that the code uses."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from schemas.asyncapi import asyncapi
from schemas.catalogue import CATALOGUE, EventType
from schemas.json_schemas import as_text, file_name, json_schema

ROOT: Final = Path(__file__).parent
GENERATED: Final = "generated"


def rendered(catalogue: Mapping[str, EventType] = CATALOGUE) -> dict[str, str]:
    """Every generated file by its path under `schemas/`: the same text each time for the same models."""
    schemas = {
        f"{GENERATED}/json-schema/{file_name(type_.name, type_.version)}": as_text(json_schema(type_))
        for type_ in catalogue.values()
    }
    return schemas | {f"{GENERATED}/asyncapi.json": as_text(asyncapi(catalogue))}


def present(root: Path = ROOT) -> dict[str, str]:
    """The generated files as they lie on disk."""
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((root / GENERATED).rglob("*.json"))
    }


def write(root: Path = ROOT, catalogue: Mapping[str, EventType] = CATALOGUE) -> list[str]:
    """Make the files on disk those that the models give. Returns the paths that changed, removed ones included."""
    wanted, found = rendered(catalogue), present(root)
    for name in found.keys() - wanted.keys():
        (root / name).unlink()
    for name, text in wanted.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))


if __name__ == "__main__":
    changed = write()
    sys.stdout.write("".join(f"schemas/{name}\n" for name in changed) or "Nothing changed.\n")
