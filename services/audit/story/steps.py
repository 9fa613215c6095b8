"""From evidence to steps: who published, what the engine said, who was told, saw and decided, in the log's order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from uuid import UUID

from schemas.decisions import DecisionRecorded, Outcome, ProposalAgreed, Standing
from schemas.facts import NeedRecorded, Posting
from schemas.proposals import Pair, ProposalMade, ProposalWithdrawn
from schemas.vocabulary import Party, PostingStatus
from services.audit.story.alerts import alert_steps
from services.audit.story.evidence import Evidence, Heard
from services.audit.story.messages import message_steps
from services.audit.story.postings import changed_lines, posting_brief, posting_lines, who
from services.audit.story.readings import other_steps, reading_steps
from services.audit.story.status import standing_of
from services.audit.story.step import Line, Step, StepKind
from services.audit.story.wording import (
    COLON,
    DECLINES,
    PARTIES,
    STANDINGS,
    WITHDRAWALS,
    company,
    counted,
    listed,
    metres,
)

_VERBS = {
    Standing.ACCEPTED: "accepte la proposition",
    Standing.AGREED: f"accepte à son tour{COLON}accord conclu",
    Standing.DECLINED: "décline la proposition",
    Standing.CANCELLED: "annule l’accord",
}


def steps(evidence: Evidence) -> tuple[Step, ...]:
    """Every step, in order."""
    told = [
        *_postings(evidence),
        *_words(evidence),
        *_decisions(evidence),
        *message_steps(evidence),
        *alert_steps(evidence),
        *reading_steps(evidence),
        *other_steps(evidence),
        *_reopenings(evidence),
    ]
    return tuple(sorted(told, key=lambda step: (step.time, _KIND_ORDER.index(step.kind))))


_KIND_ORDER = (
    StepKind.LOG,
    StepKind.PUBLICATION,
    StepKind.ENGINE,
    StepKind.READING,
    StepKind.DECISION,
    StepKind.MESSAGE,
)
"""Among steps of one instant: what the engine says comes after the fact that it speaks of."""


def _postings(evidence: Evidence) -> Iterator[Step]:
    before: dict[UUID, Posting] = {}
    for each in evidence.heard:
        posting = each.event.data
        if not isinstance(posting, Posting):
            continue
        last = before.get(posting.id)
        if last is not None and posting.version <= last.version:
            continue
        before[posting.id] = posting
        name = "le besoin" if isinstance(posting, NeedRecorded) else "la disponibilité"
        article = "un besoin" if isinstance(posting, NeedRecorded) else "une disponibilité"
        lines = posting_lines(posting) if last is None else changed_lines(last, posting)
        if posting.status is PostingStatus.WITHDRAWN:
            title = f"Une entreprise retire {name}"
        elif posting.proposal_id is not None:
            title = f"Un accord change l’effectif restant sur {name}"
        elif last is None:
            title = f"Une entreprise publie {article}" if posting.version == 1 else f"Premier état archivé{COLON}{name}"
        else:
            title = f"Une entreprise modifie {name}"
        firm = who(posting, evidence.company(posting.company_id, each.event.time))
        yield _step(each, StepKind.PUBLICATION, title, f"{firm}. Version {posting.version}.", lines)


def _words(evidence: Evidence) -> Iterator[Step]:
    """Matching's words, those of one cause together; a pair said again unchanged when the log reopens is no step."""
    said: dict[UUID, ProposalMade] = {}
    news: list[tuple[Heard, ProposalMade | None]] = []
    for each in sorted(_of(evidence, Pair), key=_revision):
        word = each.event.data
        if isinstance(word, ProposalMade):
            last = said.get(word.id)
            said[word.id] = word
            if last is not None and last.content == word.content:
                continue
            news.append((each, last))
        elif isinstance(word, ProposalWithdrawn):
            news.append((each, said.pop(word.id, None)))
    for _, group in groupby(news, key=lambda pair: (pair[0].event.causation_id, pair[0].event.epoch)):
        of_cause = list(group)
        if len(of_cause) == 1:
            yield _word(evidence, *of_cause[0])
        else:
            yield _several(of_cause)


def _word(evidence: Evidence, each: Heard, last: ProposalMade | None) -> Step:
    word = each.event.data
    if isinstance(word, ProposalWithdrawn):
        why = f"Raison{COLON}{WITHDRAWALS[word.reason]}."
        return _step(each, StepKind.ENGINE, "Le moteur retire la proposition", why, pair=word.id)
    assert isinstance(word, ProposalMade)  # noqa: S101 - the other of the two words
    title = "Le moteur propose cette mise en relation" if last is None else "Le moteur réévalue la proposition"
    before = "" if last is None else f" (avant{COLON}{last.score})"
    text = f"Score {word.score} sur 100{before}, {metres(word.distance_metres)} par la route."
    need, staff = (
        evidence.need(word.need_id, word.need_version),
        evidence.availability(word.availability_id, word.availability_version),
    )
    lines = [
        Line("Besoin", f"version {word.need_version}" + (f"{COLON}{posting_brief(need)}" if need else "")),
        Line(
            "Disponibilité",
            f"version {word.availability_version}" + (f"{COLON}{posting_brief(staff)}" if staff else ""),
        ),
    ]
    return _step(each, StepKind.ENGINE, title, text, tuple(lines), pair=word.id)


