"""A company: an establishment that is informed, has joined, or leaves; its contacts never travel on the bus."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from passerelles.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from passerelles.reference.communes import commune
from schemas.facts import CompanyRecorded
from schemas.preferences import Preferences
from schemas.vocabulary import CompanyStatus
from services.registry.domain import checks
from services.registry.domain.caller import Caller
from services.registry.domain.contact import Contact
from services.registry.domain.contacts import contacts_after
from services.registry.domain.drafts import CompanyDraft
from services.registry.domain.reach import need_territory

IN_FRENCH: Final = {
    CompanyStatus.INFORMED: "est informée, mais n'a pas encore rejoint le programme",
    CompanyStatus.JOINED: "a rejoint le programme",
    CompanyStatus.LEAVING: "est en train de quitter le programme",
    CompanyStatus.LEFT: "a quitté le programme",
}


class Company(BaseModel):
    """A company as it stands."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    version: int
    siret: str
    name: str
    branch: str
    commune: str
    status: CompanyStatus
    contacts: tuple[Contact, ...]
    created_at: datetime
    updated_at: datetime

    @property
    def siren(self) -> str:
        """The legal entity: the first nine digits of the SIRET."""
        return self.siret[:9]

    @property
    def territory(self) -> str:
        """The territory in which its facts are stated."""
        return need_territory(self.commune, self.id)

    @property
    def departement(self) -> str:
        """The département of its commune."""
        return commune(self.commune).departement

    @property
    def territories(self) -> tuple[str, ...]:
        """Where its facts go: its own territory."""
        return (self.territory,)

    def fact(self) -> CompanyRecorded:
        """What the bus may know of it."""
        return CompanyRecorded(
            id=self.id,
            version=self.version,
            siren=self.siren,
            status=self.status,
            branch=self.branch,
            commune=self.commune,
        )

    def contact(self, contact_id: UUID) -> Contact | None:
        """One of its contacts, or none."""
        return next((each for each in self.contacts if each.id == contact_id), None)

    def the_contact(self, contact_id: UUID) -> Contact:
        """One of its contacts.

        Raises:
            NotFoundError: it has no such contact.
        """
        contact = self.contact(contact_id)
        if contact is None:
            raise NotFoundError("Cette entreprise n'a pas ce contact.", field="contact_id")
        return contact

    def must_have_joined(self) -> None:
        """Refuse a company that may not publish.

        Raises:
            ConflictError: it is only informed, or leaves, or left.
        """
        if self.status is not CompanyStatus.JOINED:
            raise ConflictError(
                f"Cette entreprise ne peut pas publier : elle {IN_FRENCH[self.status]}.",
                remedy="La faire rejoindre d'abord : POST /v1/companies/{id}/join.",
                field="company_id",
            )

    def must_still_act(self, caller: Caller) -> None:
        """Refuse what a company that has left does by itself: from then on the operator acts for it.

        Raises:
            ForbiddenError: it has left, and the caller is not the operator.
        """
        if self.status is CompanyStatus.LEFT and not caller.is_operator:
            raise ForbiddenError(
                "Cette entreprise a quitté le programme : elle ne peut plus rien modifier.",
                remedy="Demander à votre coordinateur territorial.",
            )

    def joined(self, now: datetime) -> Company:
        """The company once it has joined, or joined again; itself if it had.

        Raises:
            ConflictError: it is leaving, which goes to its end first.
        """
        if self.status is CompanyStatus.JOINED:
            return self
        if self.status is CompanyStatus.LEAVING:
            raise ConflictError("Cette entreprise est en train de partir.", remedy="Réessayer dans un instant.")
        return self._next(now, status=CompanyStatus.JOINED)

    def leaving(self, now: datetime) -> Company:
        """The company from the moment it leaves; itself if it already does, or did."""
        if self.status in {CompanyStatus.LEAVING, CompanyStatus.LEFT}:
            return self
        return self._next(now, status=CompanyStatus.LEAVING)

    def left(self, now: datetime) -> Company:
        """The company once nothing of it is offered any more; itself unless it was leaving."""
        return self._next(now, status=CompanyStatus.LEFT) if self.status is CompanyStatus.LEAVING else self

    def without(self, contact_id: UUID, now: datetime) -> Company:
        """The company without one of its contacts, who is erased.

        Raises:
            NotFoundError: it has no such contact.
        """
        gone = self.the_contact(contact_id)
        return self._next(now, contacts=tuple(each for each in self.contacts if each is not gone))

    def choosing(self, contact_id: UUID, preferences: Preferences, *, sms: bool, now: datetime) -> Company:
        """The company once one of its contacts has chosen what to be told; itself if nothing differs.

        Raises:
            NotFoundError: it has no such contact.
            InvalidInputError: text messages without a mobile.
        """
        contact = self.the_contact(contact_id)
        if sms and not contact.sms and not (contact.phone and checks.is_mobile(contact.phone)):
            raise InvalidInputError("Pour recevoir des SMS, un numéro de mobile est attendu.", field="sms")
        chosen = contact.choosing(preferences, sms=sms)
        if chosen == contact:
            return self
        return self._next(now, contacts=self._with(chosen.succeeding(contact, now)))

    def known(self, contact: Contact) -> Company:
        """The company with what is now known of a contact's addresses, at the same version: nobody changed anything."""
        return self.model_copy(update={"contacts": self._with(contact)})

    def without_sms(self, contact_id: UUID, at: datetime, now: datetime) -> Company:
        """The company once one of its contacts has answered STOP; itself if it has asked for text messages since.

        Raises:
            NotFoundError: it has no such contact.
        """
        contact = self.the_contact(contact_id)
        stopped = contact.opted_out(at)
        return self if stopped is contact else self._next(now, contacts=self._with(stopped))

    def changed(self, draft: CompanyDraft, now: datetime) -> Company:
        """The company as the draft describes it; itself if nothing differs.

        Raises:
            InvalidInputError: a value is wrong.
            ConflictError: another SIRET is another establishment; the status has its own commands.
        """
        if checks.siret(draft.siret) != self.siret:
            raise ConflictError(
                "Un autre SIRET est un autre établissement.", remedy="Créer une autre entreprise.", field="siret"
            )
        if draft.status is not None and draft.status != self.status:
            raise ConflictError(
                f"Le statut ne se change pas ainsi : cette entreprise {IN_FRENCH[self.status]}.",
                remedy="Utiliser …/join ou …/leave.",
                field="status",
            )
        changed = self._next(
            now,
            name=checks.words(draft.name, "name"),
            branch=checks.branch(draft.branch),
            commune=checks.commune(draft.commune),
            contacts=contacts_after(draft.contacts, self.contacts, now),
        )
        same = self.model_copy(update={"version": changed.version, "updated_at": now})
        return self if changed == same else changed

    def _with(self, contact: Contact) -> tuple[Contact, ...]:
        return tuple(contact if each.id == contact.id else each for each in self.contacts)

    def _next(self, now: datetime, **fields: object) -> Company:
        return self.model_copy(update={"version": self.version + 1, "updated_at": now, **fields})


def new_company(draft: CompanyDraft, id_: UUID, now: datetime) -> Company:
    """A company that is added.

    Raises:
        InvalidInputError: a value is wrong.
    """
    return Company(
        id=id_,
        version=1,
        siret=checks.siret(draft.siret),
        name=checks.words(draft.name, "name"),
        branch=checks.branch(draft.branch),
        commune=checks.commune(draft.commune),
        status=CompanyStatus(draft.status or CompanyStatus.INFORMED),
        contacts=contacts_after(draft.contacts, (), now),
        created_at=now,
        updated_at=now,
    )
