"""How many messages a second one recipient domain is given: a token bucket, in one number a domain."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

BURST_SECONDS: Final = 2.0
"""What a domain that was left alone may be given at once, in seconds of its rate."""

KEPT: Final = 10_000
"""Domains that are remembered; those that have nothing to wait for are forgotten beyond that."""


class DomainPace:
    """Turns, by domain.

    It is the generic cell rate algorithm, which is a token bucket that counts in time: what is kept is when the bucket
    would be empty, and whether that lies too far ahead. Source: ITU-T I.371, annex A.

    Attributes:
        rate: messages a second; a burst may bring as many as two seconds' worth at once.
    """

    def __init__(self, rate: float) -> None:
        self._step = timedelta(seconds=1 / rate)
        self._burst = timedelta(seconds=BURST_SECONDS)
        self._full: dict[str, datetime] = {}
        self._promised: dict[str, datetime] = {}

    def turn(self, domain: str, now: datetime, patience: timedelta) -> tuple[bool, timedelta]:
        """Take a turn, if it comes within `patience`.

        Returns:
            Whether it is taken, and how long to wait: for the turn that was taken, or before asking again. Those that
            are sent away are told different times, so that they do not come back together.
        """
        full = max(self._full.get(domain, now), now)
        wait = max(full + self._step - self._burst - now, timedelta())
        if wait <= patience:
            self._full[domain] = full + self._step
            self._forget(now)
            return True, wait
        after = max(self._promised.get(domain, now), now + wait) + self._step
        self._promised[domain] = after
        return False, after - now

    def _forget(self, now: datetime) -> None:
        if len(self._full) > KEPT:
            self._full = {domain: full for domain, full in self._full.items() if full > now}
            self._promised = {domain: after for domain, after in self._promised.items() if after > now}
