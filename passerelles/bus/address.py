"""Where the bus is, and how its topics are laid out there: Apache Kafka, or the brokers inside this process."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from passerelles.errors import SettingsError
from schemas.topics import TOPICS

_KAFKA_URL: Final = re.compile(r"kafka://(?P<servers>[^/\s,]+:\d+(?:,[^/\s,]+:\d+)*)")

# How long a broker may hold a fetch that finds nothing. The embedded one answers only once it is over, so it is the
# latency of a hop there; Apache Kafka answers at the first record, and it only bounds how long a partition that has
# just been drained waits behind a fetch of its neighbours. Shorter ones cost more of a core while nothing happens.
_EMBEDDED_FETCH_WAIT_MS: Final = 8
_KAFKA_FETCH_WAIT_MS: Final = 25


@dataclass(frozen=True, slots=True)
class Bus:
    """The address of a broker.

    Attributes:
        bootstrap_servers: `host:port,host:port`.
        embedded: librdkafka's brokers in this process, which have neither an admin API nor a choice of partitions.
    """

    bootstrap_servers: str
    embedded: bool = False

    @classmethod
    def parse(cls, url: str) -> Bus:
        """The bus at `kafka://host:port,host:port`.

        Raises:
            SettingsError: not such an address (`embedded:` has none before `EmbeddedBroker` runs).
        """
        match = _KAFKA_URL.fullmatch(url)
        if match is None:
            raise SettingsError(
                f"« {url} » n'est pas l'adresse d'un bus.",
                remedy="Donner kafka://hôte:port, ou embedded: pour la démo.",
            )
        return cls(match["servers"])

    def partitions(self, topic: str) -> int:
        """How many partitions a topic of the contract has here."""
        contract = TOPICS[topic]
        return contract.embedded_partitions if self.embedded else contract.partitions

    @property
    def fetch_max_wait_ms(self) -> int:
        """How long a consumer lets this broker hold an empty fetch, in milliseconds."""
        return _EMBEDDED_FETCH_WAIT_MS if self.embedded else _KAFKA_FETCH_WAIT_MS
