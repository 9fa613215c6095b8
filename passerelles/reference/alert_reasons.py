"""Why a contact was told at once, later or not at all: the rules of the policy, in French."""

from __future__ import annotations

from typing import Final

from schemas.deliveries import AlertRule, AlertVerdict

VERDICTS: Final = {
    AlertVerdict.SENT: "envoyé aussitôt",
    AlertVerdict.GATHERED: "gardé pour le récapitulatif",
    AlertVerdict.WAITING: "en attente",
    AlertVerdict.SUPPRESSED: "non envoyé",
}

_REASONS: Final = {
    AlertRule.PREFERENCE: "Ce contact a choisi de ne pas être averti de cela par ce canal.",
    AlertRule.EMAIL_DIGEST: "Ce contact veut cela dans son récapitulatif, qui part par e-mail.",
    AlertRule.NEED_LIMIT: "Une alerte sur le même besoin était partie depuis peu.",
    AlertRule.CONTACT_LIMIT: "Plusieurs alertes étaient parties depuis peu vers ce contact.",
    AlertRule.PAIR_LIMIT: "Ce contact avait été averti de cette proposition depuis peu.",
    AlertRule.QUIET_HOURS: "Aucun SMS ne part à cette heure.",
    AlertRule.TOLD_BEFORE: "Ce contact en avait déjà été averti.",
    AlertRule.NOT_TOLD: "Ce contact n’avait pas été averti de cette proposition.",
    AlertRule.UNREACHABLE: "Ce canal n’atteint plus ce contact.",
    AlertRule.SMS_NOT_ASKED: "Ce contact n’a pas demandé à recevoir des SMS.",
    AlertRule.CHANNEL_OFF: "Ce canal n’est pas en service ici.",
    AlertRule.NO_COORDINATOR: "Ce département n’a pas de coordinateur.",
    AlertRule.NOTHING_TO_DO: "Un récapitulatif qui ne demande aucune action ne part pas, et une semaine a passé.",
    AlertRule.NO_LONGER_TRUE: "Ce n’était plus vrai quand son tour est venu.",
}

_OTHERWISE: Final = {
    (AlertRule.PREFERENCE, AlertVerdict.SENT): "Ce contact en est averti aussitôt, par choix ou par défaut.",
    (
        AlertRule.PREFERENCE,
        AlertVerdict.GATHERED,
    ): "Ce contact l’a dans son récapitulatif, par choix ou par défaut.",
    (AlertRule.NOTHING_TO_DO, AlertVerdict.GATHERED): (
        "Le récapitulatif n’aurait demandé aucune action et n’est pas parti : c’est gardé pour le prochain."
    ),
}


def alert_reason(verdict: AlertVerdict, rule: AlertRule) -> str:
    """The sentence that says why, for whoever asks "why was I not told?"."""
    return _OTHERWISE.get((rule, verdict), _REASONS[rule])
