"""Which records of a territory can matter to one need: looked at before they are decoded, as there are thousands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from passerelles.bus.codec import Record
from passerelles.reference.occupations import links_to
from schemas.envelope import TYPE_PREFIX
from services.audit.explain_moment import Moment

_TYPE: Final = "ce_type"
_STAFF: Final = f"{TYPE_PREFIX}availability.recorded".encode()


class Candidates:
    """Lets through the need, and each availability from its first version whose occupation ROME leads to the need's.

    Later versions of such an availability are let through whatever their occupation: the last one counts.

    Args:
        moment: when; what came later is refused.
        need_id: the need.
        occupations: the need's, at every version that is known.
        also: an availability that is let through whatever it is.

    Attributes:
        known: the keys of the availabilities of the territory that were met, let through or not.
    """

    def __init__(self, moment: Moment, need_id: UUID, occupations: Iterable[str], also: UUID) -> None:
        self._prefix = f"{moment.territory}:".encode()
        self._last = moment.offset
        self._need = self._prefix + str(need_id).encode()
        ways = {person for occupation in occupations for person in links_to(occupation)}
        self._ways = [f'"occupation":"{person}"'.encode() for person in ways]
        self._let = {self._prefix + str(also).encode()}
        self.known: set[bytes] = set()

    def __call__(self, offset: int, record: Record) -> bool:
        """Whether a record matters."""
        if offset > self._last:
            return False
        key = record.key or b""
        if key == self._need:
            return True
        if not key.startswith(self._prefix) or (_TYPE, _STAFF) not in record.headers:
            return False
        self.known.add(key)
        if key not in self._let:
            value = record.value or b""
            if not any(way in value for way in self._ways):
                return False
            self._let.add(key)
        return True
