"""Explains one entity: its story in order, its pairs with their reasons, and why not another."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from schemas.deliveries import DeliveryRecorded
from services.audit.explain.story import Story
from services.audit.pairs.against import compare_with
from services.audit.pairs.cards import pairs_shown
from services.audit.pairs.judging import Judge
from services.audit.pairs.shown import PairShown
from services.audit.reading.port import Archive
from services.audit.story.evidence import Evidence, gather
from services.audit.story.postings import posting_lines, who
from services.audit.story.readings import seen_line
from services.audit.story.step import EntityKind, Line, Step
from services.audit.story.steps import steps
from services.audit.story.wording import CHANNELS, COLON, DELIVERY_STATES, KINDS, PARTIES, counted, instant

TITLES: Final = {
    EntityKind.PROPOSAL: "Histoire d’une proposition",
    EntityKind.NEED: "Histoire d’un besoin",
    EntityKind.AVAILABILITY: "Histoire d’une disponibilité",
    EntityKind.DELIVERY: "Histoire d’un envoi",
}


def explain(
    archive: Archive,
    id_: UUID,
    *,
    judge: Judge,
    against: UUID | None = None,
    at: datetime | None = None,
) -> Story:
    """The whole story of a proposal, a need, an availability, a delivery or a message.

    Args:
        archive: what is read.
        id_: what is explained.
        judge: matching's rules.
        against: an availability to compare with those that were proposed.
        at: only what the broker had appended by then.

    Raises:
        UnknownEntityError: one of the identifiers is not in the archive, or names something else.
        InvalidInputError: the comparison makes no sense for what is explained.
        PasserellesError: the archive cannot be read, or this build has not the rules of that time.
    """
    evidence = gather(archive, id_, at=at)
    pairs = pairs_shown(archive, evidence)
    comparison = compare_with(archive, evidence, against, judge=judge) if against else None
    told = steps(evidence)
    return Story(
        kind=evidence.kind,
        id=id_,
        title=TITLES[evidence.kind],
        at=at,
        summary=_summary(evidence, pairs, told),
        steps=told,
        pairs=pairs,
        comparison=comparison,
        notes=_notes(at),
    )


def _summary(evidence: Evidence, pairs: tuple[PairShown, ...], told: tuple[Step, ...]) -> tuple[Line, ...]:
    lines: list[Line] = []
    match evidence.kind:
        case EntityKind.NEED:
            need = evidence.need(evidence.id)
            if need:
                lines.append(Line("Entreprise", who(need, evidence.company(need.company_id, _end(told)))))
                lines.extend(posting_lines(need)[:4])
        case EntityKind.AVAILABILITY:
            staff = evidence.availability(evidence.id)
            if staff:
                lines.append(Line("Entreprise", who(staff, evidence.company(staff.company_id, _end(told)))))
                lines.extend(posting_lines(staff)[:4])
        case EntityKind.DELIVERY:
            lines.extend(_delivery(evidence))
        case _:
            lines.extend(_sides(evidence, pairs, told))
    if evidence.kind in {EntityKind.NEED, EntityKind.AVAILABILITY}:
        going_on = sum(pair.status.startswith(("ouverte", "acceptée")) for pair in pairs)
        agreed = sum(pair.status.startswith("accord conclu") for pair in pairs)
        text = f"{counted(len(pairs), 'en tout', 'en tout')}, dont {going_on} en cours et {agreed} conclues"
        lines.append(Line("Propositions", text))
    if told:
        lines.append(Line("Du", instant(told[0].time)))
        lines.append(Line("Au", instant(told[-1].time)))
    return tuple(lines)


def _sides(evidence: Evidence, pairs: tuple[PairShown, ...], told: tuple[Step, ...]) -> list[Line]:
    lines = []
    for pair in pairs[:1]:
        lines.append(Line("État", pair.status))
        lines.append(Line("Score", f"{pair.score} sur 100"))
    lines.extend(seen_line(evidence))
    for held, label in ((evidence.needs, "Entreprise d’accueil"), (evidence.staff, "Entreprise d’origine")):
        for id_ in held:
            posting = evidence.need(id_) or evidence.availability(id_)
            if posting:
                lines.append(Line(label, who(posting, evidence.company(posting.company_id, _end(told)))))
    return lines


def _delivery(evidence: Evidence) -> list[Line]:
    datas = [each.event.data for each in evidence.heard if isinstance(each.event.data, DeliveryRecorded)]
    last = max(datas, key=lambda data: data.version)
    count = len({data.proposal_id for data in datas})
    kinds = sorted({KINDS[data.kind] for data in datas})
    return [
        Line("Canal", CHANNELS[last.channel]),
        Line("Destinataire", f"{PARTIES[last.party]}, contact {last.contact_id}"),
        Line("Résultat", DELIVERY_STATES[last.state]),
        Line("Annonçait", f"{', '.join(kinds)}{COLON}{counted(count, 'proposition', 'propositions')}"),
    ]


def _end(told: tuple[Step, ...]) -> datetime:
    return told[-1].time if told else datetime.max.replace(tzinfo=UTC)


_NOTES: Final = (
    "Les heures sont celles de Paris. Ce que dit le moteur porte l’heure du fait qui l’a causé.",
    (
        f"Aucun nom, titre, e-mail ni téléphone ne figure dans le journal{COLON}les entreprises y sont désignées par "
        "leur SIREN, leur branche et leur commune, les contacts par un identifiant."
    ),
    (
        "Une proposition est dite vue, une fois par contact, quand sa page est à l’écran et qu’une main la parcourt, "
        "ou par une réponse. L’ouverture d’un message n’est pas enregistrée, ni la lecture par un logiciel (API) ; "
        f"sans JavaScript, seule la réponse montre que la page a été vue{COLON}« non vue » ne prouve rien."
    ),
)


def _notes(at: datetime | None) -> tuple[str, ...]:
    if at is None:
        return _NOTES
    return (f"État du journal au {instant(at)}{COLON}ce qui y a été écrit ensuite n’est pas raconté.", *_NOTES)
