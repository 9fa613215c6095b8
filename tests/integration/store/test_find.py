"""Finding, counting, ordering and paging, on each adapter, against a naive reading of the port."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passerelles.store.port import Body, Collection, Order, Store, Stored, Where

# Codes and names: no character outside the basic plane, which Java (the stand-in) orders as UTF-16 does.
TEXTS = st.text(st.characters(codec="utf-8", min_codepoint=32, max_codepoint=0xFFFF), max_size=2)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "rank": st.integers(-2, 2),
    "kind": st.sampled_from(["", "a", "B", "é"]) | TEXTS,
    "open": st.booleans(),
    "deep.score": st.floats(-1, 1) | st.integers(-1, 1),
}
ABSENT = object()


@st.composite
def bodies(draw: st.DrawFn) -> Body:
    body: Body = {}
    for name in ("rank", "kind", "open"):
        value = draw(st.just(ABSENT) | st.none() | FIELDS[name])
        if value is not ABSENT:
            body[name] = value
    deep = draw(st.sampled_from(["absent", "null", "empty", "full"]))
    if deep != "absent":
        body["deep"] = {"null": None, "empty": {}, "full": {"score": draw(FIELDS["deep.score"])}}[deep]
    return body


@st.composite
def wheres(draw: st.DrawFn) -> Where:
    equal = {name: draw(st.none() | FIELDS[name]) for name in draw(st.sets(st.sampled_from(list(FIELDS)), max_size=2))}
    among = {
        name: draw(st.lists(FIELDS[name], max_size=3))
        for name in draw(st.sets(st.sampled_from(["rank", "kind"]), max_size=1))
    }
    bounded = st.sets(st.sampled_from(["rank", "kind", "deep.score"]), max_size=1)
    return Where(
        equal=equal,
        among=among,
        at_most={name: draw(FIELDS[name]) for name in draw(bounded)},
        above={name: draw(FIELDS[name]) for name in draw(bounded)},
    )


@st.composite
def orders(draw: st.DrawFn) -> Order:
    return Order(draw(st.sampled_from(list(FIELDS))), descending=draw(st.booleans()))


DOCUMENTS = st.dictionaries(st.text("abcdé", min_size=1, max_size=2), bodies(), max_size=12)


def read(body: Body, field: str) -> Any:
    value: Any = body
    for step in field.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def matches(body: Body, where: Where) -> bool:
    return (
        all(read(body, field) == value for field, value in where.equal.items())
        and all(read(body, field) in accepted for field, accepted in where.among.items())
        and all((found := read(body, field)) is not None and found <= at for field, at in where.at_most.items())
        and all((found := read(body, field)) is not None and found > at for field, at in where.above.items())
    )


def place(value: Any, id_: str) -> tuple[Any, ...]:
    return (value is not None, value if value is not None else 0, id_)


def expected(documents: dict[str, Body], where: Where, order: Order | None) -> list[str]:
    ids = sorted(id_ for id_, body in documents.items() if matches(body, where))
    if order is not None:
        ids.sort(key=lambda id_: place(read(documents[id_], order.by), id_), reverse=order.descending)
    return ids


async def filled(store: Store, documents: dict[str, Body]) -> Collection:
    """A collection of these documents, emptied of those of the example before."""
    collection = store.collection("things", indexes=[("kind",), ("rank", "deep.score"), ("open", "rank")])
    for stored in await collection.find():
        await collection.delete(stored.id)
    for id_, body in documents.items():
        assert await collection.insert(id_, body)
    return collection


def ids(found: Sequence[Stored]) -> list[str]:
    return [stored.id for stored in found]


@settings(max_examples=60)
@given(documents=DOCUMENTS, where=wheres(), order=st.none() | orders(), size=st.integers(1, 4))
async def test_find_reads_as_the_port_says(
    store: Store, documents: dict[str, Body], where: Where, order: Order | None, size: int
) -> None:
    collection = await filled(store, documents)
    wanted = expected(documents, where, order)

    assert ids(await collection.find(where, order=order)) == wanted
    assert ids(await collection.find(where, order=order, limit=size)) == wanted[:size]
    assert await collection.count(where) == len(wanted)

    paged: list[str] = []
    after = None
    while page := await collection.find(where, order=order, after=after, limit=size):
        assert all(stored.body == documents[stored.id] for stored in page)
        paged += ids(page)
        after = (read(page[-1].body, order.by) if order else None, page[-1].id)
    assert paged == wanted


@settings(max_examples=60)
@given(documents=DOCUMENTS, order=orders(), data=st.data())
async def test_a_page_starts_after_a_document_that_is_gone(
    store: Store, documents: dict[str, Body], order: Order, data: st.DataObject
) -> None:
    collection = await filled(store, documents)
    value = data.draw(st.none() | FIELDS[order.by])
    id_ = data.draw(st.text("abcdé", min_size=1, max_size=2))
    wanted = [
        each
        for each in expected(documents, Where(), order)
        if (place(read(documents[each], order.by), each) < place(value, id_)) == order.descending
        and (read(documents[each], order.by), each) != (value, id_)
    ]
    assert ids(await collection.find(order=order, after=(value, id_))) == wanted


class TestEachCondition:
    @pytest.fixture
    async def needs(self, store: Store) -> Collection:
        return await filled(
            store,
            {
                "a": {"kind": "loan", "rank": 1, "deep": {"score": 0.5}},
                "b": {"kind": "hire", "rank": 2, "deep": {"score": None}},
                "c": {"kind": None, "rank": None},
                "d": {},
            },
        )

    @pytest.mark.parametrize(
        ("where", "wanted"),
        [
            (Where(), "abcd"),
            (Where(equal={"kind": "loan"}), "a"),
            (Where(equal={"kind": None}), "cd"),
            (Where(equal={"deep.score": None}), "bcd"),
            (Where(equal={"deep.score": 0.5}), "a"),
            (Where(among={"kind": ["loan", "hire", "absent"]}), "ab"),
            (Where(among={"rank": [2]}), "b"),
            (Where(among={"kind": []}), ""),
            (Where(at_most={"rank": 1}), "a"),
            (Where(at_most={"rank": 2}), "ab"),
            (Where(above={"rank": 1}), "b"),
            (Where(above={"kind": "hire"}), "a"),
            (Where(equal={"kind": "loan"}, above={"rank": 1}), ""),
            (Where(equal={"kind": "hire"}, at_most={"rank": 2}, above={"rank": 1}), "b"),
        ],
    )
    async def test_takes_and_leaves(self, needs: Collection, where: Where, wanted: str) -> None:
        assert ids(await needs.find(where)) == list(wanted)
        assert await needs.count(where) == len(wanted)

    async def test_null_comes_first_and_goes_last(self, needs: Collection) -> None:
        assert ids(await needs.find(order=Order("rank"))) == ["c", "d", "a", "b"]
        assert ids(await needs.find(order=Order("rank", descending=True))) == ["b", "a", "d", "c"]

    async def test_no_room_takes_nothing(self, needs: Collection) -> None:
        assert await needs.find(limit=0) == []
