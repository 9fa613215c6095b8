"""What the page of preferences shows, and what its form says: one choice for each kind of news and channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from schemas.deliveries import Channel, MessageKind
from schemas.preferences import Every, Pace, Preferences
from services.registry.domain import checks
from services.registry.domain.choices import has_ended_alerts
from services.registry.domain.contact import Contact
from services.registry.links import Addressee
from services.registry.web.ending import Kept, kept
from services.registry.web.french import NB

SMS_ASKED: Final = "sms"
"""The field by which a contact asks for text messages."""


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of news: what it is called by email and by text message, and how it is put to the reader."""

    email: MessageKind
    sms: MessageKind
    title: str
    hint: str


ENDED: Final = "Rien à faire. Si vous aviez accepté, le prochain récapitulatif vous le dit au plus tard."

QUESTIONS: Final = (
    Question(
        MessageKind.PROPOSED, MessageKind.PROPOSED, "Une nouvelle proposition", "Une réponse est attendue de vous."
    ),
    Question(
        MessageKind.ACCEPTED, MessageKind.ACCEPTED, "L'autre entreprise accepte", "Il ne manque que votre réponse."
    ),
    Question(
        MessageKind.REMINDED,
        MessageKind.REMINDED_AGAIN,
        "Une réponse tarde",
        "Un rappel par e-mail, puis un autre par SMS si vous en demandez.",
    ),
    Question(
        MessageKind.AGREED,
        MessageKind.AGREED,
        "Un accord est conclu",
        "Avec les coordonnées de vos interlocuteurs.",
    ),
    Question(
        MessageKind.CANCELLED,
        MessageKind.CANCELLED,
        "Un accord est annulé",
        "Votre besoin, ou vos équipes, sont de nouveau proposés.",
    ),
    Question(MessageKind.DECLINED, MessageKind.DECLINED, "L'autre entreprise décline", ENDED),
    Question(MessageKind.WITHDRAWN, MessageKind.WITHDRAWN, "Une proposition est retirée", ENDED),
)
"""In the order in which they call for the reader."""

EMAIL_PACES: Final = ((Pace.AT_ONCE, "Tout de suite"), (Pace.DIGEST, "Récapitulatif"), (Pace.NEVER, "Jamais"))
SMS_PACES: Final = ((Pace.AT_ONCE, "Tout de suite"), (Pace.NEVER, "Jamais"))
WEEKDAYS: Final = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
HOURS: Final = tuple((hour, f"{hour}{NB}h") for hour in range(24))


@dataclass(frozen=True, slots=True)
class Answer:
    """A question, with the pace chosen for each channel."""

    question: Question
    email: Pace
    sms: Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesPage:
    """The page, ready for its template.

    Attributes:
        mobile: the number to which text messages go, but for its middle; none where no mobile is known.
        sms: whether they are asked for.
        ended: no alert comes by email any more; `kept`: what is sent all the same.
        lost: where messages did not arrive, in words: nothing leaves for there until somebody mends it.
    """

    name: str
    company: str
    email: str
    answers: Sequence[Answer]
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
    kept: Kept
    lost: Sequence[str]


def page_of(addressee: Addressee) -> PreferencesPage:
    """The page for the contact that a link stands for."""
    contact = addressee.contact
    preferences, digest = contact.preferences, contact.preferences.digest
    mobile = contact.phone if contact.phone and checks.is_mobile(contact.phone) else None
    asks = wants_sms(contact)
    # Who asks for none has none of any kind; asking for them begins with what is usual.
    sms = preferences if asks else Preferences()
    return PreferencesPage(
        name=contact.name,
        company=addressee.company_name,
        email=contact.email,
        answers=[Answer(each, preferences.pace(each.email, Channel.EMAIL), _sms_pace(sms, each)) for each in QUESTIONS],
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
        kept=kept(preferences),
        lost=_lost(contact, mobile=mobile is not None),
    )


def draft_of(fields: Mapping[str, str]) -> dict[str, Any]:
    """What the form says, as a draft of preferences still to be checked.

    Who asks for no text message has none of any kind: so they stay away, should the company's list say otherwise. Who
    asks for them again has what is usual, since the page lets nobody choose among none.

    Raises:
        ValueError: a figure that is none.
    """
    asked = fields.get(SMS_ASKED) == "yes"
    kinds = [each.sms.value for each in QUESTIONS]
    return {
        "email": {each.email.value: fields.get(f"email-{each.email}") for each in QUESTIONS},
        "sms": {kind: pace for kind in kinds if (pace := fields.get(f"sms-{kind}") if asked else Pace.NEVER.value)},
        "digest": {
            "every": fields.get("every"),
            "weekday": int(fields.get("weekday", "")),
            "hour": int(fields.get("hour", "")),
        },
    }


def wants_sms(contact: Contact) -> bool:
    """Whether this contact asks for text messages, of one kind at least."""
    return contact.sms and any(_sms_pace(contact.preferences, each) is Pace.AT_ONCE for each in QUESTIONS)


def _sms_pace(preferences: Preferences, question: Question) -> Pace:
    return Pace.AT_ONCE if preferences.pace(question.sms, Channel.SMS) is Pace.AT_ONCE else Pace.NEVER


def _lost(contact: Contact, *, mobile: bool) -> list[str]:
    places = ((Channel.EMAIL, "cette adresse e-mail", True), (Channel.SMS, "ce mobile", mobile))
    return [said for channel, said, shown in places if shown and channel in contact.unreachable]


def _masked(e164: str) -> str:
    """Enough to recognise one's own number, for somebody else who got hold of the link not to read it."""
    return f"{e164[:4]}{NB}••{NB}••{NB}••{NB}{e164[-2:]}"
