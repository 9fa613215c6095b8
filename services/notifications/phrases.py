"""The sentences of each kind of message for each party: subjects, titles, what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas.deliveries import MessageKind
from schemas.vocabulary import Party
from services.notifications.contacts import ItemBriefing
from services.notifications.wording import NBSP, number, plain, quoted


@dataclass(frozen=True, slots=True)
class Phrases:
    """The words around the proposals of one section.

    Attributes:
        title: above one of them; `titles` above several, after their number.
        lead: what happened and what is expected of the reader.
        action: the words on the link to the page.
        text: how a text message begins, for one proposal; `texts` for several, after their number.
        first: how it goes on to the first of several, in the gender of `texts`.
    """

    title: str
    titles: str
    lead: str
    action: str
    text: str
    texts: str
    first: str


TOPIC: Final = 70
"""Characters: with the longest words around it, a subject stays within 140."""

_ANSWER: Final = "Voir et répondre"
_SEE: Final = "Voir la proposition"
_HE, _SHE = "Le premier", "La première"
_BORROWER, _LENDER = Party.BORROWER, Party.LENDER


def _awaited(title: str, titles: str) -> Phrases:
    """A reminder: nothing new, an answer that is still awaited."""
    return Phrases(
        title,
        titles,
        "Nous n’avons pas encore votre réponse. Accepter ou décliner prend une minute, et décliner libère la place "
        "pour d’autres.",
        _ANSWER,
        "votre réponse est attendue",
        titles,
        _SHE,
    )


def _unanswered(who: str, *, reached: bool = True) -> Phrases:
    """What a coordinator is told of a company that did not answer: it was reminded, or could not be."""
    since, call = "Depuis plusieurs jours, la", "aide souvent"
    if not reached:
        since, call = "La", "permet de la prévenir, et d’apprendre à qui écrire"
    return Phrases(
        "Proposition sans réponse",
        "propositions sans réponse",
        f"{since} réponse de {who} est attendue. Un appel {call}.",
        _SEE,
        "proposition sans réponse",
        "propositions sans réponse",
        _SHE,
    )


PHRASES: Final[dict[tuple[MessageKind, Party], Phrases]] = {
    (MessageKind.PROPOSED, _BORROWER): Phrases(
        "Un profil pour votre besoin",
        "profils pour votre besoin",
        "Près de chez vous, des personnes disponibles correspondent à votre recherche. "
        "Vous pouvez accepter ou décliner sans attendre.",
        _ANSWER,
        "un profil pour votre besoin",
        "profils pour votre besoin",
        _HE,
    ),
    (MessageKind.PROPOSED, _LENDER): Phrases(
        "Un besoin pour vos équipes",
        "besoins pour vos équipes",
        "Près de chez vous, on recherche des personnes qui ont le profil des vôtres. "
        "Vous pouvez accepter ou décliner sans attendre.",
        _ANSWER,
        "un besoin pour vos équipes",
        "besoins pour vos équipes",
        _HE,
    ),
    (MessageKind.ACCEPTED, _BORROWER): Phrases(
        "L’entreprise d’origine accepte",
        "propositions acceptées par l’entreprise d’origine",
        f"Il ne manque que votre réponse{NBSP}: si vous acceptez à votre tour, vos coordonnées sont échangées.",
        _ANSWER,
        "l’entreprise d’origine accepte, votre réponse est attendue",
        "propositions acceptées par l’entreprise d’origine, vos réponses sont attendues",
        _SHE,
    ),
    (MessageKind.ACCEPTED, _LENDER): Phrases(
        "L’entreprise d’accueil accepte",
        "propositions acceptées par l’entreprise d’accueil",
        f"Il ne manque que votre réponse{NBSP}: si vous acceptez à votre tour, vos coordonnées sont échangées.",
        _ANSWER,
        "l’entreprise d’accueil accepte, votre réponse est attendue",
        "propositions acceptées par l’entreprise d’accueil, vos réponses sont attendues",
        _SHE,
    ),
    (MessageKind.AGREED, _BORROWER): Phrases(
        "Accord conclu",
        "accords conclus",
        "Les deux entreprises ont accepté. Voici vos interlocuteurs pour préparer la suite.",
        "Voir l’accord",
        "accord conclu, vos interlocuteurs",
        "accords conclus, vos interlocuteurs",
        _HE,
    ),
    (MessageKind.AGREED, _LENDER): Phrases(
        "Accord conclu",
        "accords conclus",
        "Les deux entreprises ont accepté. Voici vos interlocuteurs pour préparer la suite.",
        "Voir l’accord",
        "accord conclu, vos interlocuteurs",
        "accords conclus, vos interlocuteurs",
        _HE,
    ),
    (MessageKind.DECLINED, _BORROWER): Phrases(
        "Proposition déclinée",
        "propositions déclinées",
        "L’entreprise d’origine ne donne pas suite. Votre besoin reste ouvert aux autres profils.",
        _SEE,
        "proposition déclinée par l’entreprise d’origine",
        "propositions déclinées par l’entreprise d’origine",
        _SHE,
    ),
    (MessageKind.DECLINED, _LENDER): Phrases(
        "Proposition déclinée",
        "propositions déclinées",
        "L’entreprise d’accueil ne donne pas suite. Vos équipes restent proposées aux autres besoins.",
        _SEE,
        "proposition déclinée par l’entreprise d’accueil",
        "propositions déclinées par l’entreprise d’accueil",
        _SHE,
    ),
    (MessageKind.CANCELLED, _BORROWER): Phrases(
        "Accord annulé",
        "accords annulés",
        "L’entreprise d’origine annule l’accord. Votre besoin est de nouveau ouvert.",
        _SEE,
        "accord annulé par l’entreprise d’origine",
        "accords annulés par l’entreprise d’origine",
        _HE,
    ),
    (MessageKind.CANCELLED, _LENDER): Phrases(
        "Accord annulé",
        "accords annulés",
        "L’entreprise d’accueil annule l’accord. Vos équipes sont de nouveau disponibles.",
        _SEE,
        "accord annulé par l’entreprise d’accueil",
        "accords annulés par l’entreprise d’accueil",
        _HE,
    ),
    (MessageKind.WITHDRAWN, _BORROWER): Phrases(
        "Proposition retirée",
        "propositions retirées",
        "Ce qui vous avait été proposé n’est plus d’actualité. Vous n’avez rien à faire.",
        _SEE,
        "proposition retirée, rien à faire",
        "propositions retirées, rien à faire",
        _SHE,
    ),
    (MessageKind.WITHDRAWN, _LENDER): Phrases(
        "Proposition retirée",
        "propositions retirées",
        "Ce qui vous avait été proposé n’est plus d’actualité. Vous n’avez rien à faire.",
        _SEE,
        "proposition retirée, rien à faire",
        "propositions retirées, rien à faire",
        _SHE,
    ),
    (MessageKind.REMINDED, _BORROWER): _awaited("Votre réponse est attendue", "réponses attendues pour votre besoin"),
    (MessageKind.REMINDED, _LENDER): _awaited("Votre réponse est attendue", "réponses attendues pour vos équipes"),
    (MessageKind.REMINDED_AGAIN, _BORROWER): _awaited("Votre réponse est attendue", "réponses toujours attendues"),
    (MessageKind.REMINDED_AGAIN, _LENDER): _awaited("Votre réponse est attendue", "réponses toujours attendues"),
    (MessageKind.ESCALATED, _BORROWER): _unanswered("l’entreprise d’accueil"),
    (MessageKind.ESCALATED, _LENDER): _unanswered("l’entreprise d’origine"),
}

UNREACHED: Final = {
    _BORROWER: _unanswered("l’entreprise d’accueil", reached=False),
    _LENDER: _unanswered("l’entreprise d’origine", reached=False),
}
"""What a coordinator is told, instead, of a company where no message arrives."""


def title_of(kind: MessageKind, party: Party, count: int, needs: int = 1) -> str:
    """What stands above `count` proposals of one kind, for so many needs, in an email."""
    phrases = PHRASES[kind, party]
    if count == 1:
        return phrases.title
    titles = phrases.titles.replace("votre besoin", "vos besoins") if needs > 1 else phrases.titles
    return f"{number(count)}{NBSP}{titles}"


def subject_of(kind: MessageKind, party: Party, count: int, needs: int, about: str | None) -> str:
    """The subject of an email about `count` proposals of one kind; `about` is the topic of all, where there is one."""
    title = title_of(kind, party, count, needs)
    if about is None:
        return title
    return f"{title} {about}" if about.startswith("«") and kind is MessageKind.PROPOSED else f"{title}{NBSP}: {about}"


def topic(item: ItemBriefing, party: Party) -> str:
    """What a proposal is about in a few words: the need's title for those who may know it, else the post's name."""
    if party is Party.BORROWER and item.need.title:
        return quoted(plain(item.need.title, TOPIC))
    return plain(item.need.occupation_label, TOPIC)
