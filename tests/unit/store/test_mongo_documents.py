"""Bodies in MongoDB's terms: every key whole, no operator, no path."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from passerelles.store.mongo_documents import condition, decode, document, encode, sorting
from passerelles.store.port import Order, Where
from schemas.decisions import Standing

KEYS = st.text() | st.text("%$.\x0025E4", max_size=6)


def keys_within(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for each in value.values() for key in keys_within(each))]
    return []


@given(st.recursive(st.integers(-5, 5), lambda inner: st.dictionaries(KEYS, inner, max_size=4)))
def test_keys_come_back_and_mean_nothing_to_mongodb(value: Any) -> None:
    encoded = encode(value)
    assert decode(encoded) == value
    for key in keys_within(encoded):
        assert key
        assert "." not in key
        assert "\0" not in key
        assert not key.startswith("$")


@given(st.text("%$.\x0025E4", max_size=4), st.text("%$.\x0025E4", max_size=4))
def test_two_keys_stay_two(one: str, other: str) -> None:
    assert (encode({one: 0}) == encode({other: 0})) == (one == other)


def test_enumerations_are_written_as_their_text() -> None:
    assert type(encode({"standing": Standing.OPEN})["standing"]) is str


def test_the_body_lies_apart_from_what_is_mongodbs() -> None:
    assert document("a", 3, {"_id": "x"}) == {"_id": "a", "revision": 3, "body": {"_id": "x"}}


def test_conditions_are_all_to_hold() -> None:
    where = Where(equal={"kind": None}, among={"rank": [1]}, at_most={"rank": 2}, above={"rank": 0})
    assert condition(where) == {
        "$and": [
            {"body.kind": None},
            {"body.rank": {"$in": [1]}},
            {"body.rank": {"$lte": 2}},
            {"body.rank": {"$gt": 0}},
        ]
    }
    assert condition(Where(equal={"a.b": 1})) == {"body.a.b": 1}
    assert condition(Where()) == {}


def test_orders_end_with_the_identifier() -> None:
    assert sorting(None) == [("_id", 1)]
    assert sorting(Order("rank", descending=True)) == [("body.rank", -1), ("_id", -1)]
