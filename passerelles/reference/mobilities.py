"""Where ROME says that a person may go from an occupation: the directed links on which matching stands."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from passerelles.reference.tables import rows
from schemas.proposals import Link

_NEAREST_LAST: Final = (Link.EVOLUTION, Link.CLOSE)
"""Where ROME gives both, the link that asks for no training is the one that counts."""


def links_to(need: str) -> Mapping[str, Link]:
    """The occupations from which a person can take a post of this one, and how; itself among them, as `same`.

    Two v3 codes are linked when ROME links them or one of their job titles. A well-formed code that is not in ROME is
    linked to itself only: the fold of a log must not fail on a code that a later edition added.
    """
    return _links()[1].get(need) or MappingProxyType({need: Link.SAME})


def links_from(person: str) -> Mapping[str, Link]:
    """The occupations to which a person of this one can go, and how: `links_to`, seen from the other end."""
    return _links()[0].get(person) or MappingProxyType({person: Link.SAME})


@cache
def _links() -> tuple[Mapping[str, Mapping[str, Link]], Mapping[str, Mapping[str, Link]]]:
    outgoing: dict[str, dict[str, Link]] = {}
    incoming: dict[str, dict[str, Link]] = {}
    links = {(source, target, Link(kind)) for source, target, kind, _, _ in rows("mobilities.csv")}
    for source, target, link in sorted(links, key=lambda each: (*each[:2], _NEAREST_LAST.index(each[2]))):
        outgoing.setdefault(source, {source: Link.SAME})[target] = link
        incoming.setdefault(target, {target: Link.SAME})[source] = link
    return _frozen(outgoing), _frozen(incoming)


def _frozen(links: dict[str, dict[str, Link]]) -> Mapping[str, Mapping[str, Link]]:
    return {code: MappingProxyType(each) for code, each in links.items()}
