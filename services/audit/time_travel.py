"""How things were: the state of an entity, and the open proposals, from what the log held at an instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from passerelles.reference.calendar import paris_day
from schemas.deliveries import DeliveryRecorded
from schemas.facts import CompanyRecorded, Posting
from schemas.vocabulary import PostingStatus
from services.audit.reading.port import Archive
from services.audit.story.evidence import Evidence, gather
from services.audit.story.postings import posting_lines, who
from services.audit.story.status import PairFold, PairState, Status, pair_state
from services.audit.story.step import EntityKind, Line
from services.audit.story.wording import (
    CHANNELS,
    COMPANY_STATUSES,
    DELIVERY_STATES,
    KINDS,
    PARTIES,
    branch,
    channel_word,
    commune,
    instant,
    metres,
    siren,
)

_ABOUT_PAIRS: Final = (
    "proposal.made",
    "proposal.withdrawn",
    "decision.recorded",
    "proposal.accepted",
    "proposal.declined",
    "proposal.agreed",
    "proposal.cancelled",
)
_NAMES: Final = {
    EntityKind.PROPOSAL: "Proposition",
    EntityKind.NEED: "Besoin",
    EntityKind.AVAILABILITY: "Disponibilité",
    EntityKind.DELIVERY: "Envoi",
    EntityKind.COMPANY: "Entreprise",
}


@dataclass(frozen=True, slots=True)
class ProposalThen:
    """A proposal that was open."""

    proposal_id: UUID
    need_id: UUID
    availability_id: UUID
    territory: str
    status: str
    score: int
    distance: str


@dataclass(frozen=True, slots=True)
class StateThen:
    """An entity as it was.

    Attributes:
        at: what the broker had appended by then is what counts.
        open_proposals: those in which it took part, the best score first.
    """

    kind: EntityKind
    id: UUID
    at: datetime
    title: str
    lines: tuple[Line, ...]
    open_proposals: tuple[ProposalThen, ...]


def state_at(archive: Archive, id_: UUID, at: datetime) -> StateThen:
    """The state of a company, a need, an availability, a proposal or a delivery at an instant.

    Raises:
        UnknownEntityError: the log did not name it then.
    """
    company = _company_at(archive, id_, at)
    if company is not None:
        return StateThen(EntityKind.COMPANY, id_, at, _NAMES[EntityKind.COMPANY], company, ())
    evidence = gather(archive, id_, at=at)
    states = [pair_state(each.event for each in about) for about in evidence.about_pairs().values()]
    going_on = tuple(_then(state) for state in states if state.status is Status.OPEN and state.made)
    return StateThen(
        evidence.kind, id_, at, _NAMES[evidence.kind], tuple(_lines(evidence, states, at)), _ordered(going_on)
    )


def open_proposals_at(archive: Archive, at: datetime, *, territory: str | None = None) -> tuple[ProposalThen, ...]:
    """Every proposal that was open at an instant, by territory and falling score."""
    folds: dict[UUID, PairFold] = {}
    for each in archive.events(types=_ABOUT_PAIRS, until=at + timedelta(microseconds=1)):
        if each.event is not None:
            id_ = getattr(each.event.data, "id", None)
            if isinstance(id_, UUID):
                folds.setdefault(id_, PairFold()).take(each.event)
    states = (fold.state for fold in folds.values())
    found = (_then(state) for state in states if state.status is Status.OPEN and state.made)
    return _ordered(tuple(each for each in found if territory is None or each.territory == territory))


_JSON: Final = TypeAdapter(tuple[ProposalThen, ...])
_STATE_JSON: Final = TypeAdapter(StateThen)


def proposals_as_json(proposals: tuple[ProposalThen, ...]) -> list[dict[str, Any]]:
    """The proposals as plain JSON values."""
    values: list[dict[str, Any]] = _JSON.dump_python(proposals, mode="json")
    return values


def state_as_json(state: StateThen) -> dict[str, Any]:
    """The state as plain JSON values."""
    values: dict[str, Any] = _STATE_JSON.dump_python(state, mode="json")
    return values


def _ordered(proposals: tuple[ProposalThen, ...]) -> tuple[ProposalThen, ...]:
    return tuple(sorted(proposals, key=lambda each: (each.territory, -each.score, each.proposal_id.int)))


def _then(state: PairState) -> ProposalThen:
    assert state.made is not None  # noqa: S101 - asked by both callers
    made = state.made
    return ProposalThen(
        proposal_id=made.id,
        need_id=made.need_id,
        availability_id=made.availability_id,
        territory=made.territory,
        status=state.text,
        score=made.score,
        distance=metres(made.distance_metres),
    )


def _company_at(archive: Archive, id_: UUID, at: datetime) -> tuple[Line, ...] | None:
    last: CompanyRecorded | None = None
    for each in archive.events(subjects={id_}, types=("company.recorded",), until=at + timedelta(microseconds=1)):
        data = each.event.data if each.event else None
        if isinstance(data, CompanyRecorded) and data.id == id_ and (last is None or last.version <= data.version):
            last = data
    if last is None:
        return None
    return (
        Line("SIREN", siren(last.siren)),
        Line("Situation", COMPANY_STATUSES[last.status]),
        Line("Branche", branch(last.branch)),
        Line("Commune", commune(last.commune)),
        Line("Version", str(last.version)),
    )


def _lines(evidence: Evidence, states: list[PairState], at: datetime) -> list[Line]:
    match evidence.kind:
        case EntityKind.NEED:
            return _posting(evidence, evidence.need(evidence.id), at)
        case EntityKind.AVAILABILITY:
            return _posting(evidence, evidence.availability(evidence.id), at)
        case EntityKind.DELIVERY:
            return _delivery(evidence)
        case _:
            return [line for state in states for line in _pair(state)]


def _posting(evidence: Evidence, posting: Posting | None, at: datetime) -> list[Line]:
    if posting is None:
        return []
    if posting.status is PostingStatus.WITHDRAWN:
        state = "retiré par l’entreprise"
    elif posting.end is not None and posting.end < paris_day(at):
        state = "expiré, son dernier jour était passé"
    else:
        state = "ouvert" if posting.headcount_left else "complet"
    firm = who(posting, evidence.company(posting.company_id, at))
    described = [line for line in posting_lines(posting) if line.label != "État"]
    return [Line("État", state), Line("Version", str(posting.version)), Line("Entreprise", firm), *described]


def _pair(state: PairState) -> list[Line]:
    lines = [Line("État", state.text)]
    if state.made:
        lines.append(Line("Score", f"{state.made.score} sur 100"))
        lines.append(Line("Distance", metres(state.made.distance_metres)))
        lines.append(Line("Besoin", f"{state.made.need_id}, version {state.made.need_version}"))
        lines.append(Line("Disponibilité", f"{state.made.availability_id}, version {state.made.availability_version}"))
    return lines


def _delivery(evidence: Evidence) -> list[Line]:
    datas = [each.event.data for each in evidence.heard if isinstance(each.event.data, DeliveryRecorded)]
    last = max(datas, key=lambda data: data.version)
    result = DELIVERY_STATES[last.state] + (f" — {channel_word(last.code)}" if last.code else "")
    return [
        Line("Résultat", result),
        Line("Depuis le", instant(last.at)),
        Line("Canal", CHANNELS[last.channel]),
        Line("Destinataire", f"{PARTIES[last.party]}, contact {last.contact_id}"),
        Line("Annonçait", ", ".join(sorted({KINDS[data.kind] for data in datas}))),
        Line("Propositions", ", ".join(sorted({str(data.proposal_id) for data in datas}))),
    ]
