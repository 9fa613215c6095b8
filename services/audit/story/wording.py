"""How what the log holds is said to a person: figures, dates, codes and reasons in French, never a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

from passerelles.reference.branches import BRANCHES
from passerelles.reference.calendar import paris_time
from passerelles.reference.communes import COMMUNES
from passerelles.reference.occupations import OCCUPATIONS, is_skill, skill_label
from schemas.decisions import Standing
from schemas.deliveries import Channel, DeliveryState, MessageKind
from schemas.facts import CompanyRecorded
from schemas.proposals import WithdrawalReason
from schemas.vocabulary import CompanyStatus, DeclineReason, Mode, Party

NB: Final = "\N{NO-BREAK SPACE}"
THIN: Final = "\N{NARROW NO-BREAK SPACE}"
COLON: Final = f"{NB}: "

_MONTHS: Final = (
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()  # noqa: SIM905
)
_PLURAL: Final = 2
_METRES: Final = 1000

MODES: Final = {Mode.LOAN: "prêt de main-d’œuvre", Mode.HIRE: "embauche (reclassement)"}
PARTIES: Final = {Party.BORROWER: "l’entreprise d’accueil", Party.LENDER: "l’entreprise d’origine"}
CHANNELS: Final = {Channel.EMAIL: "e-mail", Channel.SMS: "SMS"}
KINDS: Final = {
    MessageKind.PROPOSED: "une nouvelle proposition",
    MessageKind.ACCEPTED: "l’acceptation de l’autre entreprise",
    MessageKind.AGREED: "l’accord conclu",
    MessageKind.DECLINED: "le refus de l’autre entreprise",
    MessageKind.CANCELLED: "l’annulation de l’accord",
    MessageKind.WITHDRAWN: "le retrait de la proposition",
    MessageKind.REMINDED: "que sa réponse était attendue",
    MessageKind.REMINDED_AGAIN: "une seconde fois que sa réponse était attendue",
    MessageKind.ESCALATED: "au coordinateur que l’entreprise n’avait pas répondu",
}
DELIVERY_STATES: Final = {
    DeliveryState.RESERVED: "en attente d’envoi",
    DeliveryState.ATTEMPTING: "envoi en cours",
    DeliveryState.SENT: "remis au serveur du canal",
    DeliveryState.FAILED: "échec",
    DeliveryState.UNKNOWN: "sort inconnu, jamais renvoyé de lui-même",
    DeliveryState.DROPPED: "abandonné, il n’y avait plus rien à dire ou personne à prévenir",
}
DECLINES: Final = {
    DeclineReason.FILLED_OTHERWISE: "besoin pourvu autrement",
    DeclineReason.DISTANCE: "distance",
    DeclineReason.SKILLS: "compétences",
    DeclineReason.PAY: "rémunération",
    DeclineReason.PERIOD: "période",
    DeclineReason.OTHER: "autre motif",
}
WITHDRAWALS: Final = {
    WithdrawalReason.OUTRANKED: "de mieux classées sont arrivées",
    WithdrawalReason.NEED_WITHDRAWN: "le besoin a été retiré",
    WithdrawalReason.NEED_FILLED: "le besoin est pourvu",
    WithdrawalReason.NEED_EXPIRED: "la période du besoin est passée",
    WithdrawalReason.NEED_MOVED: "le besoin a changé de territoire",
    WithdrawalReason.AVAILABILITY_WITHDRAWN: "la disponibilité a été retirée",
    WithdrawalReason.AVAILABILITY_FILLED: "toutes les personnes de la disponibilité sont engagées",
    WithdrawalReason.AVAILABILITY_EXPIRED: "la période de la disponibilité est passée",
    WithdrawalReason.OUT_OF_REACH: "la disponibilité n’atteint plus ce territoire",
    WithdrawalReason.NO_LONGER_ELIGIBLE: "les deux ne vont plus ensemble selon les règles",
}
STANDINGS: Final = {
    Standing.OPEN: "ouverte",
    Standing.ACCEPTED: "acceptée par une des deux entreprises",
    Standing.AGREED: "accord conclu",
    Standing.DECLINED: "déclinée",
    Standing.CANCELLED: "accord annulé",
}
COMPANY_STATUSES: Final = {
    CompanyStatus.INFORMED: "informée",
    CompanyStatus.JOINED: "adhérente",
    CompanyStatus.LEAVING: "en cours de départ",
    CompanyStatus.LEFT: "partie",
}


def number(value: int) -> str:
    """Thousands apart, by a narrow space."""
    return f"{value:,}".replace(",", THIN)


def counted(value: int, one: str, several: str) -> str:
    """`1 personne`, `2 personnes`; zero is singular in French."""
    return f"{number(value)}{NB}{one if value < _PLURAL else several}"


def day(value: date) -> str:
    """`1er mars 2026`."""
    ordinal = "1er" if value.day == 1 else str(value.day)
    return f"{ordinal}{NB}{_MONTHS[value.month - 1]}{NB}{value.year}"


def instant(value: datetime) -> str:
    """`2 mars 2026 à 08:15:02,120`, as a clock in Paris shows it, to the millisecond."""
    local = paris_time(value)
    return f"{day(local.date())} à {local:%H:%M:%S},{local.microsecond // 1000:03d}"


def period(start: date, end: date | None) -> str:
    """From one day to another, or without an end."""
    if end is None:
        return f"à partir du {day(start)}, sans fin prévue"
    return f"le {day(start)}" if start == end else f"du {day(start)} au {day(end)}"


def euros(value: int) -> str:
    """`2 400 €`."""
    return f"{number(value)}{NB}€"


def metres(value: int) -> str:
    """`23,482 km`: to the metre, as the rules compare it."""
    whole, rest = divmod(value, _METRES)
    return f"{number(whole)},{rest:03d}{NB}km" if rest else f"{number(whole)}{NB}km"


def listed(items: Sequence[str]) -> str:
    """`A, B et C`."""
    return f"{', '.join(items[:-1])} et {items[-1]}" if len(items) > 1 else "".join(items)


def ordinal(rank: int) -> str:
    """`1er`, `2e`."""
    return "1er" if rank == 1 else f"{rank}e"


def siren(value: str) -> str:
    """`552 100 554`."""
    return NB.join((value[:3], value[3:6], value[6:]))


def occupation(code: str) -> str:
    """`Conduite d'équipement d'usinage (H2903)`; the code alone when ROME does not know it."""
    found = OCCUPATIONS.get(code)
    return f"{found.label} ({code})" if found else code


def skill(code: str) -> str:
    """Its label, or its OGR code when ROME v3 does not know it."""
    return skill_label(code) if is_skill(code) else f"compétence {code}"


def commune(code: str) -> str:
    """`Figeac (46102)`."""
    found = COMMUNES.get(code)
    return f"{found.name} ({code})" if found else code


def branch(code: str) -> str:
    """Its French name."""
    found = BRANCHES.get(code)
    return found.label if found else code


def company(state: CompanyRecorded) -> str:
    """What may be said of a company: SIREN, branch and commune."""
    return f"SIREN {siren(state.siren)}, {branch(state.branch)}, {commune(state.commune)}"


_WORDS: Final[Mapping[str, str]] = {
    "smtp_250": "accepté par le serveur de messagerie (250)",
    "smtp_unreachable": "serveur de messagerie injoignable",
    "smtp_no_answer": "le serveur de messagerie n’a pas répondu",
    "smtp_timeout": "délai dépassé pendant la remise",
    "smtp_lost": "connexion perdue pendant la remise",
    "smtp_tls": "le certificat du serveur de messagerie n’est pas valable",
    "smtp_no_tls": "le serveur de messagerie ne chiffre pas",
    "smtp_auth": "le serveur de messagerie refuse le mot de passe",
    "smtp_no_smtputf8": "le serveur de messagerie ne connaît pas les adresses accentuées",
    "domain_pace": "remis à plus tard pour ménager le domaine du destinataire",
    "address_invalid": "cette adresse n’en est pas une",
    "sms_not_mobile": "ce numéro n’est pas celui d’un mobile",
    "sms_unreachable": "fournisseur de SMS injoignable",
    "sms_no_answer": "le fournisseur de SMS n’a pas répondu",
    "channel_off": "ce canal n’était plus en service",
    "contact_gone": "ce contact n’existait plus",
    "no_longer_true": "ce n’était plus vrai au moment d’envoyer",
    "sms_not_asked": "ce contact ne demandait plus de SMS",
    "unreachable": "les messages n’arrivaient plus à ce contact",
    "preference": "ce contact ne voulait plus de ces messages",
    "nothing_to_do": "rien n’appelait plus d’action",
    "not_rendered": "le message n’a pas pu être rédigé",
}


def channel_word(code: str) -> str:
    """What a channel answered, or why nothing was sent, as it is told to a person."""
    if code in _WORDS:
        return _WORDS[code]
    channel, _, answer = code.partition("_")
    if answer.isdigit() and channel in {"smtp", "sms"}:
        return f"réponse {answer} du {'serveur de messagerie' if channel == 'smtp' else 'fournisseur de SMS'}"
    return f"réponse du canal{COLON}{code}"
