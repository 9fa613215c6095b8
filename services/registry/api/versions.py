"""Versions over HTTP: `If-Match` on a change, `ETag` on an answer (RFC 9110, section 13)."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import Depends, Header, Response

from passerelles.errors import InvalidInputError
from services.registry.api.errors import VersionRequiredError

_ENTITY_TAG: Final = re.compile(r'(?:W/)?"(\d{1,9})"|(\d{1,9})', re.ASCII)


def parse_if_match(text: str) -> int:
    """The version of `"3"`, `3` or `W/"3"`.

    Raises:
        InvalidInputError: anything else.
    """
    found = _ENTITY_TAG.fullmatch(text.strip())
    if found is None:
        raise InvalidInputError('If-Match : un numéro de version est attendu, par exemple "3".', field="If-Match")
    return int(found[1] or found[2])


async def _required(
    if_match: Annotated[str | None, Header(description="La version lue, donnée par `ETag`.", examples=['"3"'])] = None,
) -> int:
    if if_match is None:
        raise VersionRequiredError(
            "Une modification se fait sur une version lue : l'en-tête If-Match manque.",
            remedy="Lire d'abord, puis renvoyer la valeur de ETag dans If-Match.",
            field="If-Match",
        )
    return parse_if_match(if_match)


async def _optional(
    if_match: Annotated[str | None, Header(description="La version lue, donnée par `ETag`.", examples=['"3"'])] = None,
) -> int | None:
    return None if if_match is None else parse_if_match(if_match)


IfMatch = Annotated[int, Depends(_required)]
"""The version that a change is made on; its absence is answered 428."""

MaybeIfMatch = Annotated[int | None, Depends(_optional)]
"""The same where a call may be made without."""


def tag(response: Response, version: int) -> None:
    """Put a version on an answer."""
    response.headers["ETag"] = f'"{version}"'
