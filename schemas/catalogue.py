"""The catalogue: every type of event, its versions, its payload and the topic that it travels on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from schemas.decisions import (
    DecisionRecorded,
    ProposalAccepted,
    ProposalAgreed,
    ProposalCancelled,
    ProposalDeclined,
)
from schemas.deliveries import AlertDecided, DeliveryRecorded
from schemas.envelope import SCHEMA_PREFIX, TYPE_PREFIX
from schemas.epochs import DayStarted, EpochOpened, RulesAdopted
from schemas.facts import AvailabilityRecorded, CompanyRecorded, NeedRecorded
from schemas.proposals import ProposalMade, ProposalWithdrawn
from schemas.reachability import ContactOptedOut, ContactUnreachable
from schemas.readings import ProposalSeen
from schemas.topics import TopicName
from schemas.vocabulary import Payload


@dataclass(frozen=True)
class EventType:
    """A type of event as it is written today; earlier versions are read through `schemas.upcasters`."""

    name: str
    version: int
    topic: TopicName
    payload: type[Payload]

    @property
    def ce_type(self) -> str:
        """The CloudEvents `type` attribute."""
        return TYPE_PREFIX + self.name

    def dataschema(self, version: int | None = None) -> str:
        """The CloudEvents `dataschema` attribute of a version (default: the one written today)."""
        return f"{SCHEMA_PREFIX}{self.name}:{version or self.version}"


def _types() -> Mapping[str, EventType]:
    facts, proposals = TopicName.FACTS, TopicName.PROPOSALS
    outcomes, deliveries = TopicName.OUTCOMES, TopicName.DELIVERIES
    types = (
        EventType("rules.adopted", 1, facts, RulesAdopted),
        EventType("epoch.opened", 1, facts, EpochOpened),
        EventType("day.started", 1, facts, DayStarted),
        EventType("company.recorded", 1, facts, CompanyRecorded),
        EventType("need.recorded", 1, facts, NeedRecorded),
        EventType("availability.recorded", 1, facts, AvailabilityRecorded),
        EventType("decision.recorded", 1, facts, DecisionRecorded),
        EventType("proposal.made", 1, proposals, ProposalMade),
        EventType("proposal.withdrawn", 1, proposals, ProposalWithdrawn),
        EventType("proposal.accepted", 1, outcomes, ProposalAccepted),
        EventType("proposal.declined", 1, outcomes, ProposalDeclined),
        EventType("proposal.agreed", 1, outcomes, ProposalAgreed),
        EventType("proposal.cancelled", 1, outcomes, ProposalCancelled),
        EventType("proposal.seen", 1, outcomes, ProposalSeen),
        EventType("delivery.recorded", 2, deliveries, DeliveryRecorded),
        EventType("contact.unreachable", 1, deliveries, ContactUnreachable),
        EventType("contact.opted_out", 1, deliveries, ContactOptedOut),
        EventType("alert.decided", 2, deliveries, AlertDecided),
    )
    return MappingProxyType({type_.name: type_ for type_ in types})


CATALOGUE: Final = _types()
"""By short name."""

BY_PAYLOAD: Final[Mapping[type[Payload], EventType]] = MappingProxyType(
    {type_.payload: type_ for type_ in CATALOGUE.values()}
)
