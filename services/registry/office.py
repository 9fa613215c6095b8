"""What the registry's commands share: the collections, the clock, the relay's ear, and whether the epoch is open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

from passerelles.errors import StaleVersionError, UnavailableError
from passerelles.reference.calendar import paris_day
from passerelles.store.port import Collection, Store
from schemas.territories import CURRENT
from services.registry.domain.company import Company
from services.registry.domain.need import Need
from services.registry.domain.posting import Posting
from services.registry.domain.proposal import Proposal

EPOCH: Final = "epoch"
"""The document among `singles` that says which epoch is open, or being opened."""

_POSTINGS: Final = (
    ("created_at",),
    ("company_id", "created_at"),
    ("status", "created_at"),
    ("held_since",),
    ("pending_since",),
)
_COMPANIES: Final = (("created_at",), ("status", "created_at"), ("unreachable", "created_at"), ("pending_since",))
_PROPOSALS: Final = (
    ("score",),
    ("need_id", "score"),
    ("availability_id", "score"),
    ("borrower_id", "score"),
    ("lender_id", "score"),
    ("status", "score"),
    ("saga_since",),
    ("pending_since",),
)
_DELIVERIES: Final = (("at",), ("proposal_id", "at"), ("contact_id", "at"), ("company_id", "at"), ("state", "at"))


def singles_of(store: Store) -> Collection:
    """The documents of which there is one: the epoch, the day."""
    return store.collection("registry")


class Office:
    """The registry's desk: one a process, handed to every command.

    Attributes:
        epoch: the number of the epoch that is open; 0 while none is.
        table: the territory table as the open epoch cuts it; what is published is laid out by it.
        floor: words that matching said in an epoch before this one are passed over: the next one says what holds.
        closing: the process stops: no further command is taken, while what was decided is still published.
        nudge_relay: has what a document owes published at once; without it, the relay's next round does.
    """

    def __init__(self, store: Store, *, clock: Callable[[], datetime]) -> None:
        self.store = store
        self._clock = clock
        self.companies = store.collection("companies", indexes=_COMPANIES)
        self.needs = store.collection("needs", indexes=_POSTINGS)
        self.availabilities = store.collection("availabilities", indexes=_POSTINGS)
        self.proposals = store.collection("proposals", indexes=_PROPOSALS)
        self.deliveries = store.collection("proposal_deliveries", indexes=_DELIVERIES)
        self.alerts = store.collection("proposal_alerts", indexes=_DELIVERIES)
        self.coordinators = store.collection("coordinators")
        self.sirets = store.collection("sirets")
        self.tokens = store.collection("tokens", indexes=(("company_id",),))
        self.singles = singles_of(store)
        self.epoch = 0
        self.floor = 0
        self.table = CURRENT
        self.closing = False
        self.nudge_relay: Callable[[Collection, str], Any] | None = None

    def now(self) -> datetime:
        """The time, in UTC."""
        return self._clock().astimezone(UTC)

    def today(self) -> date:
        """The day in Paris."""
        return paris_day(self.now())

    async def epoch_stands(self, number: int) -> bool:
        """Whether an epoch, this process's own as a rule, is the one that is open.

        Raises:
            UnavailableError: the store does not answer.
        """
        stored = await self.singles.get(EPOCH)
        return stored is not None and (stored.body["state"], stored.body["number"]) == ("open", number)

    def must_be_open(self) -> None:
        """Refuse to work while the epoch is not open: what would be published has nowhere to go yet.

        Raises:
            UnavailableError: it is being opened, or the process stops.
        """
        if self.closing:
            raise UnavailableError("Le registre s'arrête.", remedy="Réessayer dans quelques instants.")
        if not self.epoch:
            raise UnavailableError("Le registre s'ouvre.", remedy="Réessayer dans quelques instants.")

    def announce(self, state: Company | Posting | Proposal) -> None:
        """After a write: have what is owed published at once."""
        if self.nudge_relay is not None:
            self.nudge_relay(self._home(state), str(state.id))

    def _home(self, state: Company | Posting | Proposal) -> Collection:
        if isinstance(state, Company):
            return self.companies
        if isinstance(state, Proposal):
            return self.proposals
        return self.needs if isinstance(state, Need) else self.availabilities


def must_match(version: int, if_match: int | None) -> None:
    """Refuse a change that was made from another version than the current one.

    Raises:
        StaleVersionError: names the current version.
    """
    if if_match is not None and if_match != version:
        raise StaleVersionError(
            f"La version {if_match} n'est plus la bonne : la version actuelle est {version}.",
            remedy="Relire, puis refaire la modification.",
            field="If-Match",
            version=version,
        )
