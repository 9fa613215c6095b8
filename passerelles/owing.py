"""What a document owes: the entries of its outbox, and the events that they become."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from passerelles.bus.codec import read_payload
from passerelles.store.port import Body
from schemas.catalogue import CATALOGUE
from schemas.envelope import Event, format_time, parse_time
from schemas.vocabulary import Payload, event_id


def owed(
    type_: str,
    *,
    subject: str,
    version: int,
    time: datetime,
    data: Payload,
    territories: Sequence[str] | None = None,
    key: str | None = None,
    causation_id: UUID | None = None,
    source: str | None = None,
) -> Body:
    """An entry for `pending`: one event, whichever number of territories it goes to.

    Args:
        type_: the short name in the catalogue.
        subject: what the event is about; with `version` and the type it makes the event's identifier.
        version: of the subject; a later one for each event of this type.
        time: when it happened.
        data: the payload, under the schema's current version.
        territories: each gets its own record; none for a topic that is laid out otherwise.
        key: what orders the event, behind the territory if there is one; by default the subject.
        causation_id: the event that it was derived from.
        source: the service that says it, if not the relay's own.
    """
    return {
        "id": str(event_id(subject, version, type_)),
        "type": type_,
        "schema_version": CATALOGUE[type_].version,
        "source": source,
        "subject": subject,
        "time": format_time(time),
        "data": data.model_dump(mode="json"),
        "territories": None if territories is None else list(territories),
        "key": key,
        "causation_id": None if causation_id is None else str(causation_id),
    }


def events_of(entry: Body, source: str, epoch: int) -> list[Event[Payload]]:
    """The events that an entry stands for: one for each of its territories.

    Raises:
        LookupError: its type is not in the catalogue, or a member is missing.
        UndecodableError: its payload is not of its schema.
        ValueError: an identifier or the time is none.
    """
    type_ = CATALOGUE[entry["type"]]
    value = json.dumps(entry["data"]).encode()
    base: dict[str, Any] = {
        "id": UUID(entry["id"]),
        "type": type_.name,
        "schema_version": type_.version,
        "source": entry["source"] or source,
        "subject": entry["subject"],
        "time": parse_time(entry["time"]),
        "epoch": epoch,
        "causation_id": None if entry["causation_id"] is None else UUID(entry["causation_id"]),
        "data": read_payload(type_, entry["schema_version"], value),
    }
    key = entry["key"] or entry["subject"]
    if entry["territories"] is None:
        return [Event(key=key, **base)]
    return [Event(key=f"{territory}:{key}", territory=territory, **base) for territory in entry["territories"]]
