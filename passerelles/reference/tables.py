"""How the reference files that ship with the package are read: lazily, once, whatever the folder it is installed in."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, Generic, TypeVar

V = TypeVar("V")

_HOME: Final = "passerelles.reference"


def resource(*path: str) -> Traversable:
    """A file or folder shipped beside this module, `data/communes.csv` for instance."""
    return files(_HOME).joinpath(*path)


def shipped_bytes(*path: str) -> bytes:
    """The content of a shipped file with its line ends as LF, so that a checkout that rewrites them changes nothing."""
    return resource(*path).read_bytes().replace(b"\r\n", b"\n")


def rows(name: str) -> list[list[str]]:
    """The rows of `data/NAME` in the file's order, without its header."""
    text = resource("data", name).read_text(encoding="utf-8")
    return list(csv.reader(text.splitlines()))[1:]


class LazyTable(Mapping[str, V], Generic[V]):
    """A read-only table by code, loaded at the first look at it."""

    def __init__(self, load: Callable[[], Mapping[str, V]]) -> None:
        self._load = load

    @cached_property
    def _entries(self) -> Mapping[str, V]:
        return self._load()

    def __getitem__(self, code: str) -> V:
        return self._entries[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, code: object) -> bool:
        return code in self._entries
