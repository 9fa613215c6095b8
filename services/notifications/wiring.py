"""The way of an alert, wired: from what is owed, through what is decided, to what is handed over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from passerelles.health import Check
from passerelles.store.port import Store
from schemas.deliveries import Channel
from services.notifications.attempts import Attempts
from services.notifications.briefing import Briefs
from services.notifications.channels.port import ChannelPort
from services.notifications.deciding import Deciding
from services.notifications.digests import Digests
from services.notifications.dispatch import Dispatcher
from services.notifications.ledger.documents import Documents
from services.notifications.ledger.epoch import KnownEpoch
from services.notifications.ledger.gathering import Gatherings
from services.notifications.ledger.messages import Messages
from services.notifications.questions import Contacts
from services.notifications.reaction import Reaction
from services.notifications.reminders import Reminders
from services.notifications.rendering import Renderer
from services.notifications.sender import Sender, Steps
from services.notifications.verdicts import Limits


class Alerting:
    """The parts of one process; several processes may work on one store.

    Attributes:
        documents: the ledger.
        reaction: the handler of events.
        sender: what drains the ledger; started and stopped by its owner.
    """

    def __init__(
        self,
        store: Store,
        contacts: Contacts,
        renderer: Renderer,
        channels: Mapping[Channel, ChannelPort],
        *,
        window: timedelta,
        limits: Limits,
        check: Check,
        clock: Callable[[], datetime],
    ) -> None:
        self.documents = documents = Documents(store)
        self.epoch = KnownEpoch(documents.epochs)
        self.briefs = Briefs(documents, contacts)
        self.attempts = Attempts(documents, self.briefs, renderer, channels, limits.quiet, clock=clock)
        messages = Messages(documents, window=window)
        deciding = Deciding(documents, limits, channels)
        self.dispatcher = Dispatcher(documents, messages, self.briefs, deciding, self.attempts, clock=clock)
        digests = Digests(documents, self.briefs, self.attempts, clock=clock)
        gatherings = Gatherings(documents, window=window)
        self.reaction = Reaction(documents, gatherings, self.epoch, clock=clock)
        reminders = Reminders(documents, self.reaction.gather, clock=clock)
        steps = Steps(self.dispatcher, self.attempts, digests, reminders)
        self.sender = Sender(documents, messages, steps, check, clock=clock)
        self.reaction.wake = self.sender.wake
        self.attempts.dropped = self.reaction.again

    def tell(self, *, settled: Callable[[str], None], observe: Callable[[str, str | None], None]) -> None:
        """Have it said when a delivery's outbox has something, and when a channel or the registry does not answer."""
        self.attempts.settled = settled
        self.attempts.observe = observe
        self.briefs.observe = observe
