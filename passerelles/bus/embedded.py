"""The embedded broker: librdkafka's in-process cluster, which speaks the Kafka protocol on 127.0.0.1.

It is a bus for a demo and for tests, not a store: what it holds lives in memory, about 5 MB a partition, and topics
come into being at first use with four partitions. Its groups serve one member each: it ends a rebalance as soon as the
leader has shared the partitions out, and refuses the members that ask for theirs after that.
"""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from confluent_kafka import Producer

from passerelles.bus.address import Bus

_START_SECONDS: Final = 10.0
_SILENT: Final = 3
"""Syslog's "error": the cluster announces itself as a notice."""


class EmbeddedBroker:
    """A broker that runs while the `with` block does.

    Attributes:
        bus: its address, once entered.
    """

    bus: Bus

    def __enter__(self) -> Self:
        self._cluster = Producer({"test.mock.num.brokers": 1, "log_level": _SILENT})
        brokers = self._cluster.list_topics(timeout=_START_SECONDS).brokers.values()
        self.bus = Bus(",".join(f"{broker.host}:{broker.port}" for broker in brokers), embedded=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cluster.close()
