"""The contacts of a company as a draft lists them: who each of them was before, and what only they may decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from passerelles.errors import InvalidInputError
from schemas.preferences import Preferences
from services.registry.domain import checks
from services.registry.domain.contact import Contact
from services.registry.domain.drafts import ContactDraft


def contacts_after(drafts: Sequence[ContactDraft], before: Sequence[Contact], now: datetime) -> tuple[Contact, ...]:
    """The contacts of this version, with their identifiers: kept for those known before, else random.

    An identifier travels on the bus: the email could be guessed back from one made of it. The names of deliveries are
    made of it in turn, and whoever could guess those could return mail that never left.

    Raises:
        InvalidInputError: a value is wrong, or asks for text messages in the place of a person who ended them.
    """
    contacts: list[Contact] = []
    known = {each.id: each for each in before}
    by_email = {each.email.casefold(): each.id for each in before}
    for place, draft in enumerate(drafts):
        field = f"contacts.{place}"
        email = checks.email(draft.email, f"{field}.email")
        if any(each.email.casefold() == email.casefold() for each in contacts):
            raise InvalidInputError("Deux contacts ont la même adresse.", field=f"{field}.email")
        if draft.id is not None and draft.id not in known:
            raise InvalidInputError("Cette entreprise n'a pas ce contact.", field=f"{field}.id")
        taken = {each.id for each in contacts}
        id_ = next((each for each in (draft.id, by_email.get(email.casefold())) if each and each not in taken), uuid4())
        contact = _contact(id_, email, draft, field, known.get(id_))
        contacts.append(contact.succeeding(known[id_], now) if id_ in known else contact)
    return tuple(contacts)


def _contact(id_: UUID, email: str, draft: ContactDraft, field: str, before: Contact | None) -> Contact:
    if draft.sms and not draft.phone:
        raise InvalidInputError("Pour recevoir des SMS, un numéro de mobile est attendu.", field=f"{field}.phone")
    contact = Contact(
        id=id_,
        name=checks.words(draft.name, f"{field}.name"),
        role=checks.words(draft.role, f"{field}.role", blank=True),
        email=email,
        phone=checks.phone(draft.phone, f"{field}.phone", mobile=draft.sms) if draft.phone else None,
        sms=draft.sms,
        preferences=_chosen(draft, before),
    )
    if before and before.sms_stopped and contact.sms and contact.phone == before.phone:
        raise InvalidInputError(
            "Cette personne a répondu STOP aux SMS.",
            remedy="Envoyer sms à faux ; elle seule peut les redemander, par le lien de ses messages.",
            field=f"{field}.sms",
        )
    return contact


def _chosen(draft: ContactDraft, before: Contact | None) -> Preferences:
    if draft.preferences:
        return draft.preferences.chosen()
    return before.preferences if before else Preferences()
