"""What the port of the store promises about single documents, on each adapter."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelles.errors import UnavailableError
from passerelles.store.address import open_store
from passerelles.store.port import Body, Collection, Store, Stored, Where, change
from tests.real.service import ROOT

CLIENTS = 16
ROUNDS = 100

WHOLE = st.integers(-(2**63), 2**63 - 1)
SCALARS = st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4))
BODIES = st.dictionaries(st.text() | st.sampled_from(["a.b", "$set", "%24", "%", "", "_id"]), JSON, max_size=5)


@pytest.fixture
def things(store: Store) -> Collection:
    return store.collection("things", indexes=[("kind", "rank")])


@asynccontextmanager
async def several(url: str, count: int) -> AsyncIterator[list[Collection]]:
    """The same collection, as `count` processes would have it."""
    async with AsyncExitStack() as stack:
        stores = [open_store(url) for _ in range(count)]
        for each in stores:
            stack.push_async_callback(each.close)
        await asyncio.gather(*(each.open() for each in stores))
        yield [each.collection("things") for each in stores]


class TestReadAndWrite:
    async def test_a_document_that_does_not_exist(self, things: Collection) -> None:
        assert await things.get("absent") is None
        assert await things.get_many(["absent"]) == {}
        assert not await things.replace("absent", {}, 1)
        assert not await things.delete("absent")

    async def test_an_insertion_is_read_at_revision_1(self, things: Collection) -> None:
        assert await things.insert("a", {"kind": "x"})
        assert await things.get("a") == Stored("a", 1, {"kind": "x"})

    async def test_a_second_insertion_leaves_the_first(self, things: Collection) -> None:
        assert await things.insert("a", {"kind": "first"})
        assert not await things.insert("a", {"kind": "second"})
        assert await things.get("a") == Stored("a", 1, {"kind": "first"})

    async def test_a_replacement_writes_the_whole_and_counts(self, things: Collection) -> None:
        await things.insert("a", {"old": 1})
        assert await things.replace("a", {"new": 2}, 1)
        assert await things.get("a") == Stored("a", 2, {"new": 2})

    async def test_a_replacement_of_another_revision_changes_nothing(self, things: Collection) -> None:
        await things.insert("a", {"old": 1})
        assert not await things.replace("a", {"new": 2}, 2)
        assert await things.get("a") == Stored("a", 1, {"old": 1})

    async def test_a_deletion_on_condition(self, things: Collection) -> None:
        await things.insert("a", {})
        assert not await things.delete("a", 2)
        assert await things.delete("a", 1)
        assert await things.get("a") is None

    async def test_a_deletion_without_condition(self, things: Collection) -> None:
        await things.insert("a", {})
        assert await things.delete("a")
        assert not await things.delete("a")

    async def test_many_at_once(self, things: Collection) -> None:
        for each in "abc":
            await things.insert(each, {"kind": each})
        found = await things.get_many(["c", "a", "absent", "a"])
        assert found == {each: Stored(each, 1, {"kind": each}) for each in "ac"}
        assert await things.get_many([]) == {}

    async def test_the_revisions_of_many(self, things: Collection) -> None:
        for each in "abc":
            await things.insert(each, {"kind": each})
        await things.replace("b", {}, 1)
        assert await things.revisions(["b", "absent", "a", "b"]) == {"a": 1, "b": 2}
        assert await things.revisions([]) == {}

    async def test_many_are_inserted_at_once(self, things: Collection) -> None:
        await things.insert("b", {"kind": "before"})
        assert await things.insert_many({each: {"kind": each} for each in "abc"}) == {"a", "c"}
        found = await things.get_many("abc")
        assert found == {
            "a": Stored("a", 1, {"kind": "a"}),
            "b": Stored("b", 1, {"kind": "before"}),
            "c": Stored("c", 1, {"kind": "c"}),
        }
        assert await things.insert_many({each: {} for each in "abc"}) == set()
        assert await things.insert_many({}) == set()

    async def test_a_reader_owns_its_copy(self, things: Collection) -> None:
        body: Body = {"list": [1]}
        await things.insert("a", body)
        body["list"].append(2)
        (await _body(things, "a"))["list"].append(3)
        assert await _body(things, "a") == {"list": [1]}

    async def test_the_same_name_is_the_same_collection(self, store: Store, things: Collection) -> None:
        await things.insert("a", {"kind": "x"})
        again = store.collection("things", indexes=[("rank",)])
        assert await again.get("a") == await things.get("a")
        assert await store.collection("others").count() == 0

    @given(body=BODIES)
    async def test_a_body_comes_back_as_it_was(self, things: Collection, body: Body) -> None:
        await things.delete("a")
        assert await things.insert("a", body)
        found = await _body(things, "a")
        assert found == body
        assert _kinds(found) == _kinds(body)
        assert await things.replace("a", {"within": [body]}, 1)
        assert await _body(things, "a") == {"within": [body]}

    @pytest.mark.parametrize(
        "value", [nan, inf, 2**63, -(2**63) - 1, object(), b"bytes", {"deep": [2**64]}, "\ud800", {1, 2}]
    )
    async def test_what_is_not_json_is_refused(self, things: Collection, value: Any) -> None:
        await things.insert("b", {"before": True})
        with pytest.raises((TypeError, ValueError)):
            await things.insert("a", {"value": value})
        with pytest.raises((TypeError, ValueError)):
            await things.replace("b", {"value": value}, 1)
        with pytest.raises((TypeError, ValueError)):
            await things.insert_many({"a": {"value": value}})
        assert await things.get("a") is None
        assert await things.get("b") == Stored("b", 1, {"before": True})

    @pytest.mark.parametrize("field", ["", "a..b", "a b", 'a"b', "$where", "a'"])
    async def test_a_field_that_cannot_be_searched_is_refused(self, things: Collection, field: str) -> None:
        with pytest.raises(ValueError, match="field"):
            await things.find(Where(equal={field: 1}))

    @pytest.mark.parametrize("name", ["writes", "kind", "x_writes"])
    async def test_a_collection_may_have_any_sober_name(self, store: Store, name: str) -> None:
        collection = store.collection(name, indexes=[("kind",)])
        assert await collection.insert("a", {"kind": "x"})
        assert await collection.insert_many({"b": {}, "c": {}}) == {"b", "c"}
        assert await collection.count() == 3

    async def test_a_collection_is_named_soberly(self, store: Store) -> None:
        with pytest.raises(ValueError, match="collection"):
            store.collection('x"; DROP TABLE y')


class TestRaces:
    async def test_one_insertion_wins(self, store_url: str) -> None:
        async with several(store_url, 4) as clients:
            for turn in range(ROUNDS):
                won = await asyncio.gather(
                    *(clients[each % 4].insert(f"n{turn}", {"by": each}) for each in range(CLIENTS))
                )
                assert sum(won) == 1
                assert await _body(clients[0], f"n{turn}") == {"by": won.index(True)}

    async def test_one_replacement_wins(self, store_url: str) -> None:
        async with several(store_url, 4) as clients:
            await clients[0].insert("a", {"by": None})
            for turn in range(1, ROUNDS + 1):
                won = await asyncio.gather(
                    *(clients[each % 4].replace("a", {"by": each}, turn) for each in range(CLIENTS))
                )
                assert sum(won) == 1
                assert await clients[0].get("a") == Stored("a", turn + 1, {"by": won.index(True)})

    async def test_a_deletion_and_a_replacement_do_not_both_win(self, store_url: str) -> None:
        async with several(store_url, 2) as (one, other):
            for turn in range(ROUNDS):
                await one.insert(f"n{turn}", {})
                won = await asyncio.gather(one.replace(f"n{turn}", {"new": 1}, 1), other.delete(f"n{turn}", 1))
                assert sum(won) == 1

    async def test_change_loses_no_update(self, store_url: str) -> None:
        def one_more(body: Body | None) -> Body:
            return {"count": (body or {"count": 0})["count"] + 1}

        async def client(collection: Collection) -> None:
            for _ in range(10):
                await change(collection, "a", one_more)

        async with several(store_url, 4) as clients:
            await asyncio.gather(*(client(clients[each % 4]) for each in range(CLIENTS)))
            assert await clients[0].get("a") == Stored("a", 10 * CLIENTS, {"count": 10 * CLIENTS})

    async def test_change_may_leave_things_as_they_are(self, things: Collection) -> None:
        assert await change(things, "a", lambda _: None) is None
        assert await things.get("a") is None

    async def test_processes_share_a_store(self, store_url: str, things: Collection) -> None:
        script = """
