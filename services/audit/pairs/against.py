"""Puts another availability beside the pairs of a need at one moment, by judging every candidate again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from passerelles.errors import InvalidInputError
from passerelles.reference.occupations import links_to
from schemas.decisions import DecisionRecorded, Standing
from schemas.facts import AvailabilityRecorded, NeedRecorded, Posting
from schemas.proposals import ProposalMade
from schemas.topics import TopicName
from schemas.vocabulary import proposal_id
from services.audit.pairs.checks import LABELS, check_text
from services.audit.pairs.comparison import Comparison, Rival, Verdict, checks_shown
from services.audit.pairs.judging import Judge, Judgement, Rank, Setting
from services.audit.pairs.moment import SKEW, Circumstances, Moment, facts_then, moment_of
from services.audit.pairs.reasons import kept_by
from services.audit.reading.port import Archive, ArchivedEvent, Stretch
from services.audit.story.evidence import Evidence, UnknownEntityError
from services.audit.story.step import EntityKind
from services.audit.story.wording import COLON, NB, counted, instant, metres, number, ordinal

_OVER = frozenset({Standing.AGREED, Standing.DECLINED, Standing.CANCELLED})


@dataclass(frozen=True, slots=True)
class _Scene:
    """A need at one moment, with every availability that was eligible for it there."""

    moment: Moment
    need: NeedRecorded
    candidates: int
    ranks: dict[UUID, Rank]
    judgement: Judgement | None
    accepted: frozenset[UUID]
    kept: int

    @property
    def ranking(self) -> list[UUID]:
        """The eligible availabilities, best first."""
        return sorted(self.ranks, key=lambda id_: self.ranks[id_])

    @property
    def held(self) -> list[UUID]:
        """Those that stand proposed: accepted, or among the best that nobody has accepted."""
        free = [id_ for id_ in self.ranking if id_ not in self.accepted]
        kept = set(free[: self.kept])
        return [id_ for id_ in self.ranking if id_ in self.accepted or id_ in kept]

    def rival(self, id_: UUID | None) -> Rival | None:
        """An eligible availability with its rank."""
        rank = self.ranks.get(id_) if id_ else None
        if id_ is None or rank is None:
            return None
        score, distance, _ = rank
        return Rival(id_, -score, distance, self.ranking.index(id_) + 1)


def compare_with(archive: Archive, evidence: Evidence, other: UUID, *, judge: Judge) -> Comparison:
    """Why another availability was not proposed for the need of a story, or at which rank it was.

    The moment is that of the last word by which the story's pair, or the need's latest one, was proposed; for a need
    without any, its last version.

    Raises:
        InvalidInputError: what is explained is no proposal and no need, or `other` is the pair's own availability.
        UnknownEntityError: the archive has no such availability.
    """
    if evidence.kind not in {EntityKind.NEED, EntityKind.PROPOSAL}:
        raise InvalidInputError(
            "« --against » compare pour un besoin : il se dit d'une proposition ou d'un besoin.",
            remedy="Indiquer l'identifiant de la proposition ou du besoin.",
        )
    made = [each for each in evidence.heard if isinstance(each.event.data, ProposalMade)]
    chosen = None
    if evidence.kind is EntityKind.PROPOSAL:
        chosen = next(iter(evidence.staff), None)
        if chosen == other:
            raise InvalidInputError(
                "Cette disponibilité est celle de la proposition même.", remedy="En indiquer une autre."
            )
    versions = _versions(archive, other, evidence.until)
    moment = moment_of(made[-1].first) if made else _moment_of_need(evidence)
    scene = _scene(archive, moment, evidence, judge, also=(other, versions))
    return _told(scene, other, chosen, versions)


def _versions(archive: Archive, other: UUID, until: datetime | None) -> list[ArchivedEvent]:
    found = archive.events(subjects={other}, types=("availability.recorded",), until=until)
    versions = [
        each for each in found if each.event and isinstance(each.event.data, Posting) and each.event.data.id == other
    ]
    if not versions:
        raise UnknownEntityError(
            f"L'archive ne contient aucune disponibilité {other}.",
            remedy="Vérifier l'identifiant donné à « --against ».",
        )
    return versions


def _moment_of_need(evidence: Evidence) -> Moment:
    first = [each for heard in evidence.needs.values() for each in heard][-1].first
    territory = first.event.territory if first.event else None
    return Moment(first.epoch, first.partition, first.offset, first.at, territory or "")


def _scene(
    archive: Archive, moment: Moment, evidence: Evidence, judge: Judge, *, also: tuple[UUID, list[ArchivedEvent]]
) -> _Scene:
    other, versions = also
    need_id, heard = next(iter(evidence.needs.items()))
    occupations = {each.event.data.occupation for each in heard if isinstance(each.event.data, NeedRecorded)}
    ways = {person for occupation in occupations for person in links_to(occupation)}
    offers = archive.offers(Stretch(moment.epoch, moment.partition, moment.offset), moment.territory, ways)
    need, staff, told_over = _facts(archive, moment, need_id, offers.fitting | {other})
    around = Circumstances(archive)
    rules, today = around.rules(moment), around.day(moment)
    if need is None or rules is None:
        raise UnknownEntityError(
            "L'archive n'a plus ce que le moteur voyait à ce moment.", remedy="La période est peut-être purgée."
        )
    known = [each.event.data for each in versions if each.event and each.at <= moment.at]
    if other not in staff and known and isinstance(known[-1], AvailabilityRecorded):
        staff[other] = known[-1]
    standings = _standings(archive, moment, need_id)
    ranks: dict[UUID, Rank] = {}
    judgement = None
    for id_, offered in staff.items():
        pair = proposal_id(need_id, id_)
        is_over = pair in told_over or standings.get(pair) in _OVER
        setting = Setting(rules.rules_version, moment.territory, today, is_over)
        rank = judge.rank(need, offered, setting)
        if rank is not None:
            ranks[id_] = rank
        if id_ == other:
            judgement = judge.judge(need, offered, setting)
    accepted = frozenset(id_ for id_ in ranks if standings.get(proposal_id(need_id, id_)) is Standing.ACCEPTED)
    kept = kept_by(rules.rules_version, need.headcount_left) or 0
    return _Scene(moment, need, offers.known, ranks, judgement, accepted, kept)


def _facts(
    archive: Archive, moment: Moment, need_id: UUID, staff_ids: frozenset[UUID]
) -> tuple[NeedRecorded | None, dict[UUID, AvailabilityRecorded], set[UUID]]:
    """The need, the availabilities that may serve it, and the pairs that facts tell as agreed or cancelled."""
    need: NeedRecorded | None = None
    staff: dict[UUID, AvailabilityRecorded] = {}
    told_over: set[UUID] = set()
    for each in facts_then(archive, moment, ("availability.recorded", "need.recorded"), subjects=staff_ids | {need_id}):
        data = each.event.data if each.event else None
        if isinstance(data, AvailabilityRecorded):
            if data.id not in staff or staff[data.id].version < data.version:
                staff[data.id] = data
        elif isinstance(data, NeedRecorded) and data.id == need_id and (need is None or need.version < data.version):
            need = data
        if isinstance(data, Posting) and data.proposal_id is not None:
            told_over.add(data.proposal_id)
    return need, staff, told_over


def _standings(archive: Archive, moment: Moment, need_id: UUID) -> dict[UUID, Standing]:
    last: dict[UUID, DecisionRecorded] = {}
    for each in archive.events(
        topics={TopicName.FACTS},
        types=("decision.recorded",),
        subjects={need_id},
        epochs={moment.epoch},
        until=moment.at + SKEW,
    ):
        data = each.event.data if each.event and moment.holds(each) else None
        if isinstance(data, DecisionRecorded) and (data.id not in last or last[data.id].version < data.version):
            last[data.id] = data
    return {id_: data.standing for id_, data in last.items()}


def _told(scene: _Scene, other: UUID, chosen: UUID | None, versions: list[ArchivedEvent]) -> Comparison:
    judgement = scene.judgement
    failed = judgement.failed if judgement else None
    mine = scene.rival(other)
    if judgement is None:
        verdict = Verdict.UNKNOWN_THEN
    elif mine is None:
        verdict = Verdict.REFUSED
    else:
        verdict = Verdict.PROPOSED if other in scene.held else Verdict.OUTRANKED
    free = [id_ for id_ in scene.held if id_ not in scene.accepted]
    last = scene.rival(free[-1]) if free else None
    match verdict:
        case Verdict.UNKNOWN_THEN:
            sentence = (
                f"À ce moment ({instant(scene.moment.at)}), cette disponibilité n’était pas publiée"
                f"{COLON}elle l’a été le {instant(versions[0].at)}."
            )
        case Verdict.REFUSED:
            assert failed is not None  # noqa: S101 - what is not eligible fails a rule
            sentence = f"Écartée par la règle «{NB}{LABELS[failed.rule]}{NB}»{COLON}{check_text(failed)}."
        case _:
            sentence = _ranked(scene, verdict, mine, last, chosen)
    return Comparison(
        need_id=scene.need.id,
        other_id=other,
        at=scene.moment.at,
        epoch=scene.moment.epoch,
        offset=scene.moment.offset,
        verdict=verdict,
        sentence=sentence,
        checks=checks_shown(judgement.checks) if judgement else (),
        first_failed=failed.rule if failed else None,
        rank=mine.rank if mine else None,
        candidates=scene.candidates,
        eligible=len(scene.ranking),
        kept=scene.kept,
        chosen=scene.rival(chosen),
        other=mine,
        last_kept=last,
    )


def _ranked(scene: _Scene, verdict: Verdict, mine: Rival | None, last: Rival | None, chosen: UUID | None) -> str:
    assert mine is not None  # noqa: S101 - only what is eligible has a rank
    eligible = counted(len(scene.ranking), "disponibilité éligible", "disponibilités éligibles")
    text = f"{ordinal(mine.rank)} sur {eligible} (score {mine.score}, {metres(mine.metres)})"
    rival = scene.rival(chosen)
    if verdict is Verdict.PROPOSED:
        text = f"Proposée elle aussi{COLON}{text}."
    else:
        text = f"Éligible, mais {text}{COLON}le besoin n’en gardait que {number(scene.kept)}."
        if last:
            text += f" La dernière gardée avait un score de {last.score}, à {metres(last.metres)}."
    if rival:
        text += f" La proposition expliquée était {ordinal(rival.rank)} (score {rival.score}, {metres(rival.metres)})."
    return text
