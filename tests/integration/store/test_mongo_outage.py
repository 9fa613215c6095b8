"""A MongoDB that goes away and comes back, and addresses that lead nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from passerelles.errors import SettingsError, UnavailableError
from passerelles.store.mongo import MongoStore
from passerelles.store.port import Stored
from tests.real.service import RealService, free_port

HURRIED = "?serverSelectionTimeoutMS=200"
SECRET = "s3cr3t"


@pytest.fixture
async def opened(mongo_url: str) -> AsyncIterator[MongoStore]:
    store = MongoStore(mongo_url + HURRIED)
    await store.open()
    yield store
    await store.close()


async def test_a_server_that_dies_is_told_and_forgotten_once_back(
    opened: MongoStore, restartable_mongo: RealService
) -> None:
    things = opened.collection("things", indexes=[("kind",)])
    assert await things.insert("a", {"kind": "x"})

    restartable_mongo.kill()
    for asked in (opened.ping, things.find, things.count, lambda: things.get("a"), lambda: things.replace("a", {}, 1)):
        with pytest.raises(UnavailableError, match="MongoDB ne répond pas"):
            await asked()

    restartable_mongo.start()
    await opened.ping()
    assert await things.get("a") == Stored("a", 1, {"kind": "x"})
    assert await things.replace("a", {"kind": "y"}, 1)


async def test_what_was_acknowledged_before_the_death_is_there_after(
    opened: MongoStore, restartable_mongo: RealService
) -> None:
    things = opened.collection("things")
    acknowledged: list[str] = []
    enough = asyncio.Event()

    async def write(writer: int) -> None:
        for number in range(100_000):
            id_ = f"{writer}-{number}"
            assert await things.insert(id_, {})
            acknowledged.append(id_)
            if len(acknowledged) == 200:
                enough.set()

    writing = asyncio.gather(*(write(writer) for writer in range(4)), return_exceptions=True)
    await enough.wait()
    await asyncio.to_thread(restartable_mongo.kill)
    assert {type(outcome) for outcome in await writing} == {UnavailableError}
    restartable_mongo.start()
    assert set(acknowledged) == set(await things.get_many(acknowledged))


async def test_a_collection_declared_while_it_was_away_is_made_later(
    opened: MongoStore, restartable_mongo: RealService
) -> None:
    restartable_mongo.kill()
    things = opened.collection("things", indexes=[("kind",)])
    with pytest.raises(UnavailableError):
        await things.insert("a", {})
    restartable_mongo.start()
    assert await things.insert("a", {})


async def test_an_opening_that_fails_may_be_tried_again(mongo_url: str, restartable_mongo: RealService) -> None:
    restartable_mongo.kill()
    store = MongoStore(mongo_url + HURRIED)
    with pytest.raises(UnavailableError):
        await store.open()
    restartable_mongo.start()
    await store.open()
    await store.ping()
    await store.close()


async def test_nothing_listens_there() -> None:
    address = f"mongodb://user:{SECRET}@127.0.0.1:{free_port()}/x{HURRIED}"
    store = MongoStore(address)
    with pytest.raises(UnavailableError) as raised:
        await store.open()
    assert SECRET not in f"{raised.value.detail} {raised.value.remedy} {raised.value.figures}"
    assert "127.0.0.1" not in raised.value.detail
    await store.close()


@pytest.mark.parametrize("address", ["mongodb://", f"mongodb://u:{SECRET}@h:port/x", f"mongodb://u@{SECRET}@h/x"])
async def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(SettingsError) as raised:
        await MongoStore(address).open()
    assert SECRET not in f"{raised.value.detail} {raised.value.remedy} {raised.value.__cause__}"


async def test_the_database_has_a_default_name() -> None:
    store = MongoStore("mongodb://127.0.0.1:1")
    with pytest.raises(UnavailableError):
        store.documents("things")
    store._client = store._connect()
    assert store.documents("things").database.name == "passerelles"
    await store.close()
