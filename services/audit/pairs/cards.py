"""The pairs of a story one by one: what the engine saw when it last proposed each, why, and at which rank."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from schemas.decisions import DecisionRecorded
from schemas.envelope import Event
from schemas.epochs import DayStarted, EpochOpened, RulesAdopted
from schemas.facts import AvailabilityRecorded, NeedRecorded, Posting
from schemas.proposals import Pair, ProposalMade
from schemas.vocabulary import Payload
from services.audit.pairs.moment import Circumstances, Moment, cause_of, moment_of
from services.audit.pairs.reasons import kept_by, reasons_shown
from services.audit.pairs.shown import PairShown
from services.audit.reading.port import Archive
from services.audit.story.evidence import Evidence, Heard
from services.audit.story.postings import posting_brief, who
from services.audit.story.status import pair_state
from services.audit.story.step import Line
from services.audit.story.wording import COLON, STANDINGS, counted, day, number, ordinal


def pairs_shown(archive: Archive, evidence: Evidence) -> tuple[PairShown, ...]:
    """Every pair of the story that was ever proposed, the best score first."""
    told = _Told(archive, evidence)
    shown = []
    for about in evidence.about_pairs().values():
        made = [each for each in about if isinstance(each.event.data, ProposalMade)]
        if made:
            shown.append(told.pair(_changed_last(made), about))
    return tuple(sorted(shown, key=lambda pair: (-pair.score, pair.rank, str(pair.proposal_id))))


def standing_proposed(words: Sequence[Heard], until: Heard) -> list[ProposalMade]:
    """The pairs of a need that stood proposed once a word of matching was said, by rank."""
    limit = until.event.data
    if not isinstance(limit, Pair):
        return []
    proposed: dict[UUID, ProposalMade] = {}
    ordered = sorted(
        (each.event.data for each in words if isinstance(each.event.data, Pair)), key=lambda word: word.revision
    )
    for word in ordered:
        if word.territory != limit.territory or word.revision > limit.revision:
            continue
        if isinstance(word, ProposalMade):
            proposed[word.id] = word
        else:
            proposed.pop(word.id, None)
    return sorted(proposed.values(), key=lambda word: (-word.score, word.distance_metres, word.availability_id.int))


def _changed_last(made: Sequence[Heard]) -> Heard:
    """The word that first said what is still said: later ones only repeat it."""
    ordered = sorted(made, key=lambda each: each.event.data.revision if isinstance(each.event.data, Pair) else 0)
    chosen = ordered[0]
    for each in ordered[1:]:
        new, held = each.event.data, chosen.event.data
        if isinstance(new, ProposalMade) and isinstance(held, ProposalMade) and new.content != held.content:
            chosen = each
    return chosen


class _Told:
    """Tells pairs, and looks up what several share once."""

    def __init__(self, archive: Archive, evidence: Evidence) -> None:
        self._archive = archive
        self._evidence = evidence
        self._logs = Circumstances(archive)
        self._told: dict[tuple[int, str, int], tuple[Line, ...]] = {}

    def pair(self, said: Heard, about: Sequence[Heard]) -> PairShown:
        word = said.event.data
        assert isinstance(word, ProposalMade)  # noqa: S101 - what `pairs_shown` chose
        proposed = standing_proposed(self._evidence.words.get(word.need_id, ()), said)
        rank = next((place for place, each in enumerate(proposed, 1) if each.id == word.id), 0)
        need = self._evidence.need(word.need_id, word.need_version)
        kept = kept_by(word.rules_version, need.headcount_left) if need else None
        ranked = f"{ordinal(rank)} sur {counted(len(proposed), 'proposée', 'proposées')} pour ce besoin"
        if kept:
            ranked += f", qui en garde {number(kept)} au plus parmi celles que personne n’a acceptées"
        lines = [*self._around(said, word), *self._sides(said, word), Line("Rang", ranked)]
        return PairShown(
            proposal_id=word.id,
            need_id=word.need_id,
            availability_id=word.availability_id,
            status=pair_state(each.event for each in about).text,
            score=word.score,
            rank=rank,
            proposed=len(proposed),
            kept=kept or 0,
            rules_version=word.rules_version,
            proposed_at=said.event.time,
            seen=tuple(lines),
            reasons=reasons_shown(word.reasons, word.rules_version),
        )

    def _sides(self, said: Heard, word: ProposalMade) -> list[Line]:
        sides: tuple[tuple[str, Posting | None, int], ...] = (
            ("Besoin", self._evidence.need(word.need_id, word.need_version), word.need_version),
            (
                "Disponibilité",
                self._evidence.availability(word.availability_id, word.availability_version),
                word.availability_version,
            ),
        )
        lines = []
        for label, posting, version in sides:
            if posting is None:
                lines.append(Line(label, f"version {version}, que l’archive n’a plus"))
                continue
            firm = who(posting, self._evidence.company(posting.company_id, said.event.time))
            lines.append(Line(label, f"version {version}{COLON}{posting_brief(posting)} ({firm})"))
        return lines

    def _around(self, said: Heard, word: ProposalMade) -> tuple[Line, ...]:
        moment = moment_of(said.first)
        key = (moment.epoch, moment.territory, moment.offset)
        if key not in self._told:
            self._told[key] = self._look_around(said, word, moment)
        return self._told[key]

    def _look_around(self, said: Heard, word: ProposalMade, moment: Moment) -> tuple[Line, ...]:
        rules, today = self._logs.rules(moment, word.rules_version), self._logs.day(moment)
        cause = self._cause(said, moment)
        lines = [
            Line("Ce qui l’a déclenché", cause_text(cause) if cause else "un fait que l’archive n’a plus"),
            Line("Jour pour le moteur", day(today) if today else "aucun n’avait commencé"),
            Line("Territoire", f"{moment.territory}, époque {moment.epoch}, position {moment.offset}"),
        ]
        if rules:
            lines.append(Line("Règles", f"version {rules.rules_version}, empreinte {rules.rules_digest[:16]}…"))
        return tuple(lines)

    def _cause(self, said: Heard, moment: Moment) -> Event[Payload] | None:
        wanted = said.event.causation_id
        known = (
            *self._evidence.heard,
            *(
                each
                for held in (self._evidence.needs, self._evidence.staff)
                for of_one in held.values()
                for each in of_one
            ),
        )
        for each in known:
            if each.event.id == wanted:
                return each.event
        return cause_of(self._archive, moment)


def cause_text(cause: Event[Payload]) -> str:  # noqa: PLR0911 - one sentence a type of fact
    """A fact that made the engine speak, in a few words."""
    match cause.data:
        case NeedRecorded() as need:
            return f"besoin {need.id}, version {need.version}"
        case AvailabilityRecorded() as staff:
            return f"disponibilité {staff.id}, version {staff.version}"
        case DecisionRecorded() as decision:
            return f"décision sur la proposition {decision.id}{COLON}{STANDINGS[decision.standing]}"
        case DayStarted() as begun:
            return f"le début du {day(begun.day)}"
        case EpochOpened() as opened:
            return f"l’ouverture de l’époque {opened.epoch}"
        case RulesAdopted() as adopted:
            return f"l’adoption des règles, version {adopted.rules_version}"
        case _:
            return cause.type
