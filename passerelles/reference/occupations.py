"""The occupations of ROME: what a person writes becomes a v3 code, and a code becomes words again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from passerelles.reference import titles
from passerelles.reference.codes import meant_as_code, nearest_codes
from passerelles.reference.mobilities import links_from, links_to
from passerelles.reference.skills import UnknownSkillError, is_skill, skill_label, skills_of, suggest_skills
from passerelles.reference.tables import LazyTable, rows

__all__ = [
    "OCCUPATIONS",
    "Completion",
    "Occupation",
    "UnknownOccupationError",
    "UnknownSkillError",
    "is_skill",
    "links_from",
    "links_to",
    "occupation",
    "resolve",
    "search",
    "skill_label",
    "skills_of",
    "suggest_skills",
]

_CODE: Final = re.compile(r"[A-Za-z] ?\d{1,6}", re.ASCII)
"""What was meant as a code, right or wrong."""
_SUGGESTIONS: Final = 5


@dataclass(frozen=True, slots=True)
class Occupation:
    """An occupation of ROME v3, `H2903` Conduite d'équipement d'usinage for instance."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Completion:
    """An occupation that a person may be typing.

    Attributes:
        title: the name of it that begins as what was typed: a job title or its label.
    """

    code: str
    label: str
    title: str


class UnknownOccupationError(LookupError):
    """A text is neither a code of ROME, v3 or v4, nor one job title.

    Attributes:
        text: what was written.
        suggestions: (v3 code, label) of what it may mean, the nearest first; some for any text with a letter or digit.
        ambiguous: it is a job title, of each of the suggestions.
    """

    def __init__(self, text: str, suggestions: list[tuple[str, str]], *, ambiguous: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.suggestions = suggestions
        self.ambiguous = ambiguous


def _load() -> Mapping[str, Occupation]:
    return {code: Occupation(code, label) for code, label in rows("occupations.csv")}


OCCUPATIONS: Final[Mapping[str, Occupation]] = LazyTable(_load)
"""By v3 code."""


def occupation(code: str) -> Occupation:
    """The occupation of a v3 code.

    Raises:
        UnknownOccupationError: not a v3 code; `resolve` takes more.
    """
    try:
        return OCCUPATIONS[code]
    except KeyError:
        raise UnknownOccupationError(code, _near_codes(code)) from None


def resolve(text: str) -> str:
    """The v3 code that a text means: a v3 code, a v4 code (its v3 parent), or a job title of either.

    Case, accents, punctuation and repeated spaces don't count, and a title written `Soudeur / Soudeuse` may be given
    in one gender.

    Raises:
        UnknownOccupationError: none, or a title that several codes share.
    """
    stripped = text.strip()
    if _CODE.fullmatch(stripped):
        code = stripped.replace(" ", "").upper()
        if code in OCCUPATIONS:
            return code
        if code in _parents():
            return _parents()[code]
        raise UnknownOccupationError(text, _near_codes(code))
    codes = titles.codes_of_title(text)
    if len(codes) == 1:
        return codes[0]
    if codes:
        raise UnknownOccupationError(text, [(code, _label(code)) for code in codes], ambiguous=True)
    near = () if meant_as_code(stripped) else titles.alike(text, _SUGGESTIONS)
    raise UnknownOccupationError(text, [(code, _label(code)) for code in near] or _near_codes(stripped))


def search(text: str, limit: int = 10) -> list[Completion]:
    """The occupations that a person may be typing: by the beginning of a code, or of the words of a title.

    One line an occupation, with the title that fits best; nothing for an empty text.
    """
    typed = text.strip().upper()
    if re.fullmatch(r"[A-N][0-9]{1,4}", typed):
        codes = [code for code in OCCUPATIONS if code.startswith(typed)]
        codes += [parent for code, parent in _parents().items() if code.startswith(typed)]
        return [Completion(code, _label(code), _label(code)) for code in list(dict.fromkeys(codes))[:limit]]
    return [Completion(title.code, _label(title.code), title.text) for title in titles.completions(text, limit)]


def _label(code: str) -> str:
    return OCCUPATIONS[code].label


def _near_codes(code: str) -> list[tuple[str, str]]:
    """The codes that a slip of the finger may have missed; none for a text without letters or digits."""
    return [(each, _label(each)) for each in nearest_codes(code, tuple(OCCUPATIONS), _SUGGESTIONS, letters=1)]


@cache
def _parents() -> Mapping[str, str]:
    """The v3 parent of each v4 code."""
    return {code: parent for code, _, parent in rows("occupations_v4.csv")}
