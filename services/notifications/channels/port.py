"""The port of the channels: hand one message over, and say what is certain about it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from services.notifications.rendering import Rendered


class Verdict(StrEnum):
    """What is certain after an attempt.

    `retry`: it was certainly not handed over, and may be later. `failed`: refused for good. `unknown`: handed over
    without an answer. `dropped`: there was nothing to tell any more, or nobody to tell it to.
    """

    SENT = "sent"
    RETRY = "retry"
    FAILED = "failed"
    UNKNOWN = "unknown"
    DROPPED = "dropped"


class OfAddress(StrEnum):
    """What an answer says about the address itself, whatever the message."""

    UNREACHABLE = "unreachable"
    OPTED_OUT = "opted_out"


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt ended.

    Attributes:
        code: the channel's own word for it, `smtp_421` for instance: `[a-z0-9_]{1,40}`, never free text.
        wait: the least time before the next attempt, where the other side named one.
        reachable: the other side answered at all; false turns the service's readiness red.
        of_address: what was learnt about the address, if anything.
        reference: the other side's own name for what it took, `ovh:26929925`, where its receipts carry no other.
    """

    verdict: Verdict
    code: str
    wait: timedelta | None = None
    reachable: bool = True
    of_address: OfAddress | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where to, as the registry said a moment ago; kept nowhere."""

    name: str
    address: str


class ChannelPort(Protocol):
    """A way to a contact."""

    @property
    def at_once(self) -> int:
        """How many messages it may be given at the same time: a lease must not pass in a queue."""

    @property
    def via(self) -> str:
        """By whom messages leave now: a server's or provider's name, which `/readyz` shows."""

    async def stop(self) -> None:
        """Let go of every connection."""

    async def probe(self) -> Attempt:
        """Ask the other side whether it is there, sending nothing."""

    async def send(self, id_: UUID, recipient: Recipient, message: Rendered) -> Attempt:
        """Hand over, within `LEASE` of the ledger. Never raises for what the other side does or fails to do."""
