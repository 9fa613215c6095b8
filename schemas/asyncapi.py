"""The contract as an AsyncAPI 3.0 document: channels, messages with their headers, and who sends and receives what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from schemas.catalogue import CATALOGUE, EventType
from schemas.envelope import CONTENT_TYPE, SOURCE_PREFIX, SPEC_VERSION
from schemas.json_schemas import Document, file_name
from schemas.territories import CURRENT
from schemas.topics import TOPICS, Topic

CONTRACT_VERSION: Final = "1.0.0"
BINDING_VERSION: Final = "0.5.0"
"""Of the Kafka bindings of AsyncAPI."""

_UUID: Final = {"type": "string", "format": "uuid"}
_TERRITORY: Final = {
    "type": "string",
    "pattern": "^(?:[0-9]{2}|2[AB])(?:-[0-9]{1,2})?$",
    "description": "A territory of the table, or a slice of the cut that the epoch adopted.",
}


def asyncapi(catalogue: Mapping[str, EventType] = CATALOGUE, topics: Mapping[str, Topic] = TOPICS) -> Document:
    """The whole document; payloads are references to the JSON Schemas beside it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Passerelles industries",
            "version": CONTRACT_VERSION,
            "description": (
                "CloudEvents 1.0 in Kafka's binary content mode: attributes in `ce_*` headers, the payload as JSON in "
                f"the value. Territory table {CURRENT.version}: {len(CURRENT.names)} territories. Nothing that "
                "identifies a person directly travels here."
            ),
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {topic.name: _channel(topic, catalogue) for topic in topics.values()},
        "operations": {name: body for topic in topics.values() for name, body in _operations(topic, catalogue).items()},
        "components": {"messages": {type_.name: _message(type_, topics) for type_ in catalogue.values()}},
    }


def _types_of(topic: Topic, catalogue: Mapping[str, EventType]) -> list[EventType]:
    return [type_ for type_ in catalogue.values() if type_.topic == topic.name]


def _channel(topic: Topic, catalogue: Mapping[str, EventType]) -> Document:
    return {
        "address": topic.name,
        "description": topic.description,
        "messages": {
            type_.name: {"$ref": f"#/components/messages/{type_.name}"} for type_ in _types_of(topic, catalogue)
        },
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": _topic_configuration(topic),
                "bindingVersion": BINDING_VERSION,
            }
        },
        "x-partition": (
            "index of the territory in the table, modulo the partitions"
            if topic.layout == "territory"
            else "proposal id as a 128-bit integer, modulo the partitions"
        ),
        "x-embedded-partitions": topic.embedded_partitions,
    }


def _topic_configuration(topic: Topic) -> Document:
    """The topic's settings, typed as the Kafka binding asks."""
    policy = topic.config["cleanup.policy"]
    return {"cleanup.policy": policy.split(",")} | {
        name: int(value) for name, value in topic.config.items() if name != "cleanup.policy"
    }


def _operations(topic: Topic, catalogue: Mapping[str, EventType]) -> Document:
    messages = [{"$ref": f"#/channels/{topic.name}/messages/{type_.name}"} for type_ in _types_of(topic, catalogue)]

    def operation(service: str, action: str) -> Document:
        return {
            "action": action,
            "channel": {"$ref": f"#/channels/{topic.name}"},
            "tags": [{"name": service}],
            "messages": messages,
        }

    return {f"{topic.owner}.send.{topic.name}": operation(topic.owner, "send")} | {
        f"{reader}.receive.{topic.name}": operation(reader, "receive") for reader in topic.readers
    }


def _message(type_: EventType, topics: Mapping[str, Topic]) -> Document:
    topic = topics[type_.topic]
    return {
        "name": type_.ce_type,
        "title": type_.name,
        "summary": (type_.payload.__doc__ or "").strip().partition("\n")[0],
        "contentType": CONTENT_TYPE,
        "headers": _headers(type_, topic),
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"json-schema/{file_name(type_.name, type_.version)}"},
        },
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": _key(type_, topic)},
                "bindingVersion": BINDING_VERSION,
            }
        },
    }


def _key(type_: EventType, topic: Topic) -> str:
    return (
        "the proposal's identifier"
        if type_.name.startswith(("proposal.", "delivery."))
        else ("territory:id" if topic.layout == "territory" else "the identifier")
    )


def _headers(type_: EventType, topic: Topic) -> Document:
    """The record's headers: all of them text, as Kafka carries bytes."""
    required: dict[str, dict[str, Any]] = {
        "ce_specversion": {"const": SPEC_VERSION},
        "ce_id": _UUID,
        "ce_source": {"const": SOURCE_PREFIX + topic.owner},
        "ce_type": {"const": type_.ce_type},
        "ce_dataschema": {"const": type_.dataschema()},
        "ce_subject": {"type": "string"},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_partitionkey": {"type": "string", "description": "The record's key."},
        "ce_epoch": {"type": "string", "pattern": "^(0|[1-9][0-9]{0,17})$"},
        "content-type": {"const": CONTENT_TYPE},
    }
    by_territory = {"ce_territory": _TERRITORY} if topic.layout == "territory" else {}
    return {
        "type": "object",
        "required": [*required, *by_territory],
        "properties": required | by_territory | {"ce_causationid": _UUID},
    }
