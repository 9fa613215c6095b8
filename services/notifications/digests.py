"""When a digest's time has come: what is still to be told in it is decided once, and it leaves as one delivery."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from passerelles.errors import UnavailableError
from passerelles.store.port import Stored
from schemas.deliveries import AlertRule, AlertVerdict, Channel, DeliveryState, MessageKind
from schemas.envelope import parse_time
from schemas.vocabulary import Party
from services.notifications.attempts import REGISTRY_WAIT, Attempts
from services.notifications.audience import person, reader_of
from services.notifications.briefing import Briefed, Briefs
from services.notifications.deciding import UndecidedError, past_of
from services.notifications.digest_time import next_digest
from services.notifications.ledger.digests import DigestLedger, Waiting
from services.notifications.ledger.documents import Documents
from services.notifications.ledger.heard import histories
from services.notifications.ledger.messages import is_true
from services.notifications.ledger.owing import party_of
from services.notifications.ledger.shares import Reserved
from services.notifications.policy import informs
from services.notifications.verdicts import Decision, Gathered, Reader, digest


class Digests:
    """Makes digests. Several may work on one ledger: what one has decided, the others follow."""

    def __init__(
        self, documents: Documents, briefs: Briefs, attempts: Attempts, *, clock: Callable[[], datetime]
    ) -> None:
        self._documents = documents
        self._ledger = DigestLedger(documents)
        self._briefs = briefs
        self._attempts = attempts
        self._clock = clock

    async def leave(self, id_: str) -> None:
        """Decide about what waits for a digest, and attempt it if it has something to tell.

        Raises:
            UnavailableError: the store does not answer.
        """
        waiting = await self._ledger.waiting(id_)
        if not waiting:
            return
        stored, briefed = await self._ledger.frozen(id_), None
        if stored is None:
            try:
                briefed = await self._brief(waiting)
                stored = await self._freeze(id_, waiting, briefed)
            except (UnavailableError, UndecidedError):
                # Of the registry, or of the store, which then says so again.
                await self._ledger.postpone(waiting, REGISTRY_WAIT, self._clock())
                return
        # Before the shares follow: whoever comes after a crash in between does it again.
        await self._attempts.dropped(_untrue(stored))
        await self._ledger.follow(waiting, stored, self._clock())
        for share in {each.share.id for each in waiting}:
            self._attempts.settled(share)
        if briefed is not None and stored.revision == 1 and stored.body["state"] == DeliveryState.RESERVED:
            await self._attempts.attempt(Reserved(id_, Channel(stored.body["channel"]), stored), briefed)

    async def _brief(self, waiting: Sequence[Waiting]) -> Briefed:
        pairs = await self._documents.known({each.pair for each in waiting})
        items = ((Party(each.share.body["party"]), each.item) for each in waiting)
        return await self._briefs.of(waiting[0].share.body["company"], items, pairs)

    async def _freeze(self, id_: str, waiting: Sequence[Waiting], briefed: Briefed) -> Stored:
        body, now = waiting[0].share.body, self._clock()
        channel = Channel(body["channel"])
        contact = next((found for each in briefed.values() if (found := person(each, body["contact"]))), None)
        if contact is None:
            # The delivery says that there is nobody to tell.
            told = [(each, Decision(AlertVerdict.SENT, AlertRule.PREFERENCE)) for each in waiting]
            return await self._ledger.freeze(id_, told, now, now)
        reader = reader_of(contact, channel)
        gathered = await self._gathered(id_, waiting, briefed, reader)
        decided = list(zip(waiting, digest(gathered, reader, now), strict=True))
        following = next_digest(reader.preferences.digest, reader.id, now)
        return await self._ledger.freeze(id_, decided, following, now)

    async def _gathered(self, id_: str, waiting: Sequence[Waiting], briefed: Briefed, reader: Reader) -> list[Gathered]:
        pairs = await self._documents.known({each.pair for each in waiting})
        company = waiting[0].share.body["company"]
        past = await histories(self._documents, pairs, company)
        statuses = {str(item.proposal_id): item.status for each in briefed.values() for item in each.items}
        last = {each.key: each for each in waiting}
        found = []
        for each in waiting:
            kind, party = MessageKind(each.item["kind"]), party_of(each.share.body, each.item)
            heard = past_of(kind, reader, past.get(each.pair), heard_only=each.item["heard_only"], leaving=id_)
            # Gathered twice, for the pair turned meanwhile: the later one tells it.
            against = heard.against if last[each.key] is each else AlertRule.TOLD_BEFORE
            true = is_true(each.item, pairs, party, statuses)
            only_informs = each.pair not in pairs or informs(pairs[each.pair], kind, party)
            found.append(Gathered(kind, true, against, parse_time(each.share.body["created_at"]), only_informs))
        return found


def _untrue(stored: Stored) -> list[str]:
    """The pairs that were not told because they were untrue; by now one may be true again."""
    return sorted(
        {
            key.partition(":")[0]
            for fates in stored.body["fates"].values()
            for key, fate in fates.items()
            if fate["rule"] == AlertRule.NO_LONGER_TRUE
        }
    )
