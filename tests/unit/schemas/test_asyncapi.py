"""The AsyncAPI document says what the catalogue and the topics say."""

from __future__ import annotations

import json
from typing import Any

from schemas.asyncapi import asyncapi
from schemas.catalogue import CATALOGUE
from schemas.generate import GENERATED, ROOT, rendered
from schemas.topics import TOPICS

DOCUMENT = asyncapi()


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [node["$ref"]] if "$ref" in node else [ref for value in node.values() for ref in references(value)]
    return [ref for value in node for ref in references(value)] if isinstance(node, list) else []


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        if not reference.startswith("#/"):
            assert (ROOT / GENERATED / reference).is_file()
            continue
        node: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_each_topic_is_a_channel_with_its_owner_its_readers_and_its_layout() -> None:
    assert set(DOCUMENT["channels"]) == set(TOPICS)
    for name, topic in TOPICS.items():
        kafka = DOCUMENT["channels"][name]["bindings"]["kafka"]
        assert kafka["partitions"] == topic.partitions
        assert kafka["topicConfiguration"]["retention.ms"] == -1
        assert DOCUMENT["operations"][f"{topic.owner}.send.{name}"]["action"] == "send"
        for reader in topic.readers:
            assert DOCUMENT["operations"][f"{reader}.receive.{name}"]["action"] == "receive"


def test_each_type_is_a_message_on_its_topic_only() -> None:
    placed = [name for channel in DOCUMENT["channels"].values() for name in channel["messages"]]
    assert sorted(placed) == sorted(CATALOGUE)
    for type_ in CATALOGUE.values():
        assert type_.name in DOCUMENT["channels"][type_.topic]["messages"]
        assert DOCUMENT["components"]["messages"][type_.name]["name"] == type_.ce_type


def test_rendering_is_deterministic_json() -> None:
    assert rendered() == rendered()
    for text in rendered().values():
        assert text.endswith("}\n")
        json.loads(text)
