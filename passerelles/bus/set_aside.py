"""How a consumer parks a record: as soon as the store is there, and with one line in the log."""

from __future__ import annotations

import asyncio

import structlog

from passerelles.bus.codec import Record
from passerelles.bus.parking import Parking, Place
from passerelles.bus.patience import patiently
from passerelles.bus.poison import PoisonReason
from passerelles.health import Check

log = structlog.get_logger(__name__)


class Aside:
    """The parking, as one consumer group uses it.

    Args:
        check: red while the store is away.
    """

    def __init__(self, parking: Parking, group: str, check: Check) -> None:
        self._parking = parking
        self._group = group
        self._check = check

    async def park(
        self,
        taken: tuple[Place, Record],
        reason: PoisonReason,
        detail: str,
        *,
        subject: str | None = None,
        left: asyncio.Event,
    ) -> None:
        """Park a record, waiting for the store if it has to. Raises `LeftError` if `left` is set meanwhile."""
        place, record = taken
        group = self._group
        id_ = await patiently(
            lambda: self._parking.park(place, record, group=group, reason=reason, detail=detail, subject=subject),
            group=group,
            check=self._check,
            left=left,
        )
        log.warning(
            "bus.parked",
            group=group,
            topic=place.topic,
            partition=place.partition,
            offset=place.offset,
            reason=reason.value,
            detail=detail,
            parked=id_,
        )
