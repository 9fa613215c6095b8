"""The whole story of one entity, and the same as plain JSON values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from services.audit.pairs.comparison import Comparison
from services.audit.pairs.shown import PairShown
from services.audit.story.step import EntityKind, Line, Step


@dataclass(frozen=True, slots=True)
class Story:
    """The whole story of one entity.

    Attributes:
        at: what the log held then; none for everything that is archived.
        summary: the figures at its head.
        notes: what a reader must know to read it right.
    """

    kind: EntityKind
    id: UUID
    title: str
    at: datetime | None
    summary: tuple[Line, ...]
    steps: tuple[Step, ...]
    pairs: tuple[PairShown, ...]
    comparison: Comparison | None
    notes: tuple[str, ...]


_JSON: TypeAdapter[Story] = TypeAdapter(Story)


def as_json(story: Story) -> dict[str, Any]:
    """The story as plain JSON values."""
    document: dict[str, Any] = _JSON.dump_python(story, mode="json")
    return document
