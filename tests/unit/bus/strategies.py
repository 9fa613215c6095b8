"""Hypothesis strategies: any payload of the catalogue from its annotations, and any event around it."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable
from datetime import UTC, date, datetime
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.catalogue import CATALOGUE
from schemas.envelope import Event
from schemas.territories import CURRENT
from schemas.topics import TOPICS
from schemas.vocabulary import Payload

INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def _bound(metadata: Iterable[Any], name: str) -> Any:
    return next((getattr(item, name) for item in metadata if getattr(item, name, None) is not None), None)


def _integers(metadata: list[Any]) -> st.SearchStrategy[int]:
    low, above, high = (_bound(metadata, name) for name in ("ge", "gt", "le"))
    low = above + 1 if above is not None else -(2**62) if low is None else low
    high = 2**62 if high is None else high
    step = _bound(metadata, "multiple_of") or 1
    return st.integers(-(-low // step), high // step).map(lambda number: number * step)


def values(annotation: Any, metadata: Iterable[Any] = ()) -> st.SearchStrategy[Any]:  # noqa: PLR0911
    """Values of an annotated type, within the bounds of its metadata."""
    metadata = [part for item in metadata for part in (item.metadata if isinstance(item, FieldInfo) else [item])]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return values(arguments[0], [*arguments[1:], *metadata])
    if origin in (Union, types.UnionType):
        return st.one_of([values(argument, metadata) for argument in arguments])
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin is Literal:
        return st.sampled_from(arguments)
    if annotation is int:
        return _integers(metadata)
    if annotation is str:
        pattern = _bound(metadata, "pattern")
        return st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True) if pattern else TEXTS
    if issubclass(annotation, Enum):
        return st.sampled_from(list(annotation))
    if issubclass(annotation, BaseModel):
        return models(annotation)
    plain = {UUID: st.uuids(), date: st.dates(), datetime: INSTANTS, type(None): st.none()}
    return plain[annotation]


def models(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Instances of a model."""
    fields = {name: values(field.annotation, field.metadata) for name, field in model.model_fields.items()}
    return st.builds(model, **fields)


def payloads(name: str) -> st.SearchStrategy[Payload]:
    """Payloads of a type of the catalogue."""
    return models(CATALOGUE[name].payload)


@st.composite
def events(draw: st.DrawFn, name: str | None = None) -> Event[Payload]:
    """Events of a type (default: of any)."""
    type_ = CATALOGUE[name or draw(st.sampled_from(sorted(CATALOGUE)))]
    by_territory = TOPICS[type_.topic].layout == "territory"
    subject = draw(st.uuids())
    territory = draw(st.sampled_from(CURRENT.names)) if by_territory else None
    return Event(
        id=draw(st.uuids()),
        type=type_.name,
        schema_version=type_.version,
        source=draw(st.sampled_from(["registry", "matching", "notifications"])),
        subject=str(subject),
        time=draw(INSTANTS),
        epoch=draw(st.integers(0, 2**20)),
        key=f"{territory}:{subject}" if territory else str(subject),
        territory=territory,
        causation_id=draw(st.none() | st.uuids()),
        data=draw(payloads(type_.name)),
    )
