"""What a shard is, for those who run it: what every one can do, what some can, and one at work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from aiokafka import ConsumerRecord

from passerelles.bus.codec import Recorded
from passerelles.bus.faults import fault
from passerelles.bus.snapshots import Parts
from schemas.envelope import Event
from schemas.vocabulary import Payload

Said = Callable[[Event[Payload], int], Sequence[Event[Payload]]]
"""From the event and its offset, what it causes."""


class Shard(Protocol):
    """The fold of one partition: pure, so that the same log gives the same state and the same words.

    Whatever it raises stops the runner: a shard never skips a fact.
    """

    def load(self, event: Event[Payload], offset: int) -> None:
        """Take an event whose consequences were said already."""

    def settle(self) -> None:
        """The loading is over: derive what depends on all of it. Called once, also when there was nothing to load."""

    def fold(self, event: Event[Payload], offset: int) -> Sequence[Event[Payload]]:
        """Take an event, and give what it causes, in order: each time the same, to the byte."""


@runtime_checkable
class KeptShard(Shard, Protocol):
    """A shard that snapshots can be taken of."""

    def preparation(self) -> Callable[[], None] | None:
        """What makes `parts` quick, to be called in a thread while the fold goes on; none when it is already."""

    def parts(self) -> Parts:
        """A copy of the whole state, that the shard does not share: quick, as the fold stands still meanwhile."""

    def resume(self, parts: Parts) -> None:
        """Take up, while empty, the state that parts are a copy of; called in a thread.

        Raises:
            Exception: whichever, when this build would not go on from there as it went on then.
        """


@runtime_checkable
class QuickShard(Shard, Protocol):
    """A shard that can take records in a row, with the same outcome as event by event."""

    def read(self, records: Sequence[Recorded]) -> Any:
        """Make records that follow one another in the partition ready, for `take`."""

    def take(self, batch: Any, first: int, last: int, *, silently: bool) -> tuple[int, Said | None]:
        """Take records of a batch from `first` on, and before `last`, as far as none has to be looked at by itself.

        Args:
            batch: what `read` gave.
            first: a place in the batch.
            last: another, after it.
            silently: take them as `load` does, else as `fold` does.

        Returns:
            The first that was not taken, which may be `first`; and, if the one before it caused something, what says
            it, to be called before anything else is taken.
        """


class FoldError(Exception):
    """A shard refused a fact; `str` tells where, without the data."""


def refused(raw: ConsumerRecord, error: Exception) -> FoldError:
    """What to raise when a shard refuses the fact of a record, or one of those that were taken from there on."""
    return FoldError(f"{raw.topic}/{raw.partition}@{raw.offset}: {fault(error)}")


@dataclass(slots=True)
class Held:
    """A shard at work.

    Attributes:
        position: the next offset to fold.
        said: what is caused by all before this offset is acknowledged.
        kept_to: the position of its last snapshot, which was taken at `kept_at`, in seconds since 1970.
        last: the last record before `position` that was seen.
    """

    shard: Shard
    position: int
    said: int
    kept_to: int
    kept_at: float
    last: ConsumerRecord | None = None
