"""What is decided about a message, for each contact and channel: the policy, with what the ledger says of the past."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from passerelles.store.port import Body
from schemas.deliveries import AlertRule, Channel, MessageKind
from schemas.envelope import parse_time
from schemas.vocabulary import Party
from services.notifications.audience import readers
from services.notifications.contacts import Briefing
from services.notifications.ledger.documents import Documents, Item
from services.notifications.ledger.heard import HEARD, History, wants
from services.notifications.ledger.limits import Address, Alerts, Standing
from services.notifications.ledger.shares import LEAVING, Share
from services.notifications.ledger.spread import spread
from services.notifications.pairs import KnownPair
from services.notifications.policy import awaited
from services.notifications.verdicts import ALERTS, Decision, Limits, Past, Reader, decide, suppressed


class UndecidedError(Exception):
    """A contact is being told, or is about to be, what decides whether this is for it: it has to wait."""


@dataclass(frozen=True, slots=True)
class Question:
    """A message that is to be decided.

    Attributes:
        id: the message's; what it claims is its own, however often it is decided.
        letter: its document.
        pairs: what is known of those in it.
        past: of those of which something was told before.
        now: the time of the decisions.
    """

    id: str
    letter: Body
    pairs: Mapping[str, KnownPair]
    past: Mapping[str, History]
    now: datetime

    @property
    def items(self) -> list[Item]:
        """Its items, each with the need that it is about; for a coordinator, that is the company to call."""
        return [item | {"need": self._need(item)} for item in self.letter["items"] if item["proposal"] in self.pairs]

    def _need(self, item: Item) -> str:
        if item["kind"] == MessageKind.ESCALATED:
            return str(self.letter["company"])
        return str(self.pairs[item["proposal"]].need_id)


class Deciding:
    """Asks the policy for each item of a message, and claims what the limit of needs gives once."""

    def __init__(self, documents: Documents, limits: Limits, channels: Collection[Channel]) -> None:
        self._limits = limits
        self._channels = channels
        self._alerts = Alerts(documents, limits.need, limits.contact)

    async def shares(self, question: Question, briefing: Briefing) -> list[Share]:
        """The message, as each contact and channel has a part in it; `briefing` says whom there is to tell.

        Raises:
            UndecidedError: it has to be decided later.
            UnavailableError: the store does not answer.
        """
        if any(history.waiting for history in question.past.values()):
            raise UndecidedError
        items = question.items
        audience: dict[Address, tuple[Reader, list[Item]]] = {}
        nobody: list[tuple[Item, Decision]] = []
        for item in items:
            found = readers(MessageKind(item["kind"]), briefing, self._channels)
            if not found and item["kind"] == MessageKind.ESCALATED:
                nobody.append((item, suppressed(AlertRule.NO_COORDINATOR)))
            for reader in found:
                audience.setdefault((str(reader.id), str(reader.channel)), (reader, []))[1].append(item)
        limited = _limited(items)
        standing = await self._alerts.others(audience, limited, question.id, question.now) if limited else {}
        shares = await spread(
            partial(self._share, question, reader, theirs, standing.get(address, Standing()))
            for address, (reader, theirs) in audience.items()
        )
        return [*shares, Share(None, Channel.EMAIL, nobody)] if nobody else shares

    async def _share(self, question: Question, reader: Reader, items: Sequence[Item], seen: Standing) -> Share:
        address = (str(reader.id), str(reader.channel))
        limited = _limited(items)
        while True:
            decided = [(item, self._decide(question, item, reader, seen)) for item in items]
            needs = {item["need"] for item, each in decided if item["kind"] in ALERTS and each.verdict in LEAVING}
            if not needs or await self._alerts.claim(address, needs, question.id, seen, question.now):
                return Share(reader.id, reader.channel, decided)
            # Another message was faster: it is looked at like any other that came before.
            seen = (await self._alerts.others([address], limited, question.id, question.now)).get(address, Standing())

    def _decide(self, question: Question, item: Item, reader: Reader, seen: Standing) -> Decision:
        if reader.channel not in self._channels:
            return suppressed(AlertRule.CHANNEL_OFF)
        kind, history = MessageKind(item["kind"]), question.past.get(item["proposal"])
        past = past_of(kind, reader, history, heard_only=item["heard_only"])
        return decide(
            kind,
            reader,
            replace(past, need_at=seen.at.get(item["need"]), alerts=seen.alerts),
            question.now,
            self._limits,
            awaited=awaited(question.pairs[item["proposal"]], kind, Party(question.letter["party"])),
        )


def _limited(items: Sequence[Item]) -> set[str]:
    """The needs that a limit is looked at for."""
    return {item["need"] for item in items if item["kind"] in ALERTS}


def past_of(
    kind: MessageKind, reader: Reader, history: History | None, *, heard_only: bool, leaving: str | None = None
) -> Past:
    """What was told before of a pair, as the policy looks at it; `leaving` is the digest that asks.

    Raises:
        UndecidedError: that is being told right now.
    """
    if history is None:
        return Past()
    address = (str(reader.id), str(reader.channel))
    said = [each for each in history.heard_by(kind, address) if leaving is None or each.digest != leaving]
    wanted = wants(kind, said, heard_only=heard_only)
    if wanted is None:
        raise UndecidedError
    told = [each.at for each in history.said.get(address, ()) if each.state in HEARD and each.at]
    known = any(each.kind is kind for each in said)
    against = None if wanted else AlertRule.TOLD_BEFORE if known else AlertRule.NOT_TOLD
    return Past(against, parse_time(max(told)) if told else None)
