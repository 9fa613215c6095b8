"""When somebody who does not answer is reminded, and when its coordinator is told: the ladder's times, pure.

| step | when | by |
|---|---|---|
| `reminded` | 72 hours after the contact was told | email |
| `reminded_again` | 24 hours later | text message, to who asked for them |
| `escalated` | 24 hours later | email to the coordinator of the département |

An email that is three days old is forgotten, one of yesterday is not; a text message a day later reaches who is away
from the desk; a day after that, a call is worth more than a third message.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from schemas.deliveries import MessageKind
from services.notifications.policy import LADDER, OPENING

PATIENCE: Final = timedelta(hours=72)
"""From the telling to the first step (the domain: "email after 72 h")."""

FURTHER: Final = timedelta(hours=24)
"""From a step to the next; also until one looks again at a company of which nobody was told yet."""

AN_HOUR: Final = 3600

AFTER: Final[Mapping[MessageKind, tuple[tuple[MessageKind, ...], timedelta]]] = {
    MessageKind.REMINDED: (OPENING, PATIENCE),
    MessageKind.REMINDED_AGAIN: ((MessageKind.REMINDED,), FURTHER),
    MessageKind.ESCALATED: ((MessageKind.REMINDED_AGAIN,), FURTHER),
}
"""What each step follows, and how long after that was told."""

NEXT: Final[Mapping[MessageKind, MessageKind | None]] = dict(zip(LADDER, (*LADDER[1:], None), strict=True))


def due(company: UUID, now: datetime, wait: timedelta) -> datetime:
    """When a step is due that waits so long: at the company's own minute of the hour, not sooner.

    What waits for one company is then due together and fills one message, and companies come one after the other,
    however many pairs were proposed in one second.
    """
    seconds = int((now + wait).timestamp()) + 1
    return datetime.fromtimestamp(seconds + (company.int - seconds) % AN_HOUR, UTC)
