"""Names as small numbers: occupations, skills and certificates, companies. A number, once given, stays."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Final, Generic, TypeVar

import numpy as np

from services.matching.columns.finding import index_firsts, index_row
from services.matching.columns.layout import Ints, Longs

_FIRST: Final = 64

T = TypeVar("T", bound=Hashable)


class Names(Generic[T]):
    """Numbers from 0 on, in the order in which names came."""

    def __init__(self, names: Iterable[T] = ()) -> None:
        self.names = list(names)
        self._numbers = {name: number for number, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> T:
        return self.names[number]

    def copy(self) -> Names[T]:
        """The same names under the same numbers, for others to be added to."""
        other: Names[T] = Names()
        other.names, other._numbers = self.names.copy(), self._numbers.copy()
        return other

    def number(self, name: T) -> int:
        """The number of a name, given now if it is new."""
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.names)
            self.names.append(name)
        return number


class FoundNames(Names[T]):
    """Names that compiled functions find too.

    Args:
        words: the two words that a name is found by.

    Attributes:
        keys, slots: the words by number, and their index. They are others once a name was added.
    """

    def __init__(self, words: Callable[[T], tuple[int, int]], names: Iterable[T] = ()) -> None:
        super().__init__(names)
        self._words = words
        self._make_room()

    def number(self, name: T) -> int:
        """The number of a name, given now if it is new."""
        known = len(self.names)
        number = super().number(name)
        if number == known:
            if number == len(self.keys):
                self._make_room()
            else:
                self.keys[number] = self._words(name)
                index_row(self.slots, self.keys, number)
        return number

    def _make_room(self) -> None:
        """For as many names again; the index is at most half full."""
        size = _FIRST
        while size <= len(self.names):
            size *= 2
        self.keys: Longs = np.zeros((size, 2), dtype=np.int64)
        for number, name in enumerate(self.names):
            self.keys[number] = self._words(name)
        self.slots: Ints = np.zeros(2 * size, dtype=np.int32)
        index_firsts(self.slots, self.keys, len(self.names))
