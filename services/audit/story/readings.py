"""Who saw a proposal; and what later versions of the platform say of it that this report has no words for."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from schemas.decisions import DecisionRecorded, Outcome
from schemas.deliveries import AlertDecided, DeliveryRecorded
from schemas.facts import CompanyRecorded, Posting
from schemas.proposals import Pair
from schemas.readings import ProposalSeen, SeenBy
from schemas.vocabulary import Party
from services.audit.story.evidence import Evidence
from services.audit.story.step import Line, Step, StepKind
from services.audit.story.wording import COLON, PARTIES, company, instant

_SHOWN_BY = {
    SeenBy.PAGE: "La page était à l’écran, et une main la parcourait.",
    SeenBy.ANSWER: "La réponse a été donnée depuis la page.",
}
_TOLD = Pair | Outcome | DecisionRecorded | DeliveryRecorded | AlertDecided | Posting | CompanyRecorded | ProposalSeen
"""What has a step of its own kind."""


def reading_steps(evidence: Evidence) -> Iterator[Step]:
    """One step for each contact that saw the page of a proposal, when it first did."""
    for each in evidence.heard:
        data = each.event.data
        if isinstance(data, ProposalSeen):
            firm = evidence.company(
                data.borrower_id if data.party is Party.BORROWER else data.lender_id, each.event.time
            )
            lines = [
                Line("Qui", f"{PARTIES[data.party]}{COLON}{company(firm)}" if firm else PARTIES[data.party]),
                Line("Contact", str(data.contact_id)),
            ]
            title = f"{PARTIES[data.party][0].upper()}{PARTIES[data.party][1:]} voit la proposition"
            yield Step(
                time=each.event.time,
                kind=StepKind.READING,
                title=title,
                text=_SHOWN_BY[data.seen_by],
                event_id=each.event.id,
                type=each.event.type,
                places=each.places,
                lines=tuple(lines),
                proposal_id=data.id,
            )


def seen_line(evidence: Evidence) -> list[Line]:
    """Who saw the proposals of a story first, and when; or that nobody is known to have."""
    first: dict[tuple[UUID, Party], Line] = {}
    for each in evidence.heard:
        data = each.event.data
        if isinstance(data, ProposalSeen):
            first.setdefault(
                (data.id, data.party), Line("Vue", f"{PARTIES[data.party]}, le {instant(each.event.time)}")
            )
    return list(first.values()) or [Line("Vue", "par personne, à la connaissance du journal")]


def other_steps(evidence: Evidence) -> Iterator[Step]:
    """What no other step tells: the event as it is, field by field."""
    for each in evidence.heard:
        if not isinstance(each.event.data, _TOLD):
            fields = each.event.data.model_dump(mode="json")
            yield Step(
                time=each.event.time,
                kind=StepKind.LOG,
                title=f"Autre événement{COLON}{each.event.type}",
                text="Ce rapport n’a pas de phrase pour ce type ; ses champs sont ceux du journal.",
                event_id=each.event.id,
                type=each.event.type,
                places=each.places,
                lines=tuple(Line(name, str(value)) for name, value in fields.items() if value is not None),
            )
