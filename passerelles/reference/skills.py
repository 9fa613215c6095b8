"""The skills of ROME v3: what an OGR code means, and which ones go with an occupation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from rapidfuzz import fuzz, process

from passerelles.reference.tables import LazyTable, rows
from passerelles.reference.wording import contains_words, fold

SKILLS: Final[Mapping[str, str]] = LazyTable(lambda: {code: label for code, label, _ in rows("skills.csv")})
"""The French label of each skill, by OGR code."""


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

    A text that is a number (a wrong code, that is) resembles nothing: the occupation's own skills are suggested.
    """
    wanted = fold(text)
    own = skills_of(occupation) if occupation else ()
    if not wanted or wanted.isdigit():
        return [(code, SKILLS[code]) for code in own[:limit]]
    beginnings = wanted.split()
    found = [code for code in own if contains_words(_folded()[code], beginnings)]
    found += [code for code, label in _folded().items() if contains_words(label, beginnings)]
    if not found:
        alike = process.extract(wanted, _folded(), scorer=fuzz.token_set_ratio, limit=limit)
        found = [code for _, _, code in alike]
    return [(code, SKILLS[code]) for code in list(dict.fromkeys(found))[:limit]]


@cache
def _folded() -> Mapping[str, str]:
    return {code: fold(label) for code, label in SKILLS.items()}


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
