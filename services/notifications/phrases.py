"""The sentences of each kind of message for each party: subjects, titles, what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas.deliveries import MessageKind
from schemas.vocabulary import Party
from services.notifications.contacts import ItemBriefing
from services.notifications.wording import NBSP, counted, number, plain, quoted


@dataclass(frozen=True, slots=True)
class Phrases:
    """The words around the proposals of one section.

    Attributes:
        title: above one of them; `titles` above several.
        lead: what happened and what is expected of the reader.
        action: the words on the link to the page.
        text: how a text message begins, for one proposal; `texts` for several, after their number.
    """

    title: str
    titles: str
    lead: str
    action: str
    text: str
    texts: str


_ANSWER: Final = "Voir et répondre"
_SEE: Final = "Voir la proposition"
_BORROWER, _LENDER = Party.BORROWER, Party.LENDER

PHRASES: Final[dict[tuple[MessageKind, Party], Phrases]] = {
    (MessageKind.PROPOSED, _BORROWER): Phrases(
        "Un profil pour votre besoin",
        "Des profils pour votre besoin",
        "Près de chez vous, des personnes disponibles correspondent à votre recherche. "
        "Vous pouvez accepter ou décliner chaque proposition sans attendre.",
        _ANSWER,
        "un profil pour votre besoin",
        "profils pour votre besoin",
    ),
    (MessageKind.PROPOSED, _LENDER): Phrases(
        "Un besoin pour votre équipe",
        "Des besoins pour vos équipes",
        "Près de chez vous, on recherche des personnes qui ont le profil des vôtres. "
        "Vous pouvez accepter ou décliner chaque proposition sans attendre.",
        _ANSWER,
        "un besoin pour votre équipe",
        "besoins pour vos équipes",
    ),
    (MessageKind.ACCEPTED, _BORROWER): Phrases(
        "L’entreprise d’origine accepte",
        "L’entreprise d’origine accepte",
        f"Il ne manque que votre réponse{NBSP}: si vous acceptez à votre tour, vos coordonnées sont échangées.",
        _ANSWER,
        "l’entreprise d’origine accepte, votre réponse est attendue",
        "propositions acceptées par l’entreprise d’origine, vos réponses sont attendues",
    ),
    (MessageKind.ACCEPTED, _LENDER): Phrases(
        "L’entreprise d’accueil accepte",
        "L’entreprise d’accueil accepte",
        f"Il ne manque que votre réponse{NBSP}: si vous acceptez à votre tour, vos coordonnées sont échangées.",
        _ANSWER,
        "l’entreprise d’accueil accepte, votre réponse est attendue",
        "propositions acceptées par l’entreprise d’accueil, vos réponses sont attendues",
    ),
    (MessageKind.AGREED, _BORROWER): Phrases(
        "Accord conclu",
        "Accords conclus",
        "Les deux entreprises ont accepté. Voici vos interlocuteurs pour préparer l’arrivée des personnes.",
        "Voir l’accord",
        "accord conclu, vos interlocuteurs",
        "accords conclus, vos interlocuteurs",
    ),
    (MessageKind.AGREED, _LENDER): Phrases(
        "Accord conclu",
        "Accords conclus",
        "Les deux entreprises ont accepté. Voici vos interlocuteurs pour préparer le départ des personnes.",
        "Voir l’accord",
        "accord conclu, vos interlocuteurs",
        "accords conclus, vos interlocuteurs",
    ),
    (MessageKind.DECLINED, _BORROWER): Phrases(
        "Proposition déclinée",
        "Propositions déclinées",
        "L’entreprise d’origine ne donne pas suite. Votre besoin reste ouvert aux autres profils.",
        _SEE,
        "proposition déclinée par l’entreprise d’origine",
        "propositions déclinées par l’entreprise d’origine",
    ),
    (MessageKind.DECLINED, _LENDER): Phrases(
        "Proposition déclinée",
        "Propositions déclinées",
        "L’entreprise d’accueil ne donne pas suite. Votre disponibilité reste ouverte aux autres besoins.",
        _SEE,
        "proposition déclinée par l’entreprise d’accueil",
        "propositions déclinées par l’entreprise d’accueil",
    ),
    (MessageKind.CANCELLED, _BORROWER): Phrases(
        "Accord annulé",
        "Accords annulés",
        "L’entreprise d’origine annule l’accord. Les postes concernés sont de nouveau à pourvoir.",
        _SEE,
        "accord annulé par l’entreprise d’origine",
        "accords annulés par l’entreprise d’origine",
    ),
    (MessageKind.CANCELLED, _LENDER): Phrases(
        "Accord annulé",
        "Accords annulés",
        "L’entreprise d’accueil annule l’accord. Les personnes concernées sont de nouveau disponibles.",
        _SEE,
        "accord annulé par l’entreprise d’accueil",
        "accords annulés par l’entreprise d’accueil",
    ),
    (MessageKind.WITHDRAWN, _BORROWER): Phrases(
        "Proposition retirée",
        "Propositions retirées",
        "Ce qui vous avait été proposé n’est plus d’actualité. Vous n’avez rien à faire.",
        _SEE,
        "proposition retirée, rien à faire",
        "propositions retirées, rien à faire",
    ),
    (MessageKind.WITHDRAWN, _LENDER): Phrases(
        "Proposition retirée",
        "Propositions retirées",
        "Ce qui vous avait été proposé n’est plus d’actualité. Vous n’avez rien à faire.",
        _SEE,
        "proposition retirée, rien à faire",
        "propositions retirées, rien à faire",
    ),
}


def subject_of(kind: MessageKind, party: Party, count: int, best: ItemBriefing | None) -> str:
    """The subject of an email about `count` proposals of one kind; `best` names what it is about, where known."""
    about = f"{NBSP}: {topic(best, party)}" if best else ""
    phrases = PHRASES[kind, party]
    if kind is MessageKind.PROPOSED:
        if party is Party.LENDER:
            return f"{phrases.title}{about}" if count == 1 else f"{number(count)}{NBSP}besoins pour vos équipes"
        profiles = "Un profil" if count == 1 else counted(count, "profil", "profils")
        return f"{profiles} pour votre besoin {topic(best, party)}" if best else f"{profiles} pour votre besoin"
    if count == 1 or kind is MessageKind.ACCEPTED:
        return f"{phrases.title}{about}"
    return f"{counted(count, phrases.title.lower(), phrases.titles.lower())}{about}"


def topic(item: ItemBriefing, party: Party) -> str:
    """What a proposal is about in a few words: the need's title for those who may know it, else the post's name."""
    if party is Party.BORROWER and item.need.title:
        return quoted(plain(item.need.title, 60))
    return plain(item.need.occupation_label, 60)
