"""One partition of the facts: each event goes to the fold of its territory, if that is laid out here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from passerelles.bus.codec import Recorded
from passerelles.bus.snapshots import Parts
from schemas.envelope import Event
from schemas.epochs import RulesAdopted
from schemas.territories import CURRENT, TABLES, TerritoryTable
from schemas.vocabulary import Payload
from services.matching.adoption import RuleLibrary
from services.matching.odd import Odd, Oddities

if TYPE_CHECKING:
    from services.matching.batches import Batch
    from services.matching.engine import TerritoryFold
    from services.matching.room import Room


_WORTH_PREPARING: Final = 1 << 20
"""Bytes that are copied in a millisecond whatever the state of the memory."""


class MatchingShard:
    """The folds of a partition's territories, each begun by its `rules.adopted`.

    A later epoch begins a territory anew: its state is a function of that epoch's part of the log alone.

    Args:
        partition: its number among `partitions`, those of the topic of facts.
        library: where the rules are found.

    Attributes:
        odd: how many events were odd, by reason.
    """

    def __init__(self, partition: int, partitions: int, library: RuleLibrary | None = None) -> None:
        self.odd = Oddities(partition)
        self._partition = partition
        self._partitions = partitions
        self._library = library or RuleLibrary()
        self._room: Room | None = None
        self._folds: dict[str, TerritoryFold] = {}

    @property
    def folds(self) -> Mapping[str, TerritoryFold]:
        """By territory."""
        return self._folds

    def load(self, event: Event[Payload], offset: int) -> None:
        """Take an event in silence: what it causes was said before. Raises `RulesMismatchError`."""
        del offset
        fold = self._route(event)
        if fold is not None:
            fold.load(event)

    def settle(self) -> None:
        """Make the open sets of what was loaded."""
        for fold in self._folds.values():
            fold.settle()

    def fold(self, event: Event[Payload], offset: int) -> Sequence[Event[Payload]]:
        """Take an event, and say what it changes. Raises `RulesMismatchError`, each time for the same event."""
        fold = self._route(event)
        return () if fold is None else fold.fold(event, offset)

    def read(self, records: Sequence[Recorded]) -> Batch:
        """Look at records that follow one another in the partition, for `take`."""
        from services.matching.batches import Batch  # noqa: PLC0415 (see `_route`)

        return Batch(records)

    def take(
        self, batch: Batch, first: int, last: int, *, silently: bool = False
    ) -> tuple[int, Callable[[Event[Payload], int], Sequence[Event[Payload]]] | None]:
        """Take records of a batch from `first` on, and before `last`, as far as they need not be looked at one by one.

        Args:
            batch: what `read` gave.
            first: a place in the batch.
            last: another, after it.
            silently: take them as `load` does, else as `fold` does.

        Returns:
            The first that was not taken, which may be `first`; and, if the one before it caused something, what says it
            from its event and offset, to be called before anything else is taken.
        """
        head = batch.head(first)
        fold = None if head is None else self._folds.get(head.territory)
        if head is None or fold is None or fold.epoch != head.epoch:
            return first, None
        taken, told = fold.take(batch.written, first, last, silently=silently)
        return taken, partial(fold.caused, told) if told else None

    def parts(self) -> Parts:
        """A copy of the whole state, for a snapshot."""
        from services.matching.snapshots import parts_of  # noqa: PLC0415 (see `_route`)

        room, self._room = self._room, None
        return parts_of(self._folds.values(), self.odd, room)

    def preparation(self) -> Callable[[], None] | None:
        """Gets memory ready that `parts` copies to; none when it is, or when there is little to copy."""
        from services.matching.state import size_of  # noqa: PLC0415 (see `_route`)

        size = sum(size_of(fold) for fold in self._folds.values())
        return partial(self._make_room, size) if self._room is None and size > _WORTH_PREPARING else None

    def _make_room(self, size: int) -> None:
        from services.matching.room import Room  # noqa: PLC0415 (see `_route`)

        self._room = Room(size)

    def resume(self, parts: Parts) -> None:
        """Take up, while empty, the state that parts are a copy of.

        Raises:
            OtherFormatError: of another format.
            RulesMismatchError: of rules, or reference data, that this build does not have.
        """
        from services.matching.snapshots import folds_of  # noqa: PLC0415 (see `_route`)

        self._folds = folds_of(parts, library=self._library, odd=self.odd)

    def _route(self, event: Event[Payload]) -> TerritoryFold | None:
        """The fold that takes an event, begun by it if need be; none when the event is to be left aside."""
        territory, fold = event.territory or "", self._folds.get(event.territory or "")
        if isinstance(event.data, RulesAdopted) and (fold is None or event.epoch > fold.epoch):
            rules = self._library.adopted(event.data)
            table = TABLES[event.data.territory_table].cut(event.data.cut)
            self._forget_all_but(table, event.epoch)
            if self._is_laid_out_here(territory, table):
                # Compiled functions come with it: commands and services that fold nothing start without them.
                from services.matching.engine import TerritoryFold  # noqa: PLC0415
                from services.matching.warming import warm_up  # noqa: PLC0415

                warm_up()
                fold = TerritoryFold(territory, event.epoch, rules, library=self._library, odd=self.odd)
                self._folds[territory] = fold
        if fold is not None and fold.epoch == event.epoch:
            return fold
        if fold is not None:
            self.odd.note(Odd.OTHER_EPOCH, territory)
        else:
            here = self._is_laid_out_here(territory, CURRENT)
            self.odd.note(Odd.NOT_ADOPTED if here else Odd.ELSEWHERE, territory)
        return None

    def _forget_all_but(self, table: TerritoryTable, epoch: int) -> None:
        """Let go of territories of earlier epochs that this one cuts otherwise: nothing more is said to them."""
        gone = [name for name, fold in self._folds.items() if fold.epoch < epoch and name not in table.names]
        for name in gone:
            del self._folds[name]

    def _is_laid_out_here(self, territory: str, table: TerritoryTable) -> bool:
        return territory in table.names and table.partition(territory, self._partitions) == self._partition
