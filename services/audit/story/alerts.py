"""Why somebody was not told at once: the decisions of the alerts' policy that are no message yet, or never one."""

from __future__ import annotations

from collections.abc import Iterator

from passerelles.reference.alert_reasons import VERDICTS, alert_reason
from schemas.deliveries import AlertDecided, AlertVerdict
from services.audit.story.evidence import Evidence
from services.audit.story.step import Line, Step, StepKind
from services.audit.story.wording import CHANNELS, COLON, KINDS, PARTIES, company, instant


def alert_steps(evidence: Evidence) -> Iterator[Step]:
    """One step for each decision but those to tell at once, which the message itself shows."""
    for each in evidence.heard:
        data = each.event.data
        if not isinstance(data, AlertDecided) or data.verdict is AlertVerdict.SENT:
            continue
        firm = evidence.company(data.company_id, data.at)
        lines = [
            Line("À qui", f"{PARTIES[data.party]}{COLON}{company(firm)}" if firm else PARTIES[data.party]),
            Line("Contact", str(data.contact_id) if data.contact_id else "personne"),
            Line("Règle", data.rule.value),
            Line("Envoi", str(data.id)),
        ]
        if data.until is not None:
            lines.insert(3, Line("Jusqu’à", instant(data.until)))
        channel = CHANNELS[data.channel]
        yield Step(
            time=data.at,
            kind=StepKind.MESSAGE,
            title=f"{channel[0].upper()}{channel[1:]} à {PARTIES[data.party]}{COLON}{VERDICTS[data.verdict]}",
            text=f"Il se serait agi d’annoncer {KINDS[data.kind]}. {alert_reason(data.verdict, data.rule)}",
            event_id=each.event.id,
            type=each.event.type,
            places=each.places,
            lines=tuple(lines),
            proposal_id=data.proposal_id,
        )
