"""From a message to its deliveries: what is decided for each contact is written down, and what leaves is attempted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

import structlog

from passerelles.errors import UnavailableError
from passerelles.store.port import Body
from schemas.vocabulary import Party
from services.notifications.attempts import Attempts
from services.notifications.briefing import Briefed, Briefs
from services.notifications.deciding import Deciding, Question, UndecidedError
from services.notifications.ledger.documents import Documents
from services.notifications.ledger.heard import histories
from services.notifications.ledger.messages import Messages
from services.notifications.ledger.shares import Reserved, Shares
from services.notifications.ledger.spread import spread
from services.notifications.pairs import KnownPair

log = structlog.get_logger()


class Dispatcher:
    """Expands messages. Several may work on one ledger: what one has decided, the others follow."""

    def __init__(
        self,
        documents: Documents,
        messages: Messages,
        briefs: Briefs,
        deciding: Deciding,
        attempts: Attempts,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._documents = documents
        self._messages = messages
        self._briefs = briefs
        self._deciding = deciding
        self._shares = Shares(documents)
        self._attempts = attempts
        self._clock = clock

    async def dispatch(self, id_: str, letter: Body, pairs: Mapping[str, KnownPair] | None = None) -> None:
        """Decide about a message, and attempt what leaves now. Raises `UnavailableError` for the store's.

        `pairs` is what is known of those in the message, if that was read a moment ago: it decides what the registry is
        asked about; what is told is read again, once the lease is taken.
        """
        if letter["state"] != "open":
            return
        if pairs is None:
            pairs = await self._documents.known({item["proposal"] for item in letter["items"]})
        party = Party(letter["party"])
        try:
            briefed = await self._briefs.of(letter["company"], ((party, item) for item in letter["items"]), pairs)
        except UnavailableError:
            await self._messages.postpone(id_, self._clock())
            return
        if not briefed:
            log.warning("alert.company_unknown", message=id_, company=letter["company"])
            await self._messages.close(id_, letter)
            return
        some = {item["proposal"] for item in letter["items"] if item["heard_only"] or item["again"]}
        past = await histories(self._documents, some, letter["company"], before=letter["seq"]) if some else {}
        try:
            question = Question(id_, letter, pairs, past, self._clock())
            shares = await self._deciding.shares(question, briefed[party])
        except UndecidedError:
            await self._messages.postpone(id_, self._clock())
            return
        reserved = await spread(partial(self._shares.reserve, id_, letter, share, self._clock()) for share in shares)
        await self._messages.close(id_, letter)
        await spread(partial(self._go_on, each, briefed) for each in reserved)

    async def _go_on(self, reserved: Reserved, briefed: Briefed) -> None:
        if reserved.leaves:
            await self._attempts.attempt(reserved, briefed)
        else:
            self._attempts.settled(reserved.id)
