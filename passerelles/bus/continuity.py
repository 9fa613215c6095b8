"""Whether a reader has been given every record: what left the log before it was read is lost without a word."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from passerelles.health import Check
from passerelles.telemetry import GONE

log = structlog.get_logger(__name__)

_ASKING_SECONDS: Final = 5.0
"""How long to ask for what was committed, while records wait."""


class Continuity:
    """Follows the offsets of one member, partition by partition.

    Ours have no gaps: nothing is compacted, and nothing is written in transactions. A reader that falls behind what
    the broker keeps is placed at the oldest record by its client, as if nothing were missing.

    Args:
        check: shows how many records are gone, if any.
    """

    def __init__(self, group: str, check: Check) -> None:
        self._group = group
        self._check = check
        self._gone = 0
        self._next: dict[tuple[str, int], int] = {}
        self._placed = asyncio.Event()

    async def place(
        self, partitions: Iterable[TopicPartition], committed: Callable[[TopicPartition], Awaitable[int | None]]
    ) -> None:
        """Partitions were shared out anew: what comes next in each is what its group committed to read next.

        Where nothing was committed, or the broker does not say, it may lie anywhere.
        """
        self._next.clear()
        self._placed.clear()
        try:
            async with asyncio.timeout(_ASKING_SECONDS):
                for each in partitions:
                    if (offset := await committed(each)) is not None:
                        self._next[each.topic, each.partition] = offset
        except (KafkaError, OSError) as error:
            log.warning("bus.places_unknown", group=self._group, error=type(error).__name__)
        finally:
            self._placed.set()

    async def follow(self, records: Iterable[ConsumerRecord]) -> None:
        """Take note of records that were read; a gap before them, or among them, is said.

        Waits while partitions are being placed: the client reads them already.
        """
        await self._placed.wait()
        for record in records:
            each = record.topic, record.partition
            expected = self._next.get(each, record.offset)
            self._next[each] = record.offset + 1
            if record.offset > expected:
                self._say(record, expected)

    def _say(self, record: ConsumerRecord, expected: int) -> None:
        gone = record.offset - expected
        self._gone += gone
        self._check.figures(gone=self._gone)
        GONE.labels(self._group, record.topic).inc(gone)
        log.error(
            "bus.records_gone",
            group=self._group,
            topic=record.topic,
            partition=record.partition,
            offsets=f"{expected}-{record.offset - 1}",
        )
