"""The skills of ROME v3: what an OGR code means, and which ones go with an occupation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Final

from passerelles.reference.codes import meant_as_code, nearest_codes
from passerelles.reference.likeness import Names
from passerelles.reference.tables import LazyTable, rows
from passerelles.reference.wording import contains_words, fold

SKILLS: Final[Mapping[str, str]] = LazyTable(lambda: {code: label for code, label, _ in rows("skills.csv")})
"""The French label of each skill, by OGR code."""


_LONGEST: Final = 200
"""What follows in a longer text only costs time."""


class UnknownSkillError(LookupError):
    """No skill of ROME v3 has this OGR code.

    Attributes:
        code: what was asked for.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_skill(code: str) -> bool:
    """Whether an OGR code is that of a skill of ROME v3."""
    return code in SKILLS


def skill_label(code: str) -> str:
    """The French label of a skill.

    Raises:
        UnknownSkillError: no such skill.
    """
    try:
        return SKILLS[code]
    except KeyError:
        raise UnknownSkillError(code) from None


def skills_of(occupation: str) -> tuple[str, ...]:
    """The OGR codes of an occupation's skills, those that all its jobs need first; none for an unknown occupation."""
    return _by_occupation().get(occupation, ())


def suggest_skills(text: str, limit: int = 5, *, occupation: str | None = None) -> list[tuple[str, str]]:
    """Skills, as (OGR code, label), that a text may mean; those of the occupation first.

    For a wrong code, those that one slip of the finger may have missed, then the nearest of the occupation's own, or of
    all for no occupation; for an empty text, the occupation's own skills. Answers are kept: a spreadsheet repeats its
    mistakes.
    """
    return [(code, SKILLS[code]) for code in _suggested(text[:_LONGEST], limit, occupation)]


@lru_cache(maxsize=1024)
def _suggested(text: str, limit: int, occupation: str | None) -> tuple[str, ...]:
    wanted = fold(text)
    own = skills_of(occupation) if occupation else ()
    if not wanted:
        return own[:limit]
    beginnings = wanted.split()
    if meant_as_code(text):
        found = nearest_codes(text, tuple(SKILLS), 1, slips=0)
        found += sorted(nearest_codes(text, tuple(SKILLS), limit, slips=1), key=lambda code: code not in own)
        found += nearest_codes(text, own or tuple(SKILLS), limit)
    else:
        found = [code for code in own if contains_words(_folded()[code], beginnings)]
        found += [code for code, label in _folded().items() if contains_words(label, beginnings)]
    if not found:
        found = [code for label in _labels().nearest(wanted, limit) for code in _codes_of_label()[label]]
    return tuple(dict.fromkeys(found))[:limit]


@cache
def _folded() -> Mapping[str, str]:
    return {code: fold(label) for code, label in SKILLS.items()}


@cache
def _codes_of_label() -> Mapping[str, Sequence[str]]:
    codes: dict[str, list[str]] = {}
    for code, label in _folded().items():
        codes.setdefault(label, []).append(code)
    return codes


@cache
def _labels() -> Names:
    return Names(_codes_of_label())


@cache
def _by_occupation() -> Mapping[str, tuple[str, ...]]:
    base: dict[str, list[str]] = {}
    specific: dict[str, list[str]] = {}
    for occupation, code, level in rows("occupation_skills.csv"):
        (base if level == "base" else specific).setdefault(occupation, []).append(code)
    return {
        occupation: tuple(dict.fromkeys([*base.get(occupation, ()), *specific.get(occupation, ())]))
        for occupation in sorted({*base, *specific})
    }
