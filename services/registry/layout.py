"""Which territories hear an event, by the table in force as it is published.

A document says where it belongs by the table as it is shipped, and may owe its events since an epoch that was cut
otherwise. What leaves names the territories of its own epoch, so no outbox has to be empty when an epoch begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from schemas.decisions import DecisionRecorded
from schemas.envelope import Event
from schemas.facts import AvailabilityRecorded, CompanyRecorded, NeedRecorded, Posting
from schemas.territories import TerritoryTable, departement_of
from schemas.vocabulary import Payload


def laid_out(events: Iterable[Event[Payload]], table: TerritoryTable) -> list[Event[Payload]]:
    """The same events in the same order, each to the territories that have to hear it under this table, once each.

    Raises:
        UnknownTerritoryError: a département is not served.
    """
    laid: dict[tuple[UUID, str | None], Event[Payload]] = {}
    for event in events:
        for each in _laid_out(event, table):
            laid.setdefault((each.id, each.territory), each)
    return list(laid.values())


def heir(territory: str, table: TerritoryTable, need_id: UUID) -> str:
    """The territory in which a need lives, or would, that once lived in this one."""
    return table.of_need(departement_of(territory), need_id)


def _laid_out(event: Event[Payload], table: TerritoryTable) -> Iterator[Event[Payload]]:
    data, said_to = event.data, event.territory
    if said_to is None:
        yield event
    elif isinstance(data, AvailabilityRecorded):
        names = [name for each in _departements(data) for name in table.of_departement(each)]
        stated = _stated(data, names)
        for name in table.of_departement(departement_of(said_to)):
            yield _to(name, event, stated)
    elif isinstance(data, NeedRecorded):
        stated = _stated(data, [table.of_need(each, data.id) for each in _departements(data)])
        yield _to(heir(said_to, table, data.id), event, stated)
    elif isinstance(data, DecisionRecorded):
        name = heir(said_to, table, data.need_id)
        yield _to(name, event, data if name == data.territory else data.model_copy(update={"territory": name}))
    elif isinstance(data, CompanyRecorded):
        yield _to(heir(said_to, table, data.id), event, data)
    else:
        yield event


def _departements(posting: Posting) -> Iterable[str]:
    return dict.fromkeys(map(departement_of, posting.territories))


def _stated(posting: Posting, territories: Sequence[str]) -> Posting:
    names = tuple(territories)
    return posting if names == posting.territories else posting.model_copy(update={"territories": names})


def _to(territory: str, event: Event[Payload], data: Payload) -> Event[Payload]:
    if territory == event.territory and data is event.data:
        return event
    key = event.key.partition(":")[2]
    return replace(event, key=f"{territory}:{key}", territory=territory, data=data)
