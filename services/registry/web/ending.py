"""How a page says what ending alerts by email leaves, for somebody who may have turned some of it off as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas.deliveries import Channel, MessageKind
from schemas.preferences import SENT_ANYWAY, Pace, Preferences


@dataclass(frozen=True, slots=True)
class Kept:
    """What is sent all the same, in the plural, for both sentences to agree.

    Attributes:
        named: after "sauf pour"; empty when nothing is left.
        told: what it is, at the beginning of a sentence.
    """

    named: str = ""
    told: str = ""


_ACCORDS: Final = "Les accords que votre entreprise conclut, avec les coordonnées de l’autre"
_KEPT: Final = {
    SENT_ANYWAY: Kept("vos accords et leur annulation", f"{_ACCORDS}, et leur annulation"),
    frozenset({MessageKind.AGREED}): Kept("vos accords", _ACCORDS),
    frozenset({MessageKind.CANCELLED}): Kept(
        "les annulations de vos accords", "Les annulations d’accords de votre entreprise"
    ),
    frozenset[MessageKind](): Kept(),
}


def kept(preferences: Preferences) -> Kept:
    """What still comes by email to whoever ends its alerts."""
    return _KEPT[frozenset(kind for kind in SENT_ANYWAY if preferences.pace(kind, Channel.EMAIL) is not Pace.NEVER)]
