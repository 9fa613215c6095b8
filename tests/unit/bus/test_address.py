"""An address of the bus, read from its setting."""

from __future__ import annotations

import pytest

from passerelles.bus.address import Bus
from passerelles.errors import SettingsError


def test_one_or_several_servers_are_read() -> None:
    assert Bus.parse("kafka://a:9092,b:9093") == Bus("a:9092,b:9093", embedded=False)


@pytest.mark.parametrize(
    "url", ["embedded:", "kafka://", "kafka://host", "kafka://a:1/x", "http://a:1", "kafka://a:1,"]
)
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        Bus.parse(url)


def test_partitions_are_those_of_the_contract_or_of_the_embedded_broker() -> None:
    assert Bus("a:1").partitions("registry.facts") == 32
    assert Bus("a:1").partitions("registry.outcomes") == 12
    assert Bus("a:1", embedded=True).partitions("registry.outcomes") == 4
