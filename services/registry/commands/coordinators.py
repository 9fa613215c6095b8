"""Coordinators: named, changed and removed by the operator; they live in the registry alone."""

from __future__ import annotations

from uuid import uuid4

from passerelles.errors import NotFoundError
from passerelles.store.port import Body, change
from services.registry.domain.caller import Caller
from services.registry.domain.coordinator import Coordinator, appointed
from services.registry.domain.drafts import CoordinatorDraft
from services.registry.office import Office


class Coordinators:
    """One for each département that has one."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def appoint(self, caller: Caller, departement: str, draft: CoordinatorDraft) -> Coordinator:
        """Name the coordinator of a département, in the place of whoever was.

        Raises:
            ForbiddenError: not the operator.
            InvalidInputError: a value is wrong, or the département is not served.
        """
        caller.must_be_operator()
        made: list[Coordinator] = []

        def edit(body: Body | None) -> Body:
            before = Coordinator.model_validate(body) if body else None
            made[:] = [appointed(departement, draft, before, uuid4(), self._office.now())]
            return made[0].model_dump(mode="json")

        await change(self._office.coordinators, departement, edit)
        return made[0]

    async def get(self, caller: Caller, departement: str) -> Coordinator:
        """The coordinator of a département.

        Raises:
            ForbiddenError: not the operator.
            NotFoundError: it has none.
        """
        caller.must_be_operator()
        stored = await self._office.coordinators.get(departement)
        if stored is None:
            raise NotFoundError("Ce département n'a pas de coordinateur.")
        return Coordinator.model_validate(stored.body)

    async def dismiss(self, caller: Caller, departement: str) -> None:
        """The département has no coordinator from here on; the person is erased.

        Raises:
            ForbiddenError: not the operator.
            NotFoundError: it has none.
        """
        caller.must_be_operator()
        if not await self._office.coordinators.delete(departement):
            raise NotFoundError("Ce département n'a pas de coordinateur.")
