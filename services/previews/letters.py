"""Every message that a contact may get, written as notifications writes it from what the registry tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from schemas.decisions import Outcome, ProposalAccepted, ProposalAgreed, ProposalCancelled, ProposalDeclined
from schemas.deliveries import Channel, MessageKind
from schemas.preferences import NEVER_BY
from schemas.vocabulary import DeclineReason, Party
from services.notifications.audience import coordinator_of
from services.notifications.contacts import Briefing, Contact
from services.notifications.letter import Letter, Part, compose_parts
from services.notifications.pairs import KnownPair, after
from services.notifications.policy import other
from services.notifications.rendering import Rendered, Renderer
from services.previews.scene import NOW, TITLE, Posted, Scene, State
from services.registry.briefings import BriefingItem, BriefingRequest

KINDS: Final = {
    MessageKind.PROPOSED: "Proposition",
    MessageKind.ACCEPTED: "L’autre entreprise accepte",
    MessageKind.REMINDED: "Rappel par e-mail",
    MessageKind.REMINDED_AGAIN: "Rappel par SMS",
    MessageKind.ESCALATED: "Sans réponse, au coordinateur",
    MessageKind.AGREED: "Accord conclu",
    MessageKind.CANCELLED: "Accord annulé",
    MessageKind.DECLINED: "Proposition déclinée",
    MessageKind.WITHDRAWN: "Proposition retirée",
}
PARTIES: Final = {Party.BORROWER: "entreprise d’accueil", Party.LENDER: "entreprise d’origine"}
_OUTCOMES: Final[dict[MessageKind, type[Outcome]]] = {
    MessageKind.ACCEPTED: ProposalAccepted,
    MessageKind.AGREED: ProposalAgreed,
    MessageKind.DECLINED: ProposalDeclined,
    MessageKind.CANCELLED: ProposalCancelled,
}
LONG_WORD: Final = "Conducteur‑régleur" + "x" * 170
MARKUP: Final = "<b>Conducteur</b> \"de ligne\" & <script>alert('nuit')</script>"


@dataclass(frozen=True, slots=True)
class Message:
    """One message, by the channels that it travels by."""

    slug: str
    title: str
    email: Rendered | None
    sms: Rendered | None


class Letters:
    """Writes them, once the scene is set."""

    def __init__(self, scene: Scene, agreed: Posted) -> None:
        self._scene = scene
        self._agreed = agreed
        self._renderer = Renderer()

    async def every(self) -> list[Message]:
        """Each kind for each party, then what gathers several, then names that are hard to lay out."""
        open_ = await self._scene.post("letter")
        messages = [
            await self._one(kind, party, self._agreed if kind is MessageKind.AGREED else open_)
            for kind in KINDS
            for party in Party
        ]
        gathered = [(await self._scene.post(f"digest-{kind}", title=title), kind) for kind, title in _DIGEST.items()]
        digest = await self._letter(gathered, Party.BORROWER, digest=True)
        # A text message has no digest.
        messages.append(replace(self._message("digest", "Récapitulatif", digest), sms=None))
        cohort = [await self._scene.post(f"cohort-{number}", headcount=1 + number % 4) for number in range(40)]
        many = await self._letter([(posted, MessageKind.PROPOSED) for posted in cohort], Party.LENDER)
        messages.append(self._message("cohort", "Quarante propositions d’un coup", many))
        for slug, said, title in (
            ("long", "Un intitulé sans espace", LONG_WORD),
            ("markup", "Un intitulé plein de balises", MARKUP),
        ):
            posted = await self._scene.post(f"letter-{slug}", title=title)
            hard = await self._letter([(posted, MessageKind.PROPOSED)], Party.BORROWER)
            messages.append(self._message(slug, said, hard))
        return messages

    async def unreached(self, posted: Posted, party: Party) -> Message:
        """What the coordinator is told of a company once nothing reaches it any more."""
        kind = MessageKind.ESCALATED
        letter = await self._letter([(posted, kind)], party)
        return self._message("escalated-lost", "Messages qui n’arrivent plus, au coordinateur", letter, kind)

    async def about(self, posted: Posted, party: Party) -> Rendered:
        """The email that proposes this pair."""
        return self._renderer.email(await self._letter([(posted, MessageKind.PROPOSED)], party))

    async def _one(self, kind: MessageKind, party: Party, posted: Posted) -> Message:
        letter = await self._letter([(posted, kind)], party)
        return self._message(f"{kind}-{party}", f"{KINDS[kind]}, {PARTIES[party]}", letter, kind)

    def _message(self, slug: str, title: str, letter: Letter, kind: MessageKind = MessageKind.PROPOSED) -> Message:
        return Message(
            slug,
            title,
            email=None if kind in NEVER_BY[Channel.EMAIL] else self._renderer.email(letter),
            sms=None if kind in NEVER_BY[Channel.SMS] else self._renderer.sms(letter),
        )

    async def _letter(
        self, told: Sequence[tuple[Posted, MessageKind]], party: Party, *, digest: bool = False
    ) -> Letter:
        company = self._scene.borrower if party is Party.BORROWER else self._scene.lender
        asked = {
            posted.proposal_id: BriefingItem(
                proposal_id=posted.proposal_id, need_id=posted.need.id, availability_id=posted.staff.id
            )
            for posted, _ in told
        }
        request = BriefingRequest(company_id=company.id, party=party, items=list(asked.values()))
        answer = await self._scene.registry.briefings.brief(request)
        briefing = Briefing.model_validate_json(answer.model_dump_json())
        items = [(self._pair(posted, kind, party), kind) for posted, kind in told]
        reader: Contact | None = briefing.contacts[0]
        if any(kind is MessageKind.ESCALATED for _, kind in told):
            reader = coordinator_of(briefing)
        if reader is None:
            msg = "the scene has no coordinator"
            raise LookupError(msg)
        return compose_parts([Part(party, briefing, items)], reader, digest=digest)

    def _pair(self, posted: Posted, kind: MessageKind, party: Party) -> KnownPair:
        """What notifications would know of the pair, when it tells this kind to this party."""
        pair = after(None, posted.made, NOW)
        if kind is MessageKind.WITHDRAWN:
            return after(pair, self._scene.withdrawn(posted), NOW)
        if kind not in _OUTCOMES:
            return pair
        ended = kind in {MessageKind.DECLINED, MessageKind.CANCELLED}
        ids = posted.made.model_dump(include={"id", "need_id", "availability_id", "borrower_id", "lender_id"})
        outcome = _OUTCOMES[kind](
            **ids,
            version=1,
            by=other(party),
            reason=DeclineReason.DISTANCE if ended else None,
            headcount=2 if kind is MessageKind.AGREED else None,
        )
        return after(pair, outcome, NOW)


_DIGEST: Final = {
    MessageKind.PROPOSED: TITLE,
    MessageKind.REMINDED: "Technicien de maintenance",
    MessageKind.DECLINED: "Agent de fabrication",
    MessageKind.WITHDRAWN: "Cariste en réception",
}
"""What waits for a digest, each of a need of its own."""
AGREED: Final[State] = "agreed"