import asyncio, sys
from passerelles.store.address import open_store
from passerelles.store.port import change

async def main():
    store = open_store(sys.argv[1])
    things = store.collection("things", indexes=[("kind", "rank")])
    await store.open()
    for _ in range(50):
        await change(things, "a", lambda body: {"count": body["count"] + 1})
    await store.close()

asyncio.run(main())
"""
        await things.insert("a", {"count": 0})
        writers = [
            await asyncio.create_subprocess_exec(sys.executable, "-c", script, store_url, cwd=ROOT) for _ in range(3)
        ]
        assert [await writer.wait() for writer in writers] == [0, 0, 0]
        assert await things.get("a") == Stored("a", 151, {"count": 150})


class TestLife:
    async def test_documents_outlive_the_store(self, store_url: str) -> None:
        for turn in range(3):
            store = open_store(store_url)
            things = store.collection("things", indexes=[("kind",)])
            await store.open()
            await store.ping()
            assert await things.count(Where(equal={"kind": "x"})) == turn
            await things.insert(f"n{turn}", {"kind": "x"})
            await store.close()

    async def test_a_store_opens_again(self, store: Store, things: Collection) -> None:
        await things.insert("a", {})
        await store.open()  # a second time changes nothing
        await store.close()
        await store.close()
        await store.open()
        assert await things.get("a") == Stored("a", 1, {})

    async def test_a_store_that_is_not_open_is_unavailable(self, store: Store, things: Collection) -> None:
        await store.close()
        for asked in (store.ping(), things.get("a"), things.insert("a", {}), things.find(), things.count()):
            with closing(asked), pytest.raises(UnavailableError):
                await asked

    async def test_indexes_come_with_time(self, store_url: str) -> None:
        for indexes in ([("kind",)], [("kind",), ("rank", "kind")], []):
            store = open_store(store_url)
            await store.open()
            things = store.collection("things", indexes=indexes)
            await things.insert("a", {"kind": "x"})
            store.collection("things", indexes=[("deep.er",)])
            assert len(await things.find(Where(equal={"kind": "x"}))) == 1
            await store.close()


async def _body(collection: Collection, id_: str) -> Body:
    stored = await collection.get(id_)
    assert stored is not None
    return stored.body


def _kinds(value: Any) -> Any:
    """The exact types within, because True == 1 == 1.0."""
    if isinstance(value, dict):
        return [(key, _kinds(each)) for key, each in value.items()]
    if isinstance(value, list):
        return [_kinds(each) for each in value]
    return type(value)
