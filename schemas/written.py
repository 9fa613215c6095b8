"""Events beside their record: what is seldom asked of an event that was read or is written is made when it is.

Source: CloudEvents 1.0.2, Kafka protocol binding (cloudevents.io): attributes are `ce_*` headers, the payload is JSON.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from schemas.catalogue import EventType
from schemas.envelope import CONTENT_TYPE, SOURCE_PREFIX, SPEC_VERSION, Event
from schemas.vocabulary import Payload

Headers = tuple[tuple[str, bytes], ...]

P_co = TypeVar("P_co", bound=Payload, covariant=True)

SPEC_HEADER: Final = ("ce_specversion", SPEC_VERSION.encode())
CONTENT_HEADER: Final = ("content-type", CONTENT_TYPE.encode())


class ReadEvent(Event[P_co]):
    """An event that was read from a record: its id is made of its text when someone asks for it.

    Args:
        id_text: the id, canonical.
    """

    __slots__ = ("_id_text",)

    def __init__(
        self,
        type_: EventType,
        id_text: str,
        *,
        source: str,
        subject: str,
        time: datetime,
        epoch: int,
        key: str,
        territory: str | None,
        causation_id: UUID | None,
        data: P_co,
    ) -> None:
        self._id_text = id_text
        self.type = type_.name
        self.schema_version = type_.version
        self.source = source
        self.subject = subject
        self.time = time
        self.epoch = epoch
        self.key = key
        self.territory = territory
        self.causation_id = causation_id
        self.data = data

    @property
    def id(self) -> UUID:  # type: ignore[override]  # read-only, as every attribute of an event is to its users
        """The id."""
        return UUID(self._id_text)


class WrittenEvent(Event[P_co]):
    """An event that is written already: its payload is read from the JSON when someone asks for it.

    Args:
        subject: also its key.
        value: the payload as JSON.
        headers: every attribute, in the order of the contract.
    """

    __slots__ = ("_type", "headers", "id_text", "value")

    def __init__(
        self,
        type_: EventType,
        id_text: str,
        *,
        source: str,
        subject: str,
        time: datetime,
        epoch: int,
        territory: str,
        causation_id: UUID,
        value: bytes,
        headers: Headers,
    ) -> None:
        self._type = type_
        self.id_text = id_text
        self.type = type_.name
        self.schema_version = type_.version
        self.source = source
        self.subject = self.key = subject
        self.time = time
        self.epoch = epoch
        self.territory = territory
        self.causation_id = causation_id
        self.value = value
        self.headers = headers

    @property
    def id(self) -> UUID:  # type: ignore[override]  # idem
        """The id."""
        return UUID(self.id_text)

    @property
    def data(self) -> P_co:  # type: ignore[override]  # idem
        """The payload, read anew each time."""
        return self._type.payload.model_validate_json(self.value)  # type: ignore[return-value]  # as it was written


def constant_headers(type_: EventType, source: str) -> Headers:
    """The headers `ce_source`, `ce_type` and `ce_dataschema`, which every event of a type and source shares."""
    return (
        ("ce_source", (SOURCE_PREFIX + source).encode()),
        ("ce_type", type_.ce_type.encode()),
        ("ce_dataschema", type_.dataschema().encode()),
    )
