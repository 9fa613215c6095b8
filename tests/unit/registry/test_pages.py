"""A list that is filtered by what the store cannot look at reads many at a time, and never all in one request."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from services.registry.domain.caller import OPERATOR
from services.registry.domain.company import Company
from services.registry.pages import SCANNED
from tests.unit.registry.world import World, company_draft


class Reads:
    """Counts the queries of a collection."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        find = world.office.companies.find

        async def counted(*args: Any, **named: Any) -> Any:
            self.count += 1
            return await find(*args, **named)

        monkeypatch.setattr(world.office.companies, "find", counted)


async def filled(world: World, count: int) -> None:
    company = await world.companies.add(OPERATOR, company_draft(), id_=uuid4())
    stored = await world.office.companies.get(str(company.id))
    assert stored is not None
    for number in range(1, count):
        id_ = str(uuid4())
        await world.office.companies.insert(id_, {**stored.body, "id": id_, "name": f"Atelier {number:05d}"})


async def all_pages(world: World, **filters: Any) -> tuple[list[Company], int]:
    seen: list[Company] = []
    pages, cursor = 0, None
    while True:
        page = await world.companies.list(OPERATOR, cursor=cursor, **filters)
        seen += page.items
        pages += 1
        cursor = page.next_cursor
        if cursor is None:
            return seen, pages


async def test_a_search_reads_many_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(world, 450)
    reads = Reads(world, monkeypatch)
    seen, pages = await all_pages(world, text="Atelier 00007", limit=2)
    assert [each.name for each in seen] == ["Atelier 00007"]
    assert (pages, reads.count) == (1, 3)


@pytest.mark.parametrize("limit", [1, 50, 199, 200])
async def test_every_match_comes_once_whatever_the_page(world: World, limit: int) -> None:
    await filled(world, 450)
    seen, _ = await all_pages(world, text="atelier 001", limit=limit)
    assert sorted(each.name for each in seen) == [f"Atelier {number:05d}" for number in range(100, 200)]


async def test_a_request_looks_at_so_many_and_gives_a_cursor_to_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.registry.pages.SCANNED", 300)
    assert SCANNED >= 300
    await filled(world, 450)
    first = await world.companies.list(OPERATOR, text="introuvable")
    assert (first.items, first.next_cursor is None) == ([], False)
    seen, pages = await all_pages(world, text="introuvable")
    assert (seen, pages) == ([], 2)
