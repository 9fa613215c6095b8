"""What ending alerts by email, and taking them up again, makes of a contact's choices."""

from __future__ import annotations

from typing import Final

from schemas.deliveries import Channel, MessageKind
from schemas.preferences import NEVER_BY, SENT_ANYWAY, Pace, Preferences

ALERTS: Final = frozenset(MessageKind) - SENT_ANYWAY - NEVER_BY[Channel.EMAIL] - {MessageKind.ESCALATED}
"""What comes to a company's contact by email, and ends with its alerts."""


def without_alerts(preferences: Preferences) -> Preferences:
    """The choices of somebody who ends alerts by email; text messages have their own choices, and their own STOP."""
    kept = {kind: pace for kind, pace in preferences.email.items() if kind in SENT_ANYWAY}
    ended = dict.fromkeys(sorted(ALERTS), Pace.NEVER)
    return preferences.model_copy(update={"email": kept | ended})


def with_alerts(preferences: Preferences) -> Preferences:
    """The choices of somebody who takes alerts by email up again: what had been chosen before is not known any more."""
    kept = {kind: pace for kind, pace in preferences.email.items() if kind in SENT_ANYWAY}
    return preferences.model_copy(update={"email": kept})


def has_ended_alerts(preferences: Preferences) -> bool:
    """Whether no alert comes by email any more."""
    return all(preferences.pace(kind, Channel.EMAIL) is Pace.NEVER for kind in ALERTS)
