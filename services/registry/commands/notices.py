"""What notifications said of proposals and contacts, as a list: latest first, and to a company only its own."""

from __future__ import annotations

from typing import Final, TypeVar

from passerelles.store.port import Collection, Order, Where
from schemas.vocabulary import Payload
from services.registry.domain.caller import Caller
from services.registry.pages import Page, paged

Notice = TypeVar("Notice", bound=Payload)

_LATEST_FIRST: Final = Order("at", descending=True)


async def latest(
    collection: Collection,
    notice: type[Notice],
    caller: Caller,
    *,
    limit: int,
    cursor: str | None,
    **asked: object,
) -> Page[Notice]:
    """The notices of a collection with these values in their fields; a value that is none is not asked for."""
    wanted = asked | {"company_id": caller.company_id}
    return await paged(
        collection,
        [Where(equal={name: str(value) for name, value in wanted.items() if value is not None})],
        lambda stored: notice.model_validate(stored.body, strict=False),
        order=_LATEST_FIRST,
        limit=limit,
        cursor=cursor,
    )