def _several(group: Sequence[tuple[Heard, ProposalMade | None]]) -> Step:
    made = [each for each, last in group if last is None and isinstance(each.event.data, ProposalMade)]
    again = [each for each, last in group if last is not None and isinstance(each.event.data, ProposalMade)]
    withdrawn = [each for each, _ in group if isinstance(each.event.data, ProposalWithdrawn)]
    parts = []
    if made:
        parts.append(f"propose {counted(len(made), 'mise en relation', 'mises en relation')}")
    if again:
        parts.append(f"réévalue {counted(len(again), 'proposition', 'propositions')}")
    if withdrawn:
        parts.append(f"retire {counted(len(withdrawn), 'proposition', 'propositions')}")
    lines = []
    for each, last in group:
        word = each.event.data
        if isinstance(word, ProposalMade):
            before = f", réévaluée (avant{COLON}{last.score})" if last else ""
            lines.append(Line(str(word.id), f"score {word.score}, {metres(word.distance_metres)}{before}"))
        elif isinstance(word, ProposalWithdrawn):
            lines.append(Line(str(word.id), f"retirée{COLON}{WITHDRAWALS[word.reason]}"))
    first = group[0][0]
    places = tuple(place for each, _ in group for place in each.places)
    return Step(
        time=first.event.time,
        kind=StepKind.ENGINE,
        title=f"Le moteur {listed(parts)}",
        text="Un même fait en est la cause.",
        event_id=first.event.id,
        type=first.event.type,
        places=places,
        lines=tuple(lines),
    )


def _decisions(evidence: Evidence) -> Iterator[Step]:
    """What the companies decided. Matching's copy is told only when the outcome itself is not in the archive."""
    outcomes = {
        (each.event.data.id, each.event.data.version)
        for each in _of(evidence, Outcome)
        if isinstance(each.event.data, Outcome)
    }
    for each in evidence.heard:
        data = each.event.data
        if isinstance(data, Outcome):
            standing = standing_of(data)
            firm = evidence.company(data.borrower_id if data.by is Party.BORROWER else data.lender_id, each.event.time)
            lines = [Line("Qui", company(firm))] if firm else []
            if data.reason:
                lines.append(Line("Motif", DECLINES[data.reason]))
            if isinstance(data, ProposalAgreed) and data.headcount is not None:
                lines.append(Line("Effectif convenu", counted(data.headcount, "personne", "personnes")))
            who_ = PARTIES[data.by]
            title = f"{who_[0].upper()}{who_[1:]} {_VERBS[standing]}"
            yield _step(
                each, StepKind.DECISION, title, f"Décision {data.version} sur cette paire.", tuple(lines), pair=data.id
            )
        elif isinstance(data, DecisionRecorded) and data.version and (data.id, data.version) not in outcomes:
            text = "Telle que le registre l’a dite au moteur ; l’archive n’a pas la décision elle-même."
            title = f"Décision{COLON}{STANDINGS[data.standing]}"
            yield _step(each, StepKind.DECISION, title, text, pair=data.id)


def _reopenings(evidence: Evidence) -> Iterator[Step]:
    """The epochs that said again what was known, each as one step."""
    again: dict[int, list[Heard]] = {}
    for each in evidence.heard:
        for epoch in {place.epoch for place in each.places} - {each.first.epoch}:
            again.setdefault(epoch, []).append(each)
    made: dict[UUID, ProposalMade] = {}
    for each in sorted(_of(evidence, Pair), key=_revision):
        word = each.event.data
        if isinstance(word, ProposalMade):
            last = made.get(word.id)
            if last is not None and last.content == word.content and each.event.epoch > last.revision >> 40:
                again.setdefault(each.event.epoch, []).append(each)
            made[word.id] = word
    for epoch, heard in sorted(again.items()):
        places = tuple(place for each in heard for place in each.places if place.epoch == epoch)
        first = min(places, key=lambda place: place.at)
        yield Step(
            time=first.at,
            kind=StepKind.LOG,
            title=f"Le journal est rouvert (époque {epoch})",
            text=f"{counted(len(heard), 'fait connu y est redit', 'faits connus y sont redits')}, à l’identique.",
            event_id=heard[0].event.id,
            type=heard[0].event.type,
            places=places,
        )


def _of(evidence: Evidence, kind: type[object]) -> Iterable[Heard]:
    return (each for each in evidence.heard if isinstance(each.event.data, kind))


def _revision(each: Heard) -> tuple[int, int]:
    word = each.event.data
    return (word.revision, each.first.offset) if isinstance(word, Pair) else (0, each.first.offset)


def _step(
    each: Heard, kind: StepKind, title: str, text: str, lines: tuple[Line, ...] = (), *, pair: UUID | None = None
) -> Step:
    return Step(each.event.time, kind, title, text, each.event.id, each.event.type, each.places, lines, pair)
