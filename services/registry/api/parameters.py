"""What endpoints take beside bodies: the registry itself, filters, and pages of lists.

Each is a coroutine though it waits for nothing: FastAPI hands a plain function to a thread, which costs more than it.
"""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Query, Request

from passerelles.errors import InvalidInputError
from services.registry.api.desk import Registry
from services.registry.api.feed import Feed

PAGE_LIMIT = 200


async def _desk(request: Request) -> Registry:
    return cast("Registry", request.app.state.registry)


Desk = Annotated[Registry, Depends(_desk)]
"""The registry that this app speaks for."""


async def _stream(request: Request) -> Feed:
    return cast("Feed", request.app.state.stream)


Stream = Annotated[Feed, Depends(_stream)]
"""What event streams are fed from."""

Limit = Annotated[int, Query(ge=1, le=PAGE_LIMIT, description="Nombre d'éléments par page.")]
Cursor = Annotated[
    str | None, Query(max_length=300, description="Le `next_cursor` de la page précédente, avec les mêmes filtres.")
]
Text = Annotated[str | None, Query(min_length=1, max_length=100)]
Departement = Annotated[str | None, Query(pattern=r"^(?:\d{2}|2[AB])$", examples=["46"])]
Occupation = Annotated[str | None, Query(pattern=r"^[A-N]\d{4}$", description="Code ROME v3.", examples=["H2903"])]
Search = Annotated[str, Query(min_length=1, max_length=100, description="Ce que la personne tape.")]
SearchLimit = Annotated[int, Query(ge=1, le=50)]


async def only_known_parameters(request: Request) -> None:
    """Refuse a parameter that the call does not have: a filter with a slip in its name would filter nothing.

    Raises:
        InvalidInputError: names it, and those that exist.
    """
    route = request.scope["route"]
    known = [parameter.alias for parameter in route.dependant.query_params]
    for name in request.query_params:
        if name not in known:
            raise InvalidInputError(
                f"Le paramètre « {name[:100]} » n'existe pas ; attendu : {', '.join(known) or 'aucun'}.",
                field=name[:100],
            )
    for name in known:
        if len(request.query_params.getlist(name)) > 1:
            raise InvalidInputError(f"Le paramètre {name} est donné deux fois.", field=name)
