"""Which Kafka a log is of: the identifier that its cluster bears."""

from __future__ import annotations

from typing import Final

from aiokafka.admin import AIOKafkaAdminClient

from passerelles.bus.address import Bus

_ADMIN_MS: Final = 10_000


async def cluster_of(bus: Bus) -> str | None:
    """The identifier of a Kafka cluster; none on the embedded broker, which is another one at each start.

    Raises:
        KafkaError, OSError: it does not answer.
    """
    if bus.embedded:
        return None
    admin = AIOKafkaAdminClient(bootstrap_servers=bus.bootstrap_servers, request_timeout_ms=_ADMIN_MS)
    try:
        await admin.start()
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()
