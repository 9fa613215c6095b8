"""The coordinator of a département: who is told when a company does not answer in spite of reminders."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from passerelles.errors import InvalidInputError
from schemas.territories import CURRENT
from services.registry.domain import checks
from services.registry.domain.drafts import CoordinatorDraft

SERVED: Final = frozenset(CURRENT.slices)
"""The départements in which a company can be."""


class Coordinator(BaseModel):
    """One person for one département.

    Attributes:
        id: drawn at random, since it travels on the bus: another person has another one.
    """

    model_config = ConfigDict(frozen=True)

    id: UUID
    departement: str
    name: str
    email: str
    updated_at: datetime


def appointed(
    departement: str, draft: CoordinatorDraft, before: Coordinator | None, id_: UUID, now: datetime
) -> Coordinator:
    """The coordinator that the draft describes; `id_` is given to a new person, who is told by another address.

    Raises:
        InvalidInputError: a value is wrong, or the département is not served.
    """
    if departement not in SERVED:
        raise InvalidInputError(
            f"Le département {departement} n'est pas couvert ; attendu : {', '.join(sorted(SERVED))}.",
            field="departement",
        )
    name, email = checks.words(draft.name, "name"), checks.email(draft.email, "email")
    same = before is not None and before.email == email
    return Coordinator(
        id=before.id if before is not None and same else id_,
        departement=departement,
        name=name,
        email=email,
        updated_at=now,
    )
