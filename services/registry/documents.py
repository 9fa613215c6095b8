"""Aggregates as documents: state, what it is found by, and the events that it owes to the bus, written at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from pydantic import BaseModel

from passerelles.errors import NotFoundError
from passerelles.outbox import owed
from passerelles.store.port import Body, Collection, Scalar, change
from schemas.catalogue import BY_PAYLOAD
from schemas.decisions import Outcome
from schemas.envelope import format_time
from schemas.readings import ProposalSeen
from schemas.vocabulary import event_id
from services.registry.domain.company import Company
from services.registry.domain.posting import Posting
from services.registry.domain.proposal import Proposal
from services.registry.domain.telling import decision_of

SOURCE: Final = "registry"

_CARRIED: Final = ("pending", "pending_since", "drafted")
"""What a document carries beside the state, from one write to the next."""

Fact = Company | Posting
State = TypeVar("State", bound=BaseModel)


def created(fact: Fact, drafted: str) -> Body:
    """The document of what is new, with the digest of the draft that it was made of."""
    return _owing({**_document(fact, None), "drafted": drafted}, [fact_owed(fact, ())], fact.updated_at)


def saved(body: Body, before: Fact, after: Fact, ahead: Sequence[Body] = ()) -> Body:
    """The document after a change; a new version is a fact, owed where it is live and where it no longer is.

    `ahead` is what those who hear the fact have to know before it.
    """
    document = _document(after, body)
    if after.version == before.version:
        return document
    return _owing(document, [*ahead, fact_owed(after, before.territories)], after.updated_at)


def saved_proposal(body: Body | None, proposal: Proposal, entries: Sequence[Body], now: datetime) -> Body:
    """The document of a proposal, with what it owes from now on."""
    return _owing(_document(proposal, body), entries, now)


def fact_owed(fact: Fact, elsewhere: Sequence[str]) -> Body:
    """The fact of a company, a need or an availability, for its territories and for those that it leaves."""
    payload = fact.fact()
    return owed(
        BY_PAYLOAD[type(payload)].name,
        source=SOURCE,
        subject=str(fact.id),
        version=fact.version,
        time=fact.updated_at,
        data=payload,
        territories=tuple(dict.fromkeys((*fact.territories, *elsewhere))),
        key=None,
    )


def decision_owed(proposal: Proposal, now: datetime, territory: str | None = None) -> Body:
    """Where a pair stands, for the shard of its need (or for another one, to which the need moved)."""
    decision = decision_of(proposal, territory)
    entry = owed(
        "decision.recorded",
        source=SOURCE,
        subject=str(proposal.id),
        version=decision.version,
        time=now,
        data=decision,
        territories=(decision.territory,),
        key=None,
    )
    if territory is None:
        return entry
    # Another record than the one of the first territory: under one identifier, either could be taken for published.
    return {**entry, "id": str(event_id(f"{proposal.id}:{territory}", decision.version, entry["type"]))}


def outcome_owed(outcome: Outcome, now: datetime) -> Body:
    """A decision, for those to be told."""
    return owed(
        BY_PAYLOAD[type(outcome)].name,
        source=SOURCE,
        subject=str(outcome.id),
        version=outcome.version,
        time=now,
        data=outcome,
        territories=None,
        key=str(outcome.id),
    )


def reading_owed(reading: ProposalSeen, now: datetime) -> Body:
    """That a contact saw a proposal; one event for each of the two."""
    entry = owed(
        "proposal.seen",
        source=SOURCE,
        subject=str(reading.id),
        version=1,
        time=now,
        data=reading,
        territories=None,
        key=str(reading.id),
    )
    return {**entry, "id": str(event_id(f"{reading.id}:{reading.contact_id}", 1, entry["type"]))}


def digest_of(draft: BaseModel) -> str:
    """What tells one draft from another, so that making the same again is recognised."""
    return hashlib.sha256(draft.model_dump_json().encode()).hexdigest()


async def edited(
    collection: Collection,
    id_: UUID,
    kind: type[State],
    decide: Callable[[State], State],
    write: Callable[[Body, State, State], Body],
) -> State:
    """Load, decide, and write at once, again if somebody wrote in between; nothing is written when nothing changed.

    Raises:
        NotFoundError: no such document.
    """
    results: list[State] = []

    def edit(body: Body | None) -> Body | None:
        if body is None:
            raise NotFoundError("Cet identifiant n'est pas connu.")
        before = kind.model_validate(body)
        after = decide(before)
        results[:] = [after]
        return None if after is before else write(body, before, after)

    await change(collection, str(id_), edit)
    return results[0]


def _document(state: Fact | Proposal, before: Body | None) -> Body:
    body: Body = {"pending": [], "pending_since": None}
    body.update({name: before[name] for name in _CARRIED if before is not None and name in before})
    return {**body, **state.model_dump(mode="json"), **_found_by(state)}


def _found_by(state: Fact | Proposal) -> dict[str, Scalar | None]:
    if isinstance(state, Company):
        missed = any(contact.unreachable for contact in state.contacts)
        return {"departement": state.departement, "unreachable": missed}
    if isinstance(state, Posting):
        return {"departement": state.departement, "held_since": _text(state.held_since)}
    since = state.saga.since if state.saga else None
    return {"status": state.status.value, "score": state.score, "saga_since": _text(since)}


def _text(time: datetime | None) -> str | None:
    return format_time(time) if time else None


def _owing(body: Body, entries: Sequence[Body], now: datetime) -> Body:
    if not entries:
        return body
    return {
        **body,
        "pending": [*body["pending"], *entries],
        "pending_since": body["pending_since"] or format_time(now),
    }
