"""One text message on its way to a provider, and the port of the providers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.notifications.channels.port import Attempt
from services.notifications.segments import Alphabet


@dataclass(frozen=True, slots=True)
class TextMessage:
    """What a provider is given; `to` is E.164, of a mobile."""

    id: UUID
    to: str
    text: str
    alphabet: Alphabet


class Provider(Protocol):
    """Who carries text messages.

    Attributes:
        name: its name in the settings, which begins its codes.
    """

    name: str

    async def send(self, message: TextMessage) -> Attempt:
        """Hand one message over; `RETRY` only where it was certainly not taken, so that another may be asked."""

    async def probe(self) -> Attempt:
        """Ask whether it answers us, sending nothing."""

    async def stop(self) -> None:
        """Let go of the connections."""
