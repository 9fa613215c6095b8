"""What the page of preferences shows, and what its form says: one choice for each kind of news and channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from schemas.deliveries import Channel, MessageKind
from schemas.preferences import Every, Pace, Preferences
from services.registry.domain import checks
from services.registry.domain.choices import has_ended_alerts
from services.registry.domain.company import Contact
from services.registry.links import Addressee
from services.registry.web.french import NB

SMS_ASKED: Final = "sms"
"""The field by which a contact asks for text messages."""

KINDS: Final[tuple[tuple[MessageKind, str, str], ...]] = (
    (MessageKind.PROPOSED, "Une nouvelle proposition", "Une réponse est attendue de vous."),
    (MessageKind.ACCEPTED, "L'autre entreprise accepte", "Il ne manque que votre réponse."),
    (MessageKind.AGREED, "Un accord est conclu", "Avec les coordonnées de vos interlocuteurs."),
    (MessageKind.CANCELLED, "Un accord est annulé", "Votre besoin, ou vos équipes, sont de nouveau proposés."),
    (MessageKind.DECLINED, "L'autre entreprise décline", "Rien à faire."),
    (MessageKind.WITHDRAWN, "Une proposition est retirée", "Rien à faire."),
)
"""In the order in which they call for the reader."""

EMAIL_PACES: Final = ((Pace.AT_ONCE, "Tout de suite"), (Pace.DIGEST, "Récapitulatif"), (Pace.NEVER, "Jamais"))
SMS_PACES: Final = ((Pace.AT_ONCE, "Tout de suite"), (Pace.NEVER, "Jamais"))
WEEKDAYS: Final = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
HOURS: Final = tuple((hour, f"{hour}{NB}h") for hour in range(24))


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of news, with the pace chosen for each channel."""

    kind: MessageKind
    title: str
    hint: str
    email: Pace
    sms: Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesPage:
    """The page, ready for its template.

    Attributes:
        mobile: the number to which text messages go, but for its middle; none where no mobile is known.
        sms: whether they are asked for.
    """

    name: str
    company: str
    email: str
    questions: Sequence[Question]
    email_paces: Sequence[tuple[Pace, str]]
    sms_paces: Sequence[tuple[Pace, str]]
    every: Every
    weekday: int
    weekdays: Sequence[str]
    hour: int
    hours: Sequence[tuple[int, str]]
    mobile: str | None
    sms: bool
    ended: bool


def page_of(addressee: Addressee) -> PreferencesPage:
    """The page for the contact that a link stands for."""
    contact = addressee.contact
    preferences, digest = contact.preferences, contact.preferences.digest
    mobile = contact.phone if contact.phone and checks.is_mobile(contact.phone) else None
    asks = _wants_sms(contact)
    # Who asks for none has none of any kind; asking for them begins with what is usual.
    sms = preferences if asks else Preferences()
    return PreferencesPage(
        name=contact.name,
        company=addressee.company_name,
        email=contact.email,
        questions=[
            Question(kind, title, hint, preferences.pace(kind, Channel.EMAIL), _sms_pace(sms, kind))
            for kind, title, hint in KINDS
        ],
        email_paces=EMAIL_PACES,
        sms_paces=SMS_PACES,
        every=digest.every,
        weekday=digest.weekday,
        weekdays=WEEKDAYS,
        hour=digest.hour,
        hours=HOURS,
        mobile=_masked(mobile) if mobile else None,
        sms=asks,
        ended=has_ended_alerts(preferences),
    )


def draft_of(fields: Mapping[str, str]) -> dict[str, Any]:
    """What the form says, as a draft of preferences still to be checked.

    Who asks for no text message has none of any kind: so they stay away, should the company's list say otherwise.

    Raises:
        ValueError: a figure that is none.
    """
    asked = fields.get(SMS_ASKED) == "yes"
    return {
        "email": {kind.value: fields.get(f"email-{kind}") for kind, _, _ in KINDS},
        "sms": {
            kind.value: fields.get(f"sms-{kind}", Pace.NEVER.value) if asked else Pace.NEVER.value
            for kind, _, _ in KINDS
        },
        "digest": {
            "every": fields.get("every"),
            "weekday": int(fields.get("weekday", "")),
            "hour": int(fields.get("hour", "")),
        },
    }


def _sms_pace(preferences: Preferences, kind: MessageKind) -> Pace:
    return Pace.AT_ONCE if preferences.pace(kind, Channel.SMS) is Pace.AT_ONCE else Pace.NEVER


def _wants_sms(contact: Contact) -> bool:
    kinds = [kind for kind, _, _ in KINDS]
    return contact.sms and any(_sms_pace(contact.preferences, kind) is Pace.AT_ONCE for kind in kinds)


def _masked(e164: str) -> str:
    """Enough to recognise one's own number, for somebody else who got hold of the link not to read it."""
    return f"{e164[:4]}{NB}••{NB}••{NB}••{NB}{e164[-2:]}"
