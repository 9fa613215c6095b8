"""Which of many names a text may have meant: by its words, rare ones and the first above all, and by letters."""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from rapidfuzz import fuzz, process

_EMPTY: Final = frozenset(
    [
        "/",
        "a",
        "au",
        "aux",
        "avec",
        "d",
        "de",
        "des",
        "du",
        "en",
        "et",
        "l",
        "la",
        "le",
        "les",
        "ou",
        "par",
        "pour",
        "sur",
        "un",
        "une",
    ]
)
"""Words that tell no name from another."""
_SAME_WORD: Final = 78
"""Two words are the same one misspelt from this likeness on, of 100: `fraisseur` and `fraiseur` have 94."""
_BEGUN: Final = 0.9
"""A word that is merely begun counts a little less than one in full."""
_FIRST: Final = 2.0
"""A trade is named by its first word; what follows says on what, or with what."""
_COMPARED: Final = 400
"""Names that are compared letter by letter, of those whose words fit best."""


class Names:
    """Folded names (see `wording.fold`), indexed by their words so that a search takes milliseconds."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = tuple(names)
        places: dict[str, list[int]] = {}
        for place, name in enumerate(self._names):
            for word in dict.fromkeys(name.split()):
                if word not in _EMPTY:
                    places.setdefault(word, []).append(place)
        self._places: Mapping[str, Sequence[int]] = places
        self._words = tuple(places)

    def nearest(self, wanted: str, limit: int) -> list[str]:
        """At most so many names, the likeliest first; some name for any text that has a letter or digit in common."""
        fits = self._fits(wanted)
        compared = heapq.nlargest(_COMPARED, fits, key=lambda place: (fits[place], -place))
        # A word that is cut in two, or two that are stuck together, are seen by the letters of the whole only.
        alike = process.extract(wanted, self._names, scorer=fuzz.ratio, limit=limit, score_cutoff=1)
        ranked = {place: self._rank(wanted, place, fits) for place in [*compared, *(place for *_, place in alike)]}
        best = sorted(ranked, key=lambda place: (-ranked[place], self._names[place]))
        return [self._names[place] for place in best[:limit]]

    def _rank(self, wanted: str, place: int, fits: Mapping[int, float]) -> float:
        """Its words, then its letters; `token_set_ratio` is high for a name that the text holds whole (`Tourneur`)."""
        name = self._names[place]
        letters = max(fuzz.ratio(wanted, name), fuzz.token_sort_ratio(wanted, name))
        return 100 * fits.get(place, 0.0) + (letters + fuzz.token_set_ratio(wanted, name)) / 2

    def _fits(self, wanted: str) -> dict[int, float]:
        """How much of the text's words, from 0 to 1, each name with one of them has."""
        fits: dict[int, float] = {}
        total = 0.0
        for word in dict.fromkeys(word for word in wanted.split() if word not in _EMPTY):
            meant = self._meant(word)
            if not meant:
                continue
            surest = max(meant, key=lambda each: (meant[each], each))
            weight = math.log(1 + len(self._names) / len(self._places[surest])) * (1 if total else _FIRST)
            total += weight
            best: dict[int, float] = {}
            for each, likeness in meant.items():
                for place in self._places[each]:
                    best[place] = max(best.get(place, 0.0), likeness)
            for place, likeness in best.items():
                fits[place] = fits.get(place, 0.0) + weight * likeness
        return {place: fit / total for place, fit in fits.items()}

    def _meant(self, word: str) -> dict[str, float]:
        """The words of names that this one may be, and how surely, from 0 to 1."""
        alike = process.extract(word, self._words, scorer=fuzz.ratio, limit=20, score_cutoff=_SAME_WORD)
        meant = {each: likeness / 100 for each, likeness, _ in alike}
        return (
            {each: _BEGUN for each in self._words if each.startswith(word)}
            | meant
            | ({word: 1.0} if word in self._places else {})
        )
