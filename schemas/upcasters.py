"""How an event written under an earlier version of its schema is read today: pure functions, one a step.

A step takes the payload as JSON data of version n and gives that of version n + 1. They stay for ever, as the log does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


def _as_it_was(data: dict[str, Any]) -> dict[str, Any]:
    """Version 2 only has further values of an enumeration: `kind` in `delivery.recorded`, `rule` in `alert.decided`."""
    return data


UPCASTERS: Final[Mapping[tuple[str, int], Upcaster]] = MappingProxyType(
    {("delivery.recorded", 1): _as_it_was, ("alert.decided", 1): _as_it_was}
)
"""By short name and the version that is read."""


def upcast(
    name: str,
    version: int,
    to: int,
    data: dict[str, Any],
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
) -> dict[str, Any]:
    """The payload as the current version has it.

    Raises:
        LookupError: a step is missing between the two versions.
    """
    for step in range(version, to):
        data = upcasters[name, step](data)
    return data
