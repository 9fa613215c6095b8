"""The messages of a story: to whom, by which channel, when, and with which result."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from schemas.deliveries import DeliveryRecorded, DeliveryState
from services.audit.story.evidence import Evidence, Heard
from services.audit.story.step import Line, Step, StepKind
from services.audit.story.wording import (
    CHANNELS,
    COLON,
    DELIVERY_STATES,
    KINDS,
    PARTIES,
    channel_word,
    company,
    instant,
)


def message_steps(evidence: Evidence) -> Iterator[Step]:
    """One step for each delivery and kind, at its last state, with the way there."""
    groups: dict[tuple[UUID, str], list[Heard]] = {}
    for each in evidence.heard:
        data = each.event.data
        if isinstance(data, DeliveryRecorded):
            groups.setdefault((data.id, data.kind), []).append(each)
    for group in groups.values():
        datas = [each.event.data for each in group if isinstance(each.event.data, DeliveryRecorded)]
        last = max(datas, key=lambda data: data.version)
        firm = evidence.company(last.company_id, last.at)
        end = next(each for each in group if each.event.data == last)
        told = {data.proposal_id for data in datas}
        way = {(data.state, data.at): data for data in sorted(datas, key=lambda data: data.version)}
        states = [f"{DELIVERY_STATES[state]} ({instant(at)})" for state, at in way]
        lines = [
            Line("À qui", f"{PARTIES[last.party]}{COLON}{company(firm)}" if firm else PARTIES[last.party]),
            Line("Contact", str(last.contact_id)),
            Line("Résultat", _result(last)),
            Line("Essais", str(last.attempts)),
            Line("Parcours", " → ".join(states)),
            Line("Envoi", str(last.id)),
        ]
        if len(told) > 1:
            lines.append(Line("Propositions", f"{len(told)} dans le même message"))
        text = f"Ce message annonçait {KINDS[last.kind]}."
        title = f"{CHANNELS[last.channel][0].upper()}{CHANNELS[last.channel][1:]} à {PARTIES[last.party]}"
        yield Step(
            time=last.at,
            kind=StepKind.MESSAGE,
            title=f"{title}{COLON}{DELIVERY_STATES[last.state].partition(',')[0]}",
            text=text,
            event_id=end.event.id,
            type=end.event.type,
            places=tuple(place for each in group for place in each.places),
            lines=tuple(lines),
            proposal_id=last.proposal_id if len(told) == 1 else None,
        )


def _result(data: DeliveryRecorded) -> str:
    state = DELIVERY_STATES[data.state]
    ended = data.state in {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.DROPPED}
    return f"{state} — {channel_word(data.code)}" if ended and data.code else state
