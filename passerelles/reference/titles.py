"""The job titles of ROME v3 and v4: how people name an occupation, and which code of v3 each name means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Final, NamedTuple

from passerelles.reference.likeness import Names
from passerelles.reference.tables import rows
from passerelles.reference.wording import contains_words, fold, genders

_LONGEST: Final = 120
"""What follows in a longer text only costs time: a title has 137 characters at most."""

_NAMES: Final = 40
"""Names that are looked at for the codes of some: an occupation has many, each in two genders."""


class Title(NamedTuple):
    """A name of an occupation, as ROME writes it, and the v3 code that it means."""

    code: str
    text: str


def codes_of_title(text: str) -> tuple[str, ...]:
    """The v3 codes that a job title may mean, whole or in one gender; none when it is not a title of ROME.

    Case, accents, punctuation and repeated spaces don't count. A whole title goes before a half of another.
    """
    folded = fold(text)
    return _whole().get(folded) or _halves().get(folded) or ()


@lru_cache(maxsize=1024)
def alike(text: str, limit: int) -> tuple[str, ...]:
    """The v3 codes of the titles that a text may have meant, the most likely first; none for a text without letters.

    Titles with all of its words come first, then those that have the words that say most (the first one above all), or
    look like it. Answers are kept: a spreadsheet repeats its mistakes.
    """
    wanted = fold(text[:_LONGEST])
    codes = dict.fromkeys(title.code for title in completions(wanted, limit))
    if len(codes) < limit and wanted:
        codes |= dict.fromkeys(code for name in _index().nearest(wanted, _NAMES) for code in codes_of_title(name))
    return tuple(codes)[:limit]


def completions(text: str, limit: int) -> list[Title]:
    """For what a person has typed so far, the best title of each occupation with words that begin so, best first.

    A title that is, or begins with, the text goes before one that merely has these words; then the shorter one.
    """
    wanted = fold(text)
    beginnings = [word for word in wanted.split() if word != "/"]
    if not beginnings:
        return []
    found = [
        (not folded.startswith(wanted), len(folded), folded, title)
        for folded, title in _folded()
        if contains_words(folded, beginnings)
    ]
    found.sort(key=lambda each: (each[:3], each[3].code))
    best: dict[str, Title] = {}
    for *_, title in found:
        best.setdefault(title.code, title)
        if len(best) >= limit:
            break
    return list(best.values())


def _titles() -> Iterator[Title]:
    """Every name that ROME knows, the one of v3 that is written in full first."""
    for code, label in rows("occupations.csv"):
        yield Title(code, label)
    for code, long, short in rows("job_titles.csv"):
        yield Title(code, long)
        if short:
            yield Title(code, short)
    for _, label, parent in rows("occupations_v4.csv"):
        yield Title(parent, label)
    for parent, label in rows("job_titles_v4.csv"):
        yield Title(parent, label)


@cache
def _folded() -> tuple[tuple[str, Title], ...]:
    """Each name once for each code, with its folded text."""
    seen: dict[tuple[str, str], Title] = {}
    for title in _titles():
        seen.setdefault((fold(title.text), title.code), title)
    return tuple((folded, title) for (folded, _), title in seen.items())


@cache
def _whole() -> Mapping[str, tuple[str, ...]]:
    codes: dict[str, tuple[str, ...]] = {}
    for folded, title in _folded():
        codes[folded] = (*codes.get(folded, ()), title.code)
    return codes


@cache
def _halves() -> Mapping[str, tuple[str, ...]]:
    codes: dict[str, set[str]] = {}
    for folded, title in _folded():
        for half in genders(folded):
            codes.setdefault(half, set()).add(title.code)
    return {half: tuple(sorted(each)) for half, each in codes.items()}


@cache
def _index() -> Names:
    """Every text that `codes_of_title` knows."""
    return Names(dict.fromkeys([*_whole(), *_halves()]))
