"""What the registry says for a message or a delivery, by the side on which the company stands in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from passerelles.errors import UnavailableError
from passerelles.store.port import Body
from schemas.deliveries import MessageKind
from schemas.vocabulary import Party
from services.notifications.contacts import Briefing
from services.notifications.ledger.documents import Documents
from services.notifications.ledger.owing import party_of
from services.notifications.letter import choose
from services.notifications.pairs import KnownPair
from services.notifications.questions import Contacts

Briefed = Mapping[Party, Briefing]
"""By side: a digest may have both; empty where the registry does not know the company."""


class Briefs:
    """Asks the registry about what will be shown, and no more.

    Attributes:
        observe: called with `registry` and why it does not answer; none when it does.
    """

    observe: Callable[[str, str | None], None]

    def __init__(self, documents: Documents, contacts: Contacts) -> None:
        self._documents = documents
        self._contacts = contacts

    async def of_delivery(self, delivery: Body) -> Briefed:
        """For a delivery that is to be attempted. Raises `UnavailableError`."""
        pairs = await self._documents.known({item["proposal"] for item in delivery["items"]})
        return await self.of(
            delivery["company"], ((party_of(delivery, item), item) for item in delivery["items"]), pairs
        )

    async def of(
        self, company: str, items: Iterable[tuple[Party, Mapping[str, Any]]], pairs: Mapping[str, KnownPair]
    ) -> Briefed:
        """For these items of one company, each with its side.

        Raises:
            UnavailableError: the registry does not answer.
        """
        sides: dict[Party, list[tuple[KnownPair, MessageKind]]] = defaultdict(list)
        for party, item in items:
            sides[party] += [(pairs[item["proposal"]], MessageKind(item["kind"]))] if item["proposal"] in pairs else []
        briefed: dict[Party, Briefing] = {}
        for party, said in sides.items():
            shown = list({pair.id: pair for pair, _ in choose(said)}.values())
            try:
                briefing = await self._contacts.briefing(UUID(company), party, shown)
            except UnavailableError as error:
                self.observe("registry", error.detail)
                raise
            self.observe("registry", None)
            if briefing is not None:
                briefed[party] = briefing
        return briefed
