"""Names as small numbers: occupations, skills and certificates, companies. A number, once given, stays."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

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
