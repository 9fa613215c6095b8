"""A small log told fact by fact to matching's own fold, and archived in memory as Kafka would have held it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from passerelles.bus.codec import encode
from passerelles.reference.rulebook import Rulebook, rulebook
from schemas.catalogue import BY_PAYLOAD, CATALOGUE
from schemas.decisions import Outcome, ProposalAccepted, ProposalAgreed, ProposalDeclined, Standing
from schemas.deliveries import (
    AlertDecided,
    AlertRule,
    AlertVerdict,
    Channel,
    DeliveryRecorded,
    DeliveryState,
    MessageKind,
)
from schemas.envelope import Event
from schemas.facts import CompanyRecorded
from schemas.readings import ProposalSeen, SeenBy
from schemas.topics import TopicName
from schemas.vocabulary import CompanyStatus, DeclineReason, Party, Payload, event_id, proposal_id
from services.audit.reading.port import ArchivedEvent
from services.matching.adoption import RuleLibrary
from services.matching.shard import MatchingShard
from tests.unit.audit.memory_archive import MemoryArchive
from tests.unit.matching import scenery

BEGAN = datetime(2026, 3, 2, 7, tzinfo=UTC)
NUMBER = scenery.number
OUTCOMES: dict[Standing, type[Outcome]] = {
    Standing.ACCEPTED: ProposalAccepted,
    Standing.AGREED: ProposalAgreed,
    Standing.DECLINED: ProposalDeclined,
}


def delivery_id(number: int) -> UUID:
    return uuid5(scenery.NAMESPACE, f"delivery {number}")


class ToldLog:
    """One second passes with each fact; what the broker appends comes 40 ms later."""

    def __init__(self, book: Rulebook | None = None) -> None:
        self._book = book or rulebook(1)
        self._seconds = 0
        self._records: list[ArchivedEvent] = []
        self._offsets: dict[str, int] = {}
        self.epoch = 0
        self.begin()

    def begin(self, *stated: Payload) -> None:
        """A new epoch in a new log."""
        self.epoch += 1
        self._offsets = {}
        self._shard = MatchingShard(0, 1, RuleLibrary(lambda _: self._book))
        self.say(scenery.adopted(epoch=self.epoch, book=self._book))
        self.say(scenery.day(scenery.MONDAY))
        for data in stated:
            self.say(data)
        self.say(scenery.opened(epoch=self.epoch))

    @property
    def archive(self) -> MemoryArchive:
        return MemoryArchive(self._records)

    @property
    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self._seconds)

    def say(self, data: Payload) -> list[Event[Payload]]:
        """A fact, and what matching says of it."""
        self._seconds += 1
        type_ = BY_PAYLOAD[type(data)]
        subject = str(getattr(data, "id", "46"))
        version = getattr(data, "version", self._seconds)
        event: Event[Payload] = Event(
            id=event_id(subject, version, type_.name),
            type=type_.name,
            schema_version=1,
            source="registry",
            subject=subject,
            time=self.now,
            epoch=self.epoch,
            key=f"46:{subject}",
            data=data,
            territory="46",
        )
        offset = self._append(TopicName.FACTS, event)
        said = list(self._shard.fold(event, offset))
        for word in said:
            self._append(TopicName.PROPOSALS, word)
        return said

    def company(self, siren: str, commune: str = scenery.FIGEAC, branch: str = "metal") -> None:
        self.say(
            CompanyRecorded(
                id=scenery.company(siren),
                version=1,
                siren=siren,
                status=CompanyStatus.JOINED,
                branch=branch,
                commune=commune,
            )
        )

    def decide(
        self,
        need: int,
        staff: int,
        standing: Standing,
        by: Party,
        *,
        version: int = 1,
        reason: DeclineReason | None = None,
    ) -> None:
        """A decision: the outcome, and matching's copy of it."""
        self._seconds += 1
        pair = scenery.decision(need, staff, standing, version)
        body: dict[str, Any] = pair.model_dump(exclude={"territory", "standing"})
        headcount = 1 if standing is Standing.AGREED else None
        self._tell(TopicName.OUTCOMES, OUTCOMES[standing](**body, by=by, reason=reason, headcount=headcount), pair.id)
        self.say(pair)

    def deliver(self, number: int, need: int, staff: int, *states: DeliveryState, **changes: Any) -> None:
        for version, state in enumerate(states, 1):
            self._seconds += 1
            pair = proposal_id(NUMBER(need), NUMBER(staff))
            body: dict[str, Any] = {
                "id": delivery_id(number),
                "version": version,
                "message_id": uuid5(scenery.NAMESPACE, f"message {number}"),
                "proposal_id": pair,
                "company_id": scenery.company(scenery.BORROWER),
                "contact_id": uuid5(scenery.NAMESPACE, "contact"),
                "party": Party.BORROWER,
                "channel": Channel.EMAIL,
                "kind": MessageKind.PROPOSED,
                "state": state,
                "at": self.now,
                "attempts": 1,
                "code": "smtp_250" if state is DeliveryState.SENT else None,
            }
            self._tell(TopicName.DELIVERIES, DeliveryRecorded(**body | changes), pair)

    def hush(self, number: int, need: int, staff: int, verdict: AlertVerdict, rule: AlertRule) -> None:
        """The policy decides about telling the borrower of a pair."""
        self._seconds += 1
        pair = proposal_id(NUMBER(need), NUMBER(staff))
        decided = AlertDecided(
            id=delivery_id(number),
            version=1,
            message_id=uuid5(scenery.NAMESPACE, f"message {number}"),
            proposal_id=pair,
            company_id=scenery.company(scenery.BORROWER),
            contact_id=uuid5(scenery.NAMESPACE, "contact"),
            party=Party.BORROWER,
            channel=Channel.EMAIL,
            kind=MessageKind.PROPOSED,
            verdict=verdict,
            rule=rule,
            at=self.now,
            until=self.now if verdict is AlertVerdict.GATHERED else None,
        )
        self._tell(TopicName.DELIVERIES, decided, pair)

    def see(self, need: int, staff: int, party: Party, seen_by: SeenBy = SeenBy.PAGE) -> None:
        """A contact of a party sees the proposal."""
        self._seconds += 1
        pair = scenery.decision(need, staff, Standing.OPEN, 0)
        body = pair.model_dump(include={"id", "need_id", "availability_id", "borrower_id", "lender_id"})
        contact = uuid5(scenery.NAMESPACE, f"contact of the {party}")
        self._tell(TopicName.OUTCOMES, ProposalSeen(**body, party=party, contact_id=contact, seen_by=seen_by), pair.id)

    def _tell(self, topic: TopicName, data: Any, key: UUID) -> None:
        type_ = BY_PAYLOAD[type(data)]
        subject = str(data.id)
        version = getattr(data, "version", self._seconds)
        event: Event[Payload] = Event(
            id=event_id(subject, version, type_.name),
            type=type_.name,
            schema_version=CATALOGUE[type_.name].version,
            source=type_.topic.split(".", maxsplit=1)[0],
            subject=subject,
            time=self.now,
            epoch=self.epoch,
            key=str(key),
            data=data,
        )
        self._append(topic, event)

    def _append(self, topic: TopicName, event: Event[Payload]) -> int:
        offset = self._offsets.get(topic, 0)
        self._offsets[topic] = offset + 1
        at = self.now + timedelta(milliseconds=40)
        self._records.append(ArchivedEvent(self.epoch, topic, 0, offset, at, event, encode(event)))
        return offset
