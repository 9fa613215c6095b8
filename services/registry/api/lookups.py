"""Looks names up beside the event loop: among 11,000 job titles it takes tens of milliseconds."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from passerelles.reference.occupations import OCCUPATIONS, UnknownOccupationError, resolve


async def look_up(occupation: str) -> None:
    """Have an occupation found, or not, before a command asks for it: the reference keeps what it found for a title.

    A code is found at once, and an occupation that is unknown is the command's to refuse.
    """
    if occupation not in OCCUPATIONS:
        with suppress(UnknownOccupationError):
            await asyncio.to_thread(resolve, occupation)
