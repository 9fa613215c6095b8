"""When a consumer stops rather than park more: a bad deploy must not divert a whole topic.

The model is the dead-letter policy of getsentry/arroyo: a bound on consecutive failures, and one on their ratio.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from passerelles.errors import PasserellesError

_WINDOW: Final = 1000
_ENOUGH: Final = 200
"""Records seen before a ratio means anything."""


class TooMuchParkedError(PasserellesError):
    """So much fails that the fault is the consumer's rather than the records': it stops, and commits nothing."""

    slug, status, title = "trop-de-messages-parques", 503, "Trop de messages mis de côté"


@dataclass(frozen=True, slots=True)
class ParkingLimits:
    """The bounds, for one consumer.

    Attributes:
        consecutive: records parked one after the other; the next one stops the consumer.
        ratio: parked over seen, among the last thousand and once 200 were seen.
    """

    consecutive: int = 25
    ratio: float = 0.1


class Tally:
    """What one consumer has seen and parked since it started.

    Records that wait behind a parked one are not counted: they did not fail.
    """

    def __init__(self, limits: ParkingLimits) -> None:
        self._limits = limits
        self.forget()

    def forget(self) -> None:
        """Begin anew: what was seen will be read again."""
        self._recent: deque[bool] = deque(maxlen=_WINDOW)
        self._in_recent = 0
        self._in_a_row = 0

    def handled(self, count: int = 1) -> None:
        """Records went well."""
        if count:
            self._in_a_row = 0
        if not self._in_recent and len(self._recent) == _WINDOW:
            return  # it would be the same again
        for _ in range(min(count, _WINDOW)):
            self._see(parked=False)

    def about_to_park(self) -> None:
        """One more is to be parked.

        Raises:
            TooMuchParkedError: it must not be.
        """
        self._in_a_row += 1
        self._see(parked=True)
        if self._in_a_row > self._limits.consecutive:
            raise TooMuchParkedError(
                f"Plus de {self._limits.consecutive} messages de suite n'ont pu être traités : la lecture est arrêtée.",
                remedy="Corriger la cause, puis relancer le service ; rien de plus n'a été mis de côté.",
            )
        if len(self._recent) >= _ENOUGH and self._in_recent > self._limits.ratio * len(self._recent):
            raise TooMuchParkedError(
                f"{self._in_recent} des {len(self._recent)} derniers messages n'ont pu être traités : "
                "la lecture est arrêtée.",
                remedy="Corriger la cause, puis relancer le service ; rien de plus n'a été mis de côté.",
            )

    def _see(self, *, parked: bool) -> None:
        if len(self._recent) == _WINDOW:
            self._in_recent -= self._recent[0]
        self._recent.append(parked)
        self._in_recent += parked
